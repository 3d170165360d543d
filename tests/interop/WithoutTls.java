// SPDX-License-Identifier: Apache-2.0
// Whether the client's token stays away from a server without TLS: java WithoutTls TOKEN_FILE

import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import shop.OrdersGrpc;
import shop.OrdersOuterClass.GetOrderRequest;
import shop.OrdersOuterClass.Order;

public final class WithoutTls {
  public static void main(String[] args) throws Exception {
    AtomicBoolean reached = new AtomicBoolean();
    Server server = Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
        .addService(new OrdersGrpc.OrdersImplBase() {
          @Override
          public void getOrder(GetOrderRequest request, StreamObserver<Order> answer) {
            reached.set(true);
            answer.onNext(Order.getDefaultInstance());
            answer.onCompleted();
          }
        })
        .build()
        .start();
    ManagedChannel channel = Grpc.newChannelBuilder(
        "localhost:" + server.getPort(), InsecureChannelCredentials.create()).build();
    String refusal = "nothing";
    try {
      GetOrder.connect(channel, Path.of(args[0])).getOrder(GetOrderRequest.getDefaultInstance());
    } catch (StatusRuntimeException error) {
      refusal = error.getStatus().getDescription();
    }
    channel.shutdownNow();
    server.shutdownNow();
    if (reached.get() || !"a token needs TLS".equals(refusal)) {
      System.err.println("reached: " + reached + ", refused with " + refusal);
      System.exit(1);
    }
  }
}
