// SPDX-License-Identifier: Apache-2.0
#include "bench/rpc_client.h"

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/echo.grpc.pb.h"
#include "bench/handwritten_auth.h"
#include "lanyard/interceptors/client_auth.h"

namespace lanyard::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMessagesUnderWay = 16;

// Mints tokens, as an issuer would; ClientAuth caches them.
class Mint final : public TokenSource {
 public:
  explicit Mint(testing::TestIssuer issuer) : issuer_(std::move(issuer)) {}
  void Fetch(const TokenRequest&, TokenCallback done) override {
    done(BearerToken(TokenFor(issuer_).Sign(), absl::Now() + absl::Hours(2)));
  }

 private:
  const testing::TestIssuer issuer_;
};

std::string Target(int port) { return absl::StrCat("127.0.0.1:", port); }

std::shared_ptr<grpc::ChannelCredentials> PlainTls(const testing::TestCertificates& files) {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = files.Read("ca.pem");
  return grpc::SslCredentials(tls);
}

std::shared_ptr<grpc::Channel> Connect(const Setting& setting, Mode mode, int port) {
  if (mode == Mode::kLanyard) {
    ClientAuthOptions options;
    options.audience = kAudience;
    options.token_source = std::make_shared<Mint>(setting.issuer);
    options.tls = setting.files.Client();
    auto channel = CreateChannel(Target(port), options);
    if (channel.ok()) return *std::move(channel);
    std::fprintf(stderr, "rpc: %s\n", channel.status().ToString().c_str());
    std::exit(1);
  }
  auto credentials = PlainTls(setting.files);
  if (mode != Mode::kNone) {
    credentials =
        grpc::CompositeChannelCredentials(credentials, HandwrittenCredentials(setting.token));
  }
  return grpc::CreateChannel(Target(port), credentials);
}

Message NewMessage() {
  Message message;
  message.set_text("an order of 3 items, number 42");
  return message;
}

std::string ErrorOf(const grpc::Status& status) {
  return absl::StrCat("code ", status.error_code(), ": ", status.error_message());
}

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Keeps some calls going until the time is over.
class Flight {
 public:
  Flight(Echo::Stub& stub, Clock::time_point end) : stub_(stub), end_(end) {}

  void Run(int in_flight, Load* load) {
    const Clock::time_point start = Clock::now();
    std::vector<Call> calls(in_flight);
    left_ = in_flight;
    for (Call& call : calls) Start(call);
    std::unique_lock<std::mutex> lock(mutex_);
    all_done_.wait(lock, [this] { return left_ == 0; });
    load->seconds = SecondsSince(start);
    load->error = error_;
    for (const Call& call : calls) load->calls += call.times;
    load->operations = load->calls;
  }

 private:
  struct Call {
    std::optional<grpc::ClientContext> context;
    Message request = NewMessage();
    Message reply;
    int64_t times = 0;
  };

  void Start(Call& call) {
    call.context.emplace();
    stub_.async()->Unary(&*call.context, &call.request, &call.reply,
                         [this, &call](const grpc::Status& status) { Done(call, status); });
  }

  void Done(Call& call, const grpc::Status& status) {
    if (status.ok()) {
      ++call.times;
      if (Clock::now() < end_) return Start(call);
    }
    std::lock_guard<std::mutex> lock(mutex_);
    if (!status.ok()) error_ = ErrorOf(status);
    if (--left_ == 0) all_done_.notify_one();
  }

  Echo::Stub& stub_;
  const Clock::time_point end_;
  std::mutex mutex_;
  std::condition_variable all_done_;
  int left_ = 0;       // Guarded by mutex_.
  std::string error_;  // Guarded by mutex_.
};

}  // namespace

EchoClient::EchoClient(const Setting& setting, Mode mode, int port)
    : channel_(Connect(setting, mode, port)) {}

Load EchoClient::UnaryCalls(std::chrono::nanoseconds time) const {
  Load load;
  const auto stub = Echo::NewStub(channel_);
  const Message request = NewMessage();
  Message reply;
  const Clock::time_point start = Clock::now();
  for (Clock::time_point now = start; now < start + time;) {
    grpc::ClientContext context;
    const grpc::Status status = stub->Unary(&context, request, &reply);
    if (!status.ok()) {
      load.error = ErrorOf(status);
      break;
    }
    const Clock::time_point then = std::exchange(now, Clock::now());
    load.latencies.push_back(std::chrono::duration<double, std::micro>(now - then).count());
  }
  load.seconds = SecondsSince(start);
  load.operations = load.calls = load.latencies.size();
  return load;
}

Load EchoClient::CallsInFlight(std::chrono::nanoseconds time, int in_flight) const {
  Load load;
  const auto stub = Echo::NewStub(channel_);
  Flight(*stub, Clock::now() + time).Run(in_flight, &load);
  return load;
}

Load EchoClient::StreamMessages(std::chrono::nanoseconds time) const {
  Load load;
  const auto stub = Echo::NewStub(channel_);
  const Message request = NewMessage();
  Message reply;
  grpc::ClientContext context;
  const auto stream = stub->Chat(&context);
  bool good = stream->Write(request) && stream->Read(&reply);  // Now it is open.
  for (int i = 0; good && i < kMessagesUnderWay; ++i) good = stream->Write(request);
  const Clock::time_point start = Clock::now();
  // One at least, however busy the machine is.
  while (good && (load.operations == 0 || Clock::now() < start + time)) {
    good = stream->Read(&reply) && stream->Write(request);
    ++load.operations;
  }
  load.seconds = SecondsSince(start);
  stream->WritesDone();
  while (stream->Read(&reply)) {
  }
  const grpc::Status status = stream->Finish();
  if (!status.ok()) load.error = ErrorOf(status);
  load.calls = 1;
  return load;
}

Load EchoClient::Streams(std::chrono::nanoseconds time) const {
  Load load;
  const auto stub = Echo::NewStub(channel_);
  const Message request = NewMessage();
  Message reply;
  const Clock::time_point start = Clock::now();
  while (load.calls == 0 || Clock::now() < start + time) {
    grpc::ClientContext context;
    const auto stream = stub->Chat(&context);
    const bool good = stream->Write(request) && stream->Read(&reply) && stream->WritesDone();
    const grpc::Status status = stream->Finish();
    if (!good || !status.ok()) {
      load.error = ErrorOf(status);
      break;
    }
    ++load.calls;
  }
  load.seconds = SecondsSince(start);
  load.operations = load.calls;
  return load;
}

std::string RefusesOthers(const Setting& setting, Mode mode, int port) {
  const auto stub = Echo::NewStub(grpc::CreateChannel(Target(port), PlainTls(setting.files)));
  const testing::TestIssuer stranger(Algorithm::kEs256, "bench");
  testing::TokenBuilder forged = TokenFor(stranger);
  forged.KeyId(setting.issuer.key().id());
  testing::TokenBuilder unscoped = TokenFor(setting.issuer);
  unscoped.Scopes("orders.read");
  const struct {
    const char* what;
    std::string token;
    grpc::StatusCode code;
  } calls[] = {
      {"no token", "", grpc::StatusCode::UNAUTHENTICATED},
      {"a stranger's token", forged.Sign(), grpc::StatusCode::UNAUTHENTICATED},
      {"a token without the scope", unscoped.Sign(),
       mode == Mode::kCarried ? grpc::StatusCode::UNAUTHENTICATED
                              : grpc::StatusCode::PERMISSION_DENIED},
  };
  for (const auto& call : calls) {
    grpc::ClientContext context;
    if (!call.token.empty()) context.AddMetadata("authorization", "Bearer " + call.token);
    Message reply;
    const grpc::Status status = stub->Unary(&context, NewMessage(), &reply);
    if (status.error_code() != call.code) {
      return absl::StrCat(call.what, " is not refused as it should be: ", ErrorOf(status));
    }
  }
  return "";
}

}  // namespace lanyard::bench
