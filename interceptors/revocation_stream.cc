// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/revocation_stream.h"

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/interceptors/internal/answer_streams.h"
#include "lanyard/interceptors/internal/message_bytes.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/heard_revocations.h"
#include "lanyard/sdk/internal/revocation_follower.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/v1/token_service.pb.h"

namespace lanyard {
namespace {

constexpr char kMethod[] = "/lanyard.v1.TokenService/WatchRevocations";
constexpr size_t kBytesPerEntry = 256;

// Three signs of life that did not come.
constexpr absl::Duration kLongestSilence = absl::Seconds(15);

constexpr absl::Duration kFirstPause = absl::Milliseconds(500);
constexpr absl::Duration kLongestPause = absl::Seconds(30);

// The longest sleep: something is to be looked after now and then, and gRPC's clock stands still in
// suspend.
constexpr absl::Duration kLongestWait = absl::Seconds(1);

// At random from 0.5 to 1, so that many servers do not come back together.
double Jitter() {
  const std::string bytes = internal::RandomBytes(2);
  uint16_t number;
  std::memcpy(&number, bytes.data(), sizeof(number));
  return 0.5 + number / 131072.0;
}

// Of RevocationSourceStatus::failures.
std::string KindOf(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::CANCELLED:
    case grpc::StatusCode::OK:  // A stream that was ended.
      return "unreachable";
    default:
      return "refused";
  }
}

// What a source and its thread share.
class FollowedService {
 public:
  explicit FollowedService(RevocationStreamOptions options)
      : options_(std::move(options)),
        heard_(absl::StrCat("issuer ", internal::Printable(options_.issuer)), options_.issuer,
               options_.max_revocation_age,
               {options_.max_entries, options_.max_entries * kBytesPerEntry}, options_.clock),
        follower_(&heard_) {}

  const internal::HeardRevocations& heard() const { return heard_; }

  // The thread's work, until Stop().
  void Run();
  void Stop();

 private:
  void Open(absl::Duration now);
  void Take(grpc::ByteBuffer answer);
  void End(const grpc::Status& status);
  void GiveUp(const std::string& kind, const absl::Status& why);

  const RevocationStreamOptions options_;
  internal::HeardRevocations heard_;

  std::mutex mutex_;
  bool stopping_ = false;            // Guarded by mutex_.
  internal::AnswerStreams streams_;  // The thread's alone, but for its queue.
  grpc::Alarm alarm_;

  // The thread's alone, from here on.
  internal::RevocationFollower follower_;
  absl::Duration heard_at_;                              // When it last brought something.
  absl::Duration next_try_ = -absl::InfiniteDuration();  // While there is none.
  int failures_ = 0;                                     // In a row.
};

void FollowedService::Stop() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (std::exchange(stopping_, true)) return;
  alarm_.Set(&streams_.queue(), std::chrono::system_clock::now(), &alarm_);
}

void FollowedService::Run() {
  while (true) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (stopping_) break;
    }
    heard_.Tend();
    const absl::Duration now = options_.clock->SinceBoot();
    const absl::Duration due = streams_.is_listening() ? heard_at_ + kLongestSilence : next_try_;
    if (due <= now) {
      if (!streams_.is_listening()) {
        Open(now);
      } else {
        GiveUp("unreachable",
               absl::DeadlineExceededError(
                   absl::StrCat("nothing was heard for ", absl::FormatDuration(kLongestSilence))));
      }
      continue;
    }
    if (streams_.is_listening() && follower_.is_current() && heard_.ClockWasSetBack()) {
      GiveUp("local", absl::AbortedError("the clock was set back"));
      continue;
    }
    void* tag = nullptr;
    bool ok = false;
    const auto until = std::chrono::system_clock::now() +
                       absl::ToChronoNanoseconds(std::min(due - now, kLongestWait));
    if (streams_.queue().AsyncNext(&tag, &ok, until) != grpc::CompletionQueue::GOT_EVENT) continue;
    internal::AnswerStreams::Event event = streams_.Hear(tag, ok);
    if (event.answer.has_value()) Take(*std::move(event.answer));
    if (event.end.has_value()) End(*event.end);
  }
  streams_.Drain();
}

void FollowedService::Open(absl::Duration now) {
  // The channel has pauses of its own, which grow longer than these.
  grpc::experimental::ChannelResetConnectionBackoff(options_.channel.get());
  streams_.Open(options_.channel, kMethod, internal::BytesOf(v1::WatchRevocationsRequest()),
                nullptr);
  heard_at_ = now;
  follower_.Begin(now);
}

// The stream that is listened to brings nothing any more.
void FollowedService::GiveUp(const std::string& kind, const absl::Status& why) {
  streams_.Leave();
  failures_ = follower_.is_current() ? 0 : failures_;
  const absl::Duration pause =
      std::min(kFirstPause * (1 << std::min(failures_, 10)), kLongestPause);
  ++failures_;
  next_try_ = options_.clock->SinceBoot() + pause * Jitter();
  heard_.Failed(kind, why);
}

// The token service has ended the stream.
void FollowedService::End(const grpc::Status& status) {
  GiveUp(KindOf(status.error_code()),
         absl::UnavailableError(
             status.ok() ? "the stream was ended"
                         : absl::StrCat("the token service says: ",
                                        internal::Printable(status.error_message(), 1024))));
}

void FollowedService::Take(grpc::ByteBuffer answer) {
  const absl::Duration now = options_.clock->SinceBoot();
  heard_at_ = now;
  v1::RevocationUpdate update;
  const absl::Status status = internal::ParseBytes(&answer, &update)
                                  ? follower_.Take(update, now)
                                  : absl::InvalidArgumentError("an answer is no RevocationUpdate");
  if (!status.ok()) GiveUp("bad_answer", status);
}

class StreamedRevocations final : public RevocationSource {
 public:
  explicit StreamedRevocations(std::shared_ptr<FollowedService> feed)
      : feed_(std::move(feed)), thread_([feed = feed_] { feed->Run(); }) {}

  ~StreamedRevocations() override {
    feed_->Stop();
    // A thread that waits on a queue runs whatever gRPC has to do, and that may be the end of the
    // server which this source is for.
    if (thread_.get_id() == std::this_thread::get_id()) {
      thread_.detach();
    } else {
      thread_.join();
    }
  }

  RevocationVerdict Check(const TokenFacts& token) const override {
    return feed_->heard().Check(token);
  }
  uint64_t generation() const override { return feed_->heard().generation(); }
  absl::Status Health() const override { return feed_->heard().Health(); }
  RevocationSourceStatus Status() const override { return feed_->heard().Status(); }

 private:
  const std::shared_ptr<FollowedService> feed_;
  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<const RevocationSource>> StreamRevocations(
    RevocationStreamOptions options) {
  const auto error = [](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("RevocationStreamOptions.", what));
  };
  if (options.channel == nullptr) return error("channel is null");
  if (options.issuer.empty()) return error("issuer is empty");
  if (options.clock == nullptr) return error("clock is null");
  if (options.max_entries == 0) return error("max_entries is 0");
  if (options.max_revocation_age < absl::Seconds(10) ||
      options.max_revocation_age > absl::Hours(24)) {
    return error("max_revocation_age must be 10 s to 24 h");
  }
  return std::make_shared<const StreamedRevocations>(
      std::make_shared<FollowedService>(std::move(options)));
}

}  // namespace lanyard
