// SPDX-License-Identifier: Apache-2.0
#include "bench/rpc_server.h"

#include <grpcpp/grpcpp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "bench/echo.grpc.pb.h"
#include "bench/handwritten_auth.h"
#include "lanyard/interceptors/server_auth.h"

namespace lanyard::bench {
namespace {

template <typename T>
bool Send(int socket, const T& value) {
  return send(socket, &value, sizeof(value), MSG_NOSIGNAL) == sizeof(value);
}
template <typename T>
bool Receive(int socket, T* value) {
  return recv(socket, value, sizeof(*value), MSG_WAITALL) == sizeof(*value);
}

class EchoService final : public Echo::CallbackService {
 public:
  // Where Lanyard guards the server, handlers look who calls, as real ones do.
  explicit EchoService(bool sees_callers) : sees_callers_(sees_callers) {}

  grpc::ServerUnaryReactor* Unary(grpc::CallbackServerContext* context, const Message* request,
                                  Message* reply) override {
    *reply = *request;
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(Begin(*context));
    return reactor;
  }

  grpc::ServerBidiReactor<Message, Message>* Chat(grpc::CallbackServerContext* context) override {
    return new ChatReactor(Begin(*context));
  }

  int64_t handlers() const { return handlers_; }

 private:
  class ChatReactor final : public grpc::ServerBidiReactor<Message, Message> {
   public:
    explicit ChatReactor(const grpc::Status& status) {
      if (status.ok()) {
        StartRead(&message_);
      } else {
        Finish(status);
      }
    }
    void OnReadDone(bool ok) override {
      if (ok) {
        StartWrite(&message_);
      } else {
        Finish(grpc::Status::OK);
      }
    }
    void OnWriteDone(bool ok) override {
      if (ok) StartRead(&message_);
    }
    void OnDone() override { delete this; }

   private:
    Message message_;
  };

  grpc::Status Begin(const grpc::CallbackServerContext& context) {
    ++handlers_;
    if (sees_callers_ && CallerOf(context).subject() != kSubject) {
      return grpc::Status(grpc::StatusCode::INTERNAL, "the handler sees another caller");
    }
    return grpc::Status::OK;
  }

  const bool sees_callers_;
  std::atomic<int64_t> handlers_{0};
};

std::shared_ptr<grpc::ServerCredentials> PlainTls(const testing::TestCertificates& files) {
  grpc::SslServerCredentialsOptions tls;
  tls.pem_key_cert_pairs.push_back({files.Read("server.key"), files.Read("server.crt")});
  return grpc::SslServerCredentials(tls);
}

// The whole life of a server process.
int Serve(const Setting& setting, Mode mode, int socket) {
  constexpr char kAddress[] = "127.0.0.1:0";
  EchoService service(mode == Mode::kLanyard);
  std::unique_ptr<ServerAuth> auth;
  grpc::ServerBuilder builder;
  int port = 0;
  if (mode == Mode::kLanyard) {
    ServerAuthOptions options;
    setting.files.Write("bench.jwks", setting.issuer.PublicJwks());
    options.config_text = setting.issuer.ConfigText(setting.files.Path("bench.jwks"));
    options.tls = setting.files.Server();
    auto made = ServerAuth::Create(options);
    if (!made.ok()) {
      std::fprintf(stderr, "rpc: %s\n", made.status().ToString().c_str());
      return 1;
    }
    auth = *std::move(made);
    auth->AddListeningPort(builder, kAddress, &port);
  } else {
    const auto credentials = PlainTls(setting.files);
    if (mode == Mode::kHandwritten) {
      credentials->SetAuthMetadataProcessor(
          HandwrittenProcessor(setting.issuer.key(), setting.issuer.issuer()));
    } else if (mode == Mode::kCarried) {
      credentials->SetAuthMetadataProcessor(ComparingProcessor(setting.token));
    }
    builder.AddListeningPort(kAddress, credentials, &port);
  }
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  if (server == nullptr || !Send(socket, int32_t{port})) return 1;
  for (char question; Receive(socket, &question);) {
    if (!Send(socket, ServerProcess::Usage{CpuMicroseconds(), service.handlers()})) break;
  }
  server->Shutdown();
  return 0;
}

}  // namespace

double CpuMicroseconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto microseconds = [](const timeval& time) { return time.tv_sec * 1e6 + time.tv_usec; };
  return microseconds(usage.ru_utime) + microseconds(usage.ru_stime);
}

ServerProcess::ServerProcess(const Setting& setting, Mode mode) {
  const pid_t parent = getpid();
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0) std::abort();
  process_ = fork();
  if (process_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    prctl(PR_SET_NAME, NameOf(mode));
    close(sockets[0]);
    // The destructors of what was copied are the parent's to run.
    _exit(Serve(setting, mode, sockets[1]));
  }
  socket_ = sockets[0];
  close(sockets[1]);
  if (!Receive(socket_, &port_)) {
    std::fprintf(stderr, "rpc: the server \"%s\" does not start\n", NameOf(mode));
    std::exit(1);
  }
}

ServerProcess::~ServerProcess() {
  // Not close(): later servers have copies of it.
  shutdown(socket_, SHUT_RDWR);
  close(socket_);
  waitpid(process_, nullptr, 0);
}

ServerProcess::Usage ServerProcess::Ask() const {
  Usage usage;
  if (!Send(socket_, '?') || !Receive(socket_, &usage)) {
    std::fprintf(stderr, "rpc: a server has ended\n");
    std::exit(1);
  }
  return usage;
}

}  // namespace lanyard::bench
