// SPDX-License-Identifier: Apache-2.0

// A token service is killed again and again while its clients are at work. What it has said to be
// done must have been done.

#include <gtest/gtest.h>

#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/tools/lanyard/served_issuer.h"

namespace lanyard::tools {
namespace {

using ::lanyard::testing::ServedIssuer;

constexpr int kRounds = 10;

// An answer that was lost may be asked for again for ten seconds. Where the machine took longer to
// start the server anew, the session is over, and nobody is to blame.
constexpr absl::Duration kRepeat = absl::Seconds(9);

// A session as its client knows it.
struct Session {
  v1::TokenResponse tokens;
  bool is_used = false;                          // By one of the threads, just now.
  bool is_revoked = false;                       // The answer said so.
  bool may_be_revoked = false;                   // There was no answer.
  absl::Time asked_at = absl::InfiniteFuture();  // When a refresh began that had no answer.
};

// The clients: some sign in, some refresh, some revoke, until the server is gone.
class Clients {
 public:
  explicit Clients(const ServedIssuer& issuer) : issuer_(issuer) {
    threads_.emplace_back([this] { SignIn(); });
    threads_.emplace_back([this] { Refresh(); });
    threads_.emplace_back([this] { Refresh(); });
    threads_.emplace_back([this] { Revoke(); });
  }

  // Waits until so many answers have come, and so many of them to sign-ins.
  void Await(int answers, int sign_ins) {
    std::unique_lock<std::mutex> lock(mutex_);
    change_.wait(lock, [&] { return (answers_ >= answers && sign_ins_ >= sign_ins) || is_gone_; });
  }

  void Join() {
    for (std::thread& thread : threads_) thread.join();
  }

  std::deque<Session>& sessions() { return sessions_; }

  // What was left by the round before.
  void Take(std::deque<Session> sessions) {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (Session& session : sessions) sessions_.push_back(std::move(session));
    change_.notify_all();
  }

 private:
  // Whether the server answered. Anything but these two is a failure, as is a refusal of what was
  // good.
  bool Answered(const grpc::Status& status, const char* what) {
    const bool is_answer = status.ok();
    EXPECT_TRUE(is_answer || status.error_code() == grpc::StatusCode::UNAVAILABLE)
        << what << ": " << status.error_message();
    const std::lock_guard<std::mutex> lock(mutex_);
    if (is_answer) {
      ++answers_;
    } else {
      is_gone_ = true;
    }
    change_.notify_all();
    return is_answer;
  }

  // A session that nobody uses; null once the server is gone.
  Session* Choose() {
    std::unique_lock<std::mutex> lock(mutex_);
    Session* chosen = nullptr;
    change_.wait(lock, [&] {
      if (is_gone_) return true;
      for (size_t i = 0; i < sessions_.size() && chosen == nullptr; ++i) {
        Session& session = sessions_[next_++ % sessions_.size()];
        if (!session.is_used && !session.is_revoked && !session.may_be_revoked) chosen = &session;
      }
      return chosen != nullptr;
    });
    if (is_gone_) return nullptr;
    chosen->is_used = true;
    return chosen;
  }

  void Release(Session* session) {
    const std::lock_guard<std::mutex> lock(mutex_);
    session->is_used = false;
    change_.notify_all();
  }

  void SignIn() {
    for (;;) {
      Session session;
      if (!Answered(issuer_.SignIn(&session.tokens), "sign-in")) return;
      const std::lock_guard<std::mutex> lock(mutex_);
      sessions_.push_back(std::move(session));
      ++sign_ins_;
      change_.notify_all();
    }
  }

  void Refresh() {
    while (Session* session = Choose()) {
      v1::TokenResponse next;
      const absl::Time asked_at = absl::Now();
      const bool is_answered =
          Answered(issuer_.Refresh(session->tokens.refresh_token(), &next), "refresh");
      if (is_answered) {
        session->tokens = next;
      } else {
        session->asked_at = asked_at;
      }
      Release(session);
    }
  }

  // One for every two that sign in, so that there are sessions left.
  void Revoke() {
    for (int sign_ins = 1;; sign_ins += 2) {
      Await(0, sign_ins);
      Session* session = Choose();
      if (session == nullptr) return;
      if (Answered(issuer_.Revoke(session->tokens.refresh_token()), "revoke")) {
        session->is_revoked = true;
      } else {
        session->may_be_revoked = true;
      }
      Release(session);
    }
  }

  const ServedIssuer& issuer_;
  std::mutex mutex_;
  std::condition_variable change_;
  std::deque<Session> sessions_;  // References stay good while it grows.
  size_t next_ = 0;
  int answers_ = 0, sign_ins_ = 0;
  bool is_gone_ = false;
  std::vector<std::thread> threads_;
};

// Asks again where an answer was lost, as a client does.
void AskAgain(const ServedIssuer& issuer, std::deque<Session>* sessions, int* lost) {
  std::deque<Session> kept;
  for (Session& session : *sessions) {
    if (session.asked_at != absl::InfiniteFuture() && !session.may_be_revoked) {
      v1::TokenResponse next;
      const grpc::Status status = issuer.Refresh(session.tokens.refresh_token(), &next);
      if (!status.ok() && absl::Now() - session.asked_at > kRepeat) {
        ++*lost;
        continue;
      }
      EXPECT_TRUE(status.ok()) << "a lost answer: " << status.error_message();
      session.tokens = next;
      session.asked_at = absl::InfiniteFuture();
    }
    kept.push_back(std::move(session));
  }
  *sessions = std::move(kept);
}

TEST(ServeKillTest, NothingThatWasAcknowledgedIsForgotten) {
  ServedIssuer issuer;
  std::deque<Session> sessions;
  int lost = 0;
  for (int round = 0; round < kRounds; ++round) {
    issuer.Serve();
    ASSERT_NE(issuer.stub, nullptr);
    AskAgain(issuer, &sessions, &lost);
    Clients clients(issuer);
    clients.Take(std::move(sessions));
    clients.Await(/*answers=*/20 + 3 * round, /*sign_ins=*/2);
    issuer.server->Signal(SIGKILL);
    clients.Join();
    EXPECT_EQ(issuer.server->Wait(), -SIGKILL);
    sessions = std::move(clients.sessions());
  }
  issuer.Serve();
  ASSERT_NE(issuer.stub, nullptr);
  AskAgain(issuer, &sessions, &lost);
  const std::string asker = issuer.TokenOfOrders();
  int good = 0, revoked = 0;
  for (const Session& session : sessions) {
    if (session.may_be_revoked) continue;
    EXPECT_EQ(issuer.IsActive(session.tokens.access_token(), asker), !session.is_revoked);
    v1::TokenResponse next;
    const grpc::Status status = issuer.Refresh(session.tokens.refresh_token(), &next);
    if (session.is_revoked) {
      EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED) << "a revoked session";
      ++revoked;
    } else {
      EXPECT_TRUE(status.ok()) << "a session that was acknowledged: " << status.error_message();
      ++good;
    }
  }
  EXPECT_GE(good, kRounds / 2);
  EXPECT_GE(revoked, kRounds / 2);
  RecordProperty("good", good);
  RecordProperty("revoked", revoked);
  RecordProperty("lost_by_a_slow_start", lost);
  issuer.server->Signal(SIGTERM);
  EXPECT_EQ(issuer.server->Wait(), 0);
}

}  // namespace
}  // namespace lanyard::tools
