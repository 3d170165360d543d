// SPDX-License-Identifier: Apache-2.0
// Calls the Orders service: java GetOrder TARGET CA_FILE TOKEN_FILE

import io.grpc.CallCredentials;
import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.SecurityLevel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import shop.OrdersGrpc;
import shop.OrdersOuterClass.GetOrderRequest;
import shop.OrdersOuterClass.Order;

public final class GetOrder {
  // [client]
  /** The token in a file that somebody else keeps fresh; read for each call. */
  static final class FileToken extends CallCredentials {
    private static final Metadata.Key<String> AUTHORIZATION =
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    private final Path path;

    FileToken(Path path) {
      this.path = path;
    }

    @Override
    public void applyRequestMetadata(RequestInfo call, Executor executor, MetadataApplier applier) {
      // gRPC for Java would send credentials without TLS as well.
      if (call.getSecurityLevel() != SecurityLevel.PRIVACY_AND_INTEGRITY) {
        applier.fail(Status.UNAUTHENTICATED.withDescription("a token needs TLS"));
        return;
      }
      executor.execute(() -> {
        try {
          Metadata headers = new Metadata();
          headers.put(AUTHORIZATION, "Bearer " + Files.readString(path).trim());
          applier.apply(headers);
        } catch (IOException error) {
          applier.fail(Status.UNAUTHENTICATED.withDescription("no token").withCause(error));
        }
      });
    }

    @Override
    public void thisUsesUnstableApi() {}
  }

  static OrdersGrpc.OrdersBlockingStub connect(ManagedChannel channel, Path tokenFile) {
    return OrdersGrpc.newBlockingStub(channel).withCallCredentials(new FileToken(tokenFile));
  }

  static ManagedChannel channel(String target, File caFile) throws IOException {
    return Grpc.newChannelBuilder(
        target, TlsChannelCredentials.newBuilder().trustManager(caFile).build()).build();
  }
  // [end]

  public static void main(String[] args) throws Exception {
    ManagedChannel channel = channel(args[0], new File(args[1]));
    try {
      Order order = connect(channel, Path.of(args[2]))
          .withDeadlineAfter(30, TimeUnit.SECONDS)
          .getOrder(GetOrderRequest.newBuilder().setId("7").build());
      System.out.println("OK, asked by " + order.getAskedBy());
    } catch (StatusRuntimeException error) {
      System.err.println(error.getStatus().getCode() + " " + error.getStatus().getDescription());
      System.exit(1);
    } finally {
      channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
    }
  }
}
