// SPDX-License-Identifier: Apache-2.0
// A server that follows what its issuer revokes, over TLS and through the issuer's own gate.
#include "lanyard/interceptors/revocation_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/sdk/tokens/static_token_source.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/matchers.h"
#include "lanyard/v1/token_service.grpc.pb.h"
#include "tests/interceptors/eventually.h"
#include "tests/interceptors/gated_server.h"

namespace lanyard::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using testing::IsError;
using ::testing::Key;

// What an issuer has revoked, and its streams. Each stream sends what there is, and then the
// updates that the test puts out; and every second a sign of life, as of what it has sent.
class Revocations final : public v1::TokenService::Service {
 public:
  grpc::Status WatchRevocations(grpc::ServerContext* context,
                                const v1::WatchRevocationsRequest* /*request*/,
                                grpc::ServerWriter<v1::RevocationUpdate>* writer) override {
    std::unique_lock<std::mutex> lock(mutex_);
    ++streams_;
    v1::RevocationUpdate beat = Update(v1::RevocationUpdate::HEARTBEAT);
    v1::RevocationUpdate update = Update(v1::RevocationUpdate::SNAPSHOT);
    for (const v1::Revocation& revocation : all_) {
      *update.add_revocations() = revocation;
      if (update.revocations_size() < 1000) continue;
      writer->Write(update);
      update.clear_revocations();
    }
    writer->Write(update);
    writer->Write(Update(v1::RevocationUpdate::SNAPSHOT_END));
    size_t sent = updates_.size();
    auto beat_at = std::chrono::steady_clock::now();
    while (!stopping_ && !context->IsCancelled()) {
      for (; sent < updates_.size(); ++sent) {
        writer->Write(updates_[sent]);
        beat.set_sequence(updates_[sent].sequence());
      }
      const auto now = std::chrono::steady_clock::now();
      if (beats_ && now - beat_at >= std::chrono::seconds(1)) {
        beat_at = now;
        writer->Write(beat);
      }
      changed_.wait_for(lock, std::chrono::milliseconds(10));
    }
    return grpc::Status::OK;
  }

  // `is_lost` tells no running stream.
  void Revoke(v1::Revocation revocation, bool is_lost = false) {
    std::lock_guard<std::mutex> lock(mutex_);
    v1::RevocationUpdate update = Update(v1::RevocationUpdate::CHANGE);
    update.set_previous_sequence(sequence_);
    update.set_sequence(++sequence_);
    *update.add_revocations() = revocation;
    all_.push_back(std::move(revocation));
    if (!is_lost) updates_.push_back(std::move(update));
    changed_.notify_all();
  }
  void Heartbeat() {
    std::lock_guard<std::mutex> lock(mutex_);
    updates_.push_back(Update(v1::RevocationUpdate::HEARTBEAT));
    changed_.notify_all();
  }
  // The store is another one, with less in it, and says so.
  void Restore(const std::string& epoch, uint64_t sequence) {
    std::lock_guard<std::mutex> lock(mutex_);
    epoch_ = epoch;
    sequence_ = sequence;
    all_.clear();
  }
  // Before the first stream.
  void EndSignsOfLife() {
    std::lock_guard<std::mutex> lock(mutex_);
    beats_ = false;
  }
  void SetStopping(bool stopping) {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = stopping;
    changed_.notify_all();
  }
  int streams() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return streams_;
  }

 private:
  v1::RevocationUpdate Update(v1::RevocationUpdate::Kind kind) const {
    v1::RevocationUpdate update;
    update.set_kind(kind);
    update.set_epoch(epoch_);
    update.set_sequence(sequence_);
    return update;
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string epoch_ = "first";
  uint64_t sequence_ = 100;
  std::vector<v1::Revocation> all_;
  std::vector<v1::RevocationUpdate> updates_;
  bool beats_ = true;
  bool stopping_ = false;
  int streams_ = 0;
};

class RevocationStreamTest : public ::testing::Test {
 protected:
  ~RevocationStreamTest() override { StopService(); }

  // The token service, on the port that it had before.
  void StartService() {
    ServerAuthOptions options;
    options.config_text = service_issuer_.ConfigText();
    options.key_sources["test"] = service_issuer_.Keys();
    options.tls = server_.files.Server();
    auto auth = ServerAuth::Create(options);
    ASSERT_TRUE(auth.ok()) << auth.status();
    service_auth_ = *std::move(auth);
    service_.SetStopping(false);
    grpc::ServerBuilder builder;
    service_auth_->AddListeningPort(builder, absl::StrCat("127.0.0.1:", service_port_),
                                    &service_port_);
    builder.RegisterService(&service_);
    service_server_ = builder.BuildAndStart();
    ASSERT_NE(service_server_, nullptr) << service_auth_->start_error();
  }
  void StopService() {
    if (service_server_ == nullptr) return;
    service_.SetStopping(true);
    service_server_->Shutdown();
    service_server_.reset();
  }

  // What follows the token service.
  RevocationStreamOptions Options(const std::string& scopes = "tokens.revocations") const {
    ClientAuthOptions client;
    client.audience = "test";
    client.token_source = StaticTokenSource(service_issuer_.Token().Scopes(scopes).Sign());
    client.tls = server_.files.Client();
    auto channel = CreateChannel(absl::StrCat("localhost:", service_port_), client);
    EXPECT_TRUE(channel.ok()) << channel.status();
    RevocationStreamOptions options;
    options.channel = *channel;
    options.issuer = server_.issuer.issuer();
    return options;
  }
  void Follow(RevocationStreamOptions options) {
    auto source = StreamRevocations(std::move(options));
    ASSERT_TRUE(source.ok()) << source.status();
    source_ = *std::move(source);
    server_.options.revocation_sources["test"] = source_;
    ASSERT_NO_FATAL_FAILURE(server_.Start());
    channel_ = server_.Channel();
  }
  void StartAll() {
    ASSERT_NO_FATAL_FAILURE(StartService());
    ASSERT_NO_FATAL_FAILURE(Follow(Options()));
    ASSERT_TRUE(Eventually([this] { return source_->Health().ok(); }));
  }

  v1::Revocation Revocation() const {
    v1::Revocation revocation;
    revocation.set_issuer(server_.issuer.issuer());
    revocation.mutable_expires_at()->set_seconds(absl::ToUnixSeconds(absl::Now()) + 3600);
    return revocation;
  }
  v1::Revocation OfToken(const std::string& id) const {
    v1::Revocation revocation = Revocation();
    revocation.set_token_id(id);
    return revocation;
  }
  std::string Token(const std::string& id) const {
    auto token = server_.issuer.Token();
    token.claims().set_token_id(id);
    return token.Sign();
  }
  // Nothing where a call goes through, else why it does not.
  std::optional<AuthFailure> Refusal(const std::string& token) const {
    const grpc::Status status = MakeCall(channel_, CallType::kUnary, Bearer(token)).status;
    if (status.ok()) return std::nullopt;
    return server_.audit->last().failure;
  }
  bool IsSoonRevoked(const std::string& id) const {
    const std::string token = Token(id);
    return Eventually([&] { return Refusal(token) == AuthFailure::kRevoked; });
  }

  GatedServer server_{Api::kCallback};
  const testing::TestIssuer service_issuer_;
  Revocations service_;
  std::unique_ptr<ServerAuth> service_auth_;
  std::unique_ptr<grpc::Server> service_server_;
  int service_port_ = 0;
  std::shared_ptr<const RevocationSource> source_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(RevocationStreamTest, RefusesEverythingUntilTheTokenServiceIsThere) {
  ASSERT_NO_FATAL_FAILURE(StartService());
  StopService();
  service_.Revoke(OfToken("a"));
  ASSERT_NO_FATAL_FAILURE(Follow(Options()));
  EXPECT_EQ(Refusal(Token("b")), AuthFailure::kRevocationUnknown);
  EXPECT_TRUE(Eventually([this] { return source_->Status().failures.count("unreachable") > 0; }));
  EXPECT_THAT(server_.auth->Ready(), IsError(HasSubstr("have not been heard yet")));
  ASSERT_NO_FATAL_FAILURE(StartService());
  EXPECT_TRUE(Eventually([this] { return !Refusal(Token("b")).has_value(); }));
  EXPECT_EQ(Refusal(Token("a")), AuthFailure::kRevoked);
}

TEST_F(RevocationStreamTest, RevokedTokenIsRefusedSoonAndItsStreamEnds) {
  ASSERT_NO_FATAL_FAILURE(StartAll());
  const std::string token = Token("a");
  EXPECT_EQ(Refusal(token), std::nullopt);
  const auto stub = Echo::NewStub(channel_);
  grpc::ClientContext context;
  Limit(&context);
  context.AddMetadata("authorization", "Bearer " + token);
  const auto stream = stub->Chat(&context);
  Message message;
  ASSERT_TRUE(stream->Write(message) && stream->Read(&message));
  service_.Revoke(OfToken("a"));
  EXPECT_FALSE(stream->Read(&message));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(server_.audit->last().failure, AuthFailure::kRevoked);
  EXPECT_EQ(Refusal(token), AuthFailure::kRevoked);
  EXPECT_EQ(Refusal(Token("b")), std::nullopt);
  EXPECT_EQ(service_.streams(), 1);
}

TEST_F(RevocationStreamTest, UpdateThatWasLostIsFoundByTheNextChange) {
  ASSERT_NO_FATAL_FAILURE(StartAll());
  service_.Revoke(OfToken("a"), /*is_lost=*/true);
  service_.Revoke(OfToken("b"));
  EXPECT_TRUE(IsSoonRevoked("b"));
  EXPECT_TRUE(IsSoonRevoked("a"));
  EXPECT_EQ(service_.streams(), 2);
  EXPECT_THAT(source_->Status().failures, Contains(Key("bad_answer")));
}

TEST_F(RevocationStreamTest, UpdateThatWasLostIsFoundByTheNextSignOfLife) {
  ASSERT_NO_FATAL_FAILURE(StartAll());
  service_.Revoke(OfToken("a"), /*is_lost=*/true);
  service_.Heartbeat();
  EXPECT_TRUE(IsSoonRevoked("a"));
  EXPECT_EQ(service_.streams(), 2);
}

TEST_F(RevocationStreamTest, StoreThatWasRestoredFromABackupTakesNothingBack) {
  service_.Revoke(OfToken("a"));
  ASSERT_NO_FATAL_FAILURE(StartAll());
  EXPECT_EQ(Refusal(Token("a")), AuthFailure::kRevoked);
  service_.Restore("second", 7);
  service_.Revoke(OfToken("b"));
  EXPECT_TRUE(IsSoonRevoked("b"));
  EXPECT_TRUE(Eventually([this] { return service_.streams() == 2; }));
  // And forward.
  service_.Restore("third", 5000);
  service_.Heartbeat();
  EXPECT_TRUE(Eventually([this] { return source_->Status().successes == 3; }));
  service_.Revoke(OfToken("c"));
  EXPECT_TRUE(IsSoonRevoked("c"));
  for (const std::string id : {"a", "b"}) EXPECT_EQ(Refusal(Token(id)), AuthFailure::kRevoked);
}

TEST_F(RevocationStreamTest, GoesOnWhileTheTokenServiceIsAwayAndKnowsAllWhenItIsBack) {
  service_.Revoke(OfToken("a"));
  ASSERT_NO_FATAL_FAILURE(StartAll());
  StopService();
  service_.Revoke(OfToken("b"));
  EXPECT_TRUE(Eventually([this] { return !source_->Status().failures.empty(); }));
  EXPECT_EQ(Refusal(Token("a")), AuthFailure::kRevoked);
  EXPECT_EQ(Refusal(Token("b")), std::nullopt);
  ASSERT_NO_FATAL_FAILURE(StartService());
  EXPECT_TRUE(IsSoonRevoked("b"));
}

TEST_F(RevocationStreamTest, SilenceIsNoSignOfLife) {
  service_.EndSignsOfLife();
  ASSERT_NO_FATAL_FAILURE(StartService());
  const auto clock = std::make_shared<testing::FakeClock>(absl::Now());
  RevocationStreamOptions options = Options();
  options.clock = clock;
  ASSERT_NO_FATAL_FAILURE(Follow(std::move(options)));
  ASSERT_TRUE(Eventually([this] { return source_->Health().ok(); }));
  clock->Advance(absl::Seconds(15));
  EXPECT_TRUE(Eventually([this] { return source_->Status().failures.count("unreachable") > 0; }));
  clock->Advance(absl::Seconds(1));
  EXPECT_TRUE(Eventually([this] { return source_->Status().successes == 2; }));
  EXPECT_EQ(service_.streams(), 2);
}

TEST_F(RevocationStreamTest, KnowsNothingWhenNothingWasHeardForTooLong) {
  ASSERT_NO_FATAL_FAILURE(StartService());
  const auto clock = std::make_shared<testing::FakeClock>(absl::Now());
  RevocationStreamOptions options = Options();
  options.clock = clock;
  ASSERT_NO_FATAL_FAILURE(Follow(std::move(options)));
  ASSERT_TRUE(Eventually([this] { return source_->Health().ok(); }));
  service_.Revoke(OfToken("a"));
  EXPECT_TRUE(IsSoonRevoked("a"));
  StopService();
  EXPECT_TRUE(Eventually([this] { return !source_->Status().failures.empty(); }));
  clock->Advance(absl::Minutes(5));
  EXPECT_EQ(Refusal(Token("b")), std::nullopt);
  clock->Advance(absl::Nanoseconds(1));
  EXPECT_EQ(Refusal(Token("b")), AuthFailure::kRevocationUnknown);
  EXPECT_EQ(Refusal(Token("a")), AuthFailure::kRevoked);
  EXPECT_THAT(server_.auth->Ready(), IsError(HasSubstr("for max_revocation_age, 5m")));
}

TEST_F(RevocationStreamTest, WhatASubjectGotInThatSecondOrBeforeIsRevoked) {
  ASSERT_NO_FATAL_FAILURE(StartAll());
  const std::string token = server_.issuer.Token().IssuedIn(absl::ZeroDuration()).Sign();
  const std::string later = server_.issuer.Token().IssuedIn(absl::Seconds(20)).Sign();
  v1::Revocation revocation = Revocation();
  revocation.set_subject("svc:test");
  revocation.mutable_not_before()->set_seconds(absl::ToUnixSeconds(absl::Now()));
  service_.Revoke(revocation);
  EXPECT_TRUE(Eventually([&] { return Refusal(token) == AuthFailure::kRevoked; }));
  EXPECT_EQ(Refusal(later), std::nullopt);
}

TEST_F(RevocationStreamTest, KnowsNothingWhereThereIsTooMuchToRemember) {
  ASSERT_NO_FATAL_FAILURE(StartService());
  RevocationStreamOptions options = Options();
  options.max_entries = 2;
  ASSERT_NO_FATAL_FAILURE(Follow(std::move(options)));
  ASSERT_TRUE(Eventually([this] { return source_->Health().ok(); }));
  for (const std::string id : {"a", "b", "c"}) service_.Revoke(OfToken(id));
  EXPECT_TRUE(
      Eventually([this] { return Refusal(Token("d")) == AuthFailure::kRevocationUnknown; }));
  EXPECT_EQ(Refusal(Token("a")), AuthFailure::kRevoked);
}

TEST_F(RevocationStreamTest, TakesAHundredThousandInParts) {
  for (int i = 0; i < 100'000; ++i) service_.Revoke(OfToken(absl::StrCat("t", i)), true);
  ASSERT_NO_FATAL_FAILURE(StartService());
  ASSERT_NO_FATAL_FAILURE(Follow(Options()));
  EXPECT_TRUE(Eventually([this] { return source_->Health().ok(); }, absl::Seconds(60)));
  EXPECT_EQ(source_->Status().entries, 100'000u);
  EXPECT_EQ(Refusal(Token("t0")), AuthFailure::kRevoked);
  EXPECT_EQ(Refusal(Token("t99999")), AuthFailure::kRevoked);
  EXPECT_EQ(Refusal(Token("t100000")), std::nullopt);
}

TEST_F(RevocationStreamTest, OtherIssuersRevocationsCountForNothing) {
  ASSERT_NO_FATAL_FAILURE(StartAll());
  v1::Revocation revocation = OfToken("a");
  revocation.set_issuer("https://other.test");
  service_.Revoke(revocation);
  EXPECT_TRUE(Eventually([this] { return source_->Status().ignored == 1; }));
  EXPECT_EQ(Refusal(Token("a")), std::nullopt);
}

TEST_F(RevocationStreamTest, WithoutTheScopeThereAreNone) {
  ASSERT_NO_FATAL_FAILURE(StartService());
  ASSERT_NO_FATAL_FAILURE(Follow(Options("orders.read")));
  EXPECT_TRUE(Eventually([this] { return source_->Status().failures.count("refused") > 0; }));
  EXPECT_EQ(Refusal(Token("a")), AuthFailure::kRevocationUnknown);
  EXPECT_THAT(source_->Health(), IsError(HasSubstr("permission denied")));
  EXPECT_EQ(service_.streams(), 0);
}

TEST_F(RevocationStreamTest, EndsWhereverItIs) {
  ASSERT_NO_FATAL_FAILURE(StartService());
  for (int i = 0; i < 20; ++i) {
    const int streams = service_.streams();
    auto source = StreamRevocations(Options());
    ASSERT_TRUE(source.ok()) << source.status();
    if (i % 2 == 0) {
      EXPECT_TRUE(Eventually([&] { return service_.streams() > streams; }));
    }
  }
}

TEST_F(RevocationStreamTest, ChecksItsOptions) {
  RevocationStreamOptions good = Options();
  const auto with = [&good](auto change) {
    RevocationStreamOptions options = good;
    change(&options);
    return StreamRevocations(std::move(options));
  };
  EXPECT_THAT(with([](auto* o) { o->channel = nullptr; }), IsError(HasSubstr(".channel")));
  EXPECT_THAT(with([](auto* o) { o->issuer = ""; }), IsError(HasSubstr(".issuer")));
  EXPECT_THAT(with([](auto* o) { o->clock = nullptr; }), IsError(HasSubstr(".clock")));
  EXPECT_THAT(with([](auto* o) { o->max_entries = 0; }), IsError(HasSubstr(".max_entries")));
  for (const absl::Duration age : {absl::Seconds(9), absl::Hours(25)}) {
    EXPECT_THAT(with([age](auto* o) { o->max_revocation_age = age; }),
                IsError(HasSubstr(".max_revocation_age")));
  }
}

}  // namespace
}  // namespace lanyard::test
