// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/workload_keys.h"

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "interceptors/internal/workload_api.pb.h"
#include "lanyard/interceptors/internal/answer_streams.h"
#include "lanyard/interceptors/internal/message_bytes.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/keys/fetched_keys.h"
#include "lanyard/sdk/keys/key_set.h"

namespace lanyard::internal {
namespace {

// Every answer of it is a complete one.
constexpr char kFetchJwtBundles[] = "/SpiffeWorkloadAPI/FetchJWTBundles";

constexpr absl::Duration kAskAnew = absl::Minutes(5);
constexpr absl::Duration kMaxStale = absl::Hours(1);
constexpr absl::Duration kLongestPause = absl::Seconds(30);

// The longest sleep, because gRPC's clock stands still in suspend.
constexpr absl::Duration kLongestWait = absl::Seconds(10);

// Of KeySourceStatus::failures.
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
class BundleFeed {
 public:
  BundleFeed(WorkloadEndpoint endpoint, absl::Duration timeout, const std::string& trust_domain,
             std::vector<Algorithm> algorithms, std::shared_ptr<const Clock> clock);

  // As KeySource has them.
  std::shared_ptr<const KeySet> Current() const;
  bool IsCurrent(const std::shared_ptr<const KeySet>& keys) const {
    return keys_.IsCurrent(keys, clock_->SinceBoot());
  }
  bool MayArrive(absl::string_view key_id) const;
  absl::Status Health() const;
  KeySourceStatus Status() const;

  // The thread's work, until Stop().
  void Run();
  void Stop();

 private:
  // The thread's.
  void Ask(absl::Duration now);
  void GiveUp(absl::Duration now, const grpc::Status& status);
  void Take(grpc::ByteBuffer answer);

  // Ends the thread's sleep. Under the mutex.
  void Wake() const;

  struct Bundle {
    std::shared_ptr<const KeySet> keys;
    std::string empty_because;
  };
  absl::StatusOr<Bundle> BundleIn(grpc::ByteBuffer answer) const;

  const WorkloadEndpoint endpoint_;
  const absl::Duration timeout_;
  const std::string domain_id_;
  const std::vector<Algorithm> algorithms_;
  const std::shared_ptr<const Clock> clock_;
  const std::shared_ptr<grpc::Channel> channel_;

  mutable std::mutex mutex_;
  // Guarded by the mutex. Only the thread replaces the set of keys, so it may read that without.
  mutable FetchedKeys keys_;
  bool stopping_ = false;
  // Set to end the thread's sleep, and not heard by it yet.
  mutable bool waking_ = false;
  mutable AnswerStreams streams_;  // The thread's alone, but for its queue.
  mutable grpc::Alarm alarm_;

  // The thread's alone, from here on.
  // When it was opened, while its first answer is awaited.
  std::optional<absl::Duration> asked_at_;
  bool answered_ = false;  // Whether it has brought something good.
};

BundleFeed::BundleFeed(WorkloadEndpoint endpoint, absl::Duration timeout,
                       const std::string& trust_domain, std::vector<Algorithm> algorithms,
                       std::shared_ptr<const Clock> clock)
    : endpoint_(std::move(endpoint)),
      timeout_(timeout),
      domain_id_(absl::StrCat("spiffe://", trust_domain)),
      algorithms_(std::move(algorithms)),
      clock_(std::move(clock)),
      channel_(endpoint_.Connect()),
      keys_(absl::StrCat("trust domain ", trust_domain), kAskAnew, kMaxStale, kLongestPause) {}

void BundleFeed::Stop() {
  std::lock_guard<std::mutex> lock(mutex_);
  stopping_ = true;
  Wake();
}

std::shared_ptr<const KeySet> BundleFeed::Current() const {
  const absl::Duration now = clock_->SinceBoot();
  std::lock_guard<std::mutex> lock(mutex_);
  return keys_.Current(now);
}

bool BundleFeed::MayArrive(absl::string_view key_id) const {
  const absl::Duration now = clock_->SinceBoot();
  std::lock_guard<std::mutex> lock(mutex_);
  const absl::Duration before = keys_.NextFetch();
  const bool may = keys_.MayArrive(key_id, now);
  if (keys_.NextFetch() < before) Wake();
  return may;
}

absl::Status BundleFeed::Health() const {
  const absl::Duration now = clock_->SinceBoot();
  std::lock_guard<std::mutex> lock(mutex_);
  return keys_.Health(now);
}

KeySourceStatus BundleFeed::Status() const {
  const absl::Duration now = clock_->SinceBoot();
  std::lock_guard<std::mutex> lock(mutex_);
  return keys_.Status(now);
}

void BundleFeed::Wake() const {
  if (std::exchange(waking_, true)) return;
  alarm_.Set(&streams_.queue(), std::chrono::system_clock::now(), &alarm_);
}

void BundleFeed::Run() {
  while (true) {
    const absl::Duration now = clock_->SinceBoot();
    absl::Duration due;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (stopping_) break;
      keys_.NoteStaleness(now);
      due = asked_at_.has_value() ? *asked_at_ + timeout_ : keys_.NextFetch();
    }
    if (due <= now) {
      if (asked_at_.has_value()) {
        GiveUp(now,
               grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED,
                            absl::StrCat("no answer within ", absl::FormatDuration(timeout_))));
      } else {
        Ask(now);
      }
      continue;
    }
    void* tag = nullptr;
    bool ok = false;
    const auto until = std::chrono::system_clock::now() +
                       absl::ToChronoNanoseconds(std::min(due - now, kLongestWait));
    if (streams_.queue().AsyncNext(&tag, &ok, until) != grpc::CompletionQueue::GOT_EVENT) continue;
    if (tag == &alarm_) {
      std::lock_guard<std::mutex> lock(mutex_);
      waking_ = false;
    } else {
      AnswerStreams::Event event = streams_.Hear(tag, ok);
      if (event.answer.has_value()) Take(*std::move(event.answer));
      if (event.end.has_value()) GiveUp(clock_->SinceBoot(), *event.end);
    }
  }
  streams_.Drain();
}

// Opens a stream in place of the one that is there: its first answer comes at once.
void BundleFeed::Ask(absl::Duration now) {
  streams_.Open(channel_, kFetchJwtBundles, BytesOf(workload_api::JWTBundlesRequest()),
                &WorkloadEndpoint::Mark);
  asked_at_ = now;
  answered_ = false;
  std::lock_guard<std::mutex> lock(mutex_);
  keys_.Begin(now);
}

// The stream that is listened to brings nothing any more.
void BundleFeed::GiveUp(absl::Duration now, const grpc::Status& status) {
  streams_.Leave();
  asked_at_.reset();
  const absl::Status refusal =
      status.ok() ? absl::UnavailableError(absl::StrCat(endpoint_.uri(), ": the stream was ended"))
                  : endpoint_.Refusal(status);
  std::lock_guard<std::mutex> lock(mutex_);
  if (status.error_code() == grpc::StatusCode::PERMISSION_DENIED) {
    // By section 6.2.2 the agent takes back what it gave.
    keys_.Forget("the agent gives this process no bundles any more");
  }
  keys_.Failed(now, refusal, KindOf(status.error_code()));
}

void BundleFeed::Take(grpc::ByteBuffer answer) {
  auto bundle = BundleIn(std::move(answer));
  const absl::Duration now = clock_->SinceBoot();
  asked_at_.reset();
  std::lock_guard<std::mutex> lock(mutex_);
  if (!bundle.ok()) {
    keys_.Failed(now, bundle.status(), "bad_answer");
  } else if (!std::exchange(answered_, true)) {
    keys_.Succeeded(now, std::move(bundle->keys), std::nullopt, bundle->empty_because);
  } else {
    keys_.Replaced(now, std::move(bundle->keys), bundle->empty_because);
  }
}

absl::StatusOr<BundleFeed::Bundle> BundleFeed::BundleIn(grpc::ByteBuffer bytes) const {
  const auto bad = [this](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat(endpoint_.uri(), ": ", what));
  };
  workload_api::JWTBundlesResponse answer;
  if (!ParseBytes(&bytes, &answer)) return bad("the answer is no JWTBundlesResponse");
  // By section 4.5 that is no answer.
  if (answer.bundles().empty()) return bad("the answer holds no bundles");
  const auto it = answer.bundles().find(domain_id_);
  Bundle bundle;
  if (it == answer.bundles().end()) {
    std::vector<std::string> others;
    for (const auto& other : answer.bundles()) others.push_back(other.first);
    std::sort(others.begin(), others.end());
    bundle.keys = std::make_shared<const KeySet>();
    bundle.empty_because = absl::StrCat("the agent has no bundle of \"", domain_id_, "\", only of ",
                                        Printable(PrintableNames(others), 1024));
  } else {
    auto keys = KeySet::FromRemote(it->second, algorithms_, KeyUse::kJwtSvid);
    if (!keys.ok()) {
      return bad(absl::StrCat("the bundle of \"", domain_id_,
                              "\" is no JWK Set: ", keys.status().message()));
    }
    bundle.keys = std::make_shared<const KeySet>(*std::move(keys));
  }
  // The same keys keep the verdicts that were made with them.
  const std::shared_ptr<const KeySet>& last = keys_.last_good();
  if (last != nullptr && HaveSameKeys(*bundle.keys, *last)) bundle.keys = last;
  return bundle;
}

class FedKeySource final : public KeySource {
 public:
  explicit FedKeySource(std::shared_ptr<BundleFeed> feed)
      : feed_(std::move(feed)), thread_([feed = feed_] { feed->Run(); }) {}

  ~FedKeySource() override {
    feed_->Stop();
    // A thread that waits on a queue runs whatever gRPC has to do, and that may be the end of the
    // server which this source is for.
    if (thread_.get_id() == std::this_thread::get_id()) {
      thread_.detach();
    } else {
      thread_.join();
    }
  }

  std::shared_ptr<const KeySet> Current() const override { return feed_->Current(); }
  bool IsCurrent(const std::shared_ptr<const KeySet>& keys) const override {
    return feed_->IsCurrent(keys);
  }
  bool MayArrive(absl::string_view key_id) const override { return feed_->MayArrive(key_id); }
  absl::Status Health() const override { return feed_->Health(); }
  KeySourceStatus Status() const override { return feed_->Status(); }

 private:
  const std::shared_ptr<BundleFeed> feed_;
  std::thread thread_;
};

}  // namespace

std::shared_ptr<const KeySource> WorkloadKeys(WorkloadEndpoint endpoint, absl::Duration timeout,
                                              const std::string& trust_domain,
                                              std::vector<Algorithm> algorithms,
                                              std::shared_ptr<const Clock> clock) {
  return std::make_shared<const FedKeySource>(std::make_shared<BundleFeed>(
      std::move(endpoint), timeout, trust_domain, std::move(algorithms), std::move(clock)));
}

}  // namespace lanyard::internal
