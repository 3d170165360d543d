// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/open_streams.h"

#include <grpc/grpc.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <unordered_set>
#include <utility>
#include <vector>

#include "lanyard/interceptors/internal/wire_status.h"

namespace lanyard::internal {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

// How often it is looked whether anything has changed, the wall clock included.
constexpr std::chrono::milliseconds kTick(500);

// The wall clock is adjusted all the time; below this it was not set.
constexpr absl::Duration kClockStep = absl::Milliseconds(50);

}  // namespace

class OpenStreams::Stream {
 public:
  Stream(grpc_call* the_call, StreamFacts the_facts)
      : facts(std::move(the_facts)), call(the_call) {}

  struct Notice {
    NoticeId id;
    absl::Duration lead;
    std::function<void()> work;
  };

  const StreamFacts facts;

  // Guarded by the core's mutex.
  grpc_call* call;  // Null once the call is over, or is being cancelled.
  std::multimap<SteadyTime, std::shared_ptr<Stream>>::iterator due;
  bool queued = false;
  std::vector<Notice> notices;
  absl::Time postponed_until = absl::InfinitePast();
  bool was_postponed = false;
};

class OpenStreams::Core {
 public:
  explicit Core(Rules rules) : rules_(std::move(rules)) {}

  void Run() {
    std::unique_lock<std::mutex> lock(mutex_);
    SteadyTime next_tick = std::chrono::steady_clock::now() + kTick;
    while (!stopping_) {
      waits_until_ = due_.empty() ? next_tick : std::min(next_tick, due_.begin()->first);
      wake_.wait_until(lock, waits_until_);
      if (stopping_) return;
      const SteadyTime now = std::chrono::steady_clock::now();
      if (now >= next_tick) {
        next_tick = now + kTick;
        if (ClockWasSet()) QueueAll();
        lock.unlock();
        Judge(rules_.changed());
        lock.lock();
      }
      // However many are due, none keeps the next look waiting.
      while (std::chrono::steady_clock::now() < next_tick && ServeOneDue(lock)) {
      }
    }
  }

  void Stop() {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }

  std::shared_ptr<Stream> Add(grpc_call* call, StreamFacts facts) {
    auto stream = std::make_shared<Stream>(call, std::move(facts));
    std::lock_guard<std::mutex> lock(mutex_);
    streams_.insert(stream);
    fresh_.push_back(stream);
    Queue(stream);
    return stream;
  }

  void Close(const std::shared_ptr<Stream>& stream) {
    std::vector<Stream::Notice> dropped;  // Destroyed outside the lock.
    std::unique_lock<std::mutex> lock(mutex_);
    stream->call = nullptr;
    Unqueue(stream);
    streams_.erase(stream);
    dropped.swap(stream->notices);
    lock.unlock();
  }

  NoticeId Notify(const std::shared_ptr<Stream>& stream, absl::Duration lead,
                  std::function<void()> notice) {
    std::lock_guard<std::mutex> lock(mutex_);
    const NoticeId id = ++last_notice_;
    if (stream->call == nullptr) return id;
    stream->notices.push_back({id, lead, std::move(notice)});
    Queue(stream);
    return id;
  }

  void Forget(const std::shared_ptr<Stream>& stream, NoticeId id) {
    std::function<void()> dropped;
    std::unique_lock<std::mutex> lock(mutex_);
    for (auto it = stream->notices.begin(); it != stream->notices.end(); ++it) {
      if (it->id != id) continue;
      dropped = std::move(it->work);
      stream->notices.erase(it);
      return;
    }
    if (std::this_thread::get_id() == thread_id_) return;
    idle_.wait(lock, [this, id] { return running_notice_ != id; });
  }

  size_t size() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return streams_.size();
  }

  int64_t wakes() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return wakes_;
  }

  void set_thread_id(std::thread::id id) {
    std::lock_guard<std::mutex> lock(mutex_);
    thread_id_ = id;
  }

 private:
  absl::Duration LeftOf(const Stream& stream) const {
    const absl::Time now = rules_.clock->Now();
    return std::max(std::min(stream.facts.ends_at - now,
                             stream.facts.ends_since_boot - rules_.clock->SinceBoot()),
                    stream.postponed_until - now);
  }

  // When something is to be done about the stream.
  SteadyTime DueOf(const Stream& stream, absl::Duration left) const {
    for (const Stream::Notice& notice : stream.notices) {
      left = std::min(left, LeftOf(stream) - notice.lead);
    }
    // Not sooner than a moment, unless it is over: the clock may need one to get there.
    left =
        std::max(left, left > absl::ZeroDuration() ? absl::Milliseconds(1) : absl::ZeroDuration());
    if (left > absl::Hours(24 * 365)) return SteadyTime::max();
    return std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(left);
  }

  void Unqueue(const std::shared_ptr<Stream>& stream) {
    if (!stream->queued) return;
    due_.erase(stream->due);
    stream->queued = false;
  }

  void Queue(const std::shared_ptr<Stream>& stream) {
    Unqueue(stream);
    const SteadyTime due = DueOf(*stream, LeftOf(*stream));
    if (due == SteadyTime::max()) return;
    stream->due = due_.emplace(due, stream);
    stream->queued = true;
    // Streams open all the time, and seldom to end before the thread looks anyway.
    if (due >= waits_until_) return;
    ++wakes_;
    wake_.notify_all();
  }

  // A clock that was set forward makes streams end earlier; one that was set back does not make
  // them end later, because the time since boot counts too.
  bool ClockWasSet() {
    const absl::Duration offset =
        rules_.clock->Now() - absl::UnixEpoch() -
        absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
    const bool set = absl::AbsDuration(offset - clock_offset_) > kClockStep;
    if (set) clock_offset_ = offset;
    return set;
  }

  void QueueAll() {
    for (const std::shared_ptr<Stream>& stream : streams_) Queue(stream);
  }

  // All, or those that began since the last time: something may have changed between a stream's
  // admission and its beginning.
  void Judge(bool all) {
    std::vector<std::shared_ptr<Stream>> streams;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      streams.swap(fresh_);
      if (all) {
        streams.assign(streams_.begin(), streams_.end());
        for (const auto& stream : streams) {
          if (stream->postponed_until == absl::InfinitePast()) continue;
          stream->postponed_until = absl::InfinitePast();
          Queue(stream);
        }
      }
    }
    for (const std::shared_ptr<Stream>& stream : streams) {
      const auto end = rules_.judge(stream->facts);
      if (end.has_value()) End(stream, *end);
      std::unique_lock<std::mutex> lock(mutex_);
      if (stopping_) return;
      ServeOneDue(lock);  // However many are judged, they do not keep those waiting.
    }
  }

  // Ends, postpones or gives notice of the stream whose time came first. False if none's has.
  bool ServeOneDue(std::unique_lock<std::mutex>& lock) {
    if (stopping_ || due_.empty() || due_.begin()->first > std::chrono::steady_clock::now()) {
      return false;
    }
    const std::shared_ptr<Stream> stream = due_.begin()->second;
    Unqueue(stream);
    if (LeftOf(*stream) <= absl::ZeroDuration()) {
      lock.unlock();
      const absl::Time until = rules_.postpone(stream->facts, stream->was_postponed);
      const bool ends = until <= rules_.clock->Now();
      if (ends) End(stream, stream->facts.end);
      lock.lock();
      if (ends || stopping_ || stream->call == nullptr) return true;
      stream->postponed_until = until;
      stream->was_postponed = true;
      Queue(stream);
    } else {
      RunNotices(stream, lock);
      if (stream->call != nullptr && !stopping_) Queue(stream);
    }
    return true;
  }

  void RunNotices(const std::shared_ptr<Stream>& stream, std::unique_lock<std::mutex>& lock) {
    while (!stopping_ && stream->call != nullptr) {
      const absl::Duration left = LeftOf(*stream);
      const auto due =
          std::find_if(stream->notices.begin(), stream->notices.end(),
                       [left](const Stream::Notice& notice) { return left <= notice.lead; });
      if (due == stream->notices.end()) return;
      std::function<void()> work = std::move(due->work);
      running_notice_ = due->id;
      stream->notices.erase(due);
      lock.unlock();
      work();
      work = nullptr;
      lock.lock();
      running_notice_ = 0;
      idle_.notify_all();
    }
  }

  void End(const std::shared_ptr<Stream>& stream, const StreamEnd& end) {
    grpc_call* call;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      call = std::exchange(stream->call, nullptr);
      if (call == nullptr) return;
      grpc_call_ref(call);
    }
    const std::string id = NewDecisionId();
    rules_.ended(stream->facts, end, id);
    const std::string text = WireMessage(AuthFailureWireText(end.failure), id);
    grpc_call_cancel_with_status(call, static_cast<grpc_status_code>(AuthFailureCode(end.failure)),
                                 text.c_str(), nullptr);
    grpc_call_unref(call);
  }

  const Rules rules_;
  mutable std::mutex mutex_;
  std::condition_variable wake_, idle_;
  // All guarded by mutex_, but for clock_offset_, which is the thread's own.
  bool stopping_ = false;
  std::thread::id thread_id_;
  std::unordered_set<std::shared_ptr<Stream>> streams_;
  std::vector<std::shared_ptr<Stream>> fresh_;  // Not judged yet.
  std::multimap<SteadyTime, std::shared_ptr<Stream>> due_;
  SteadyTime waits_until_ = SteadyTime::min();  // Written by the thread alone.
  int64_t wakes_ = 0;
  NoticeId last_notice_ = 0;
  NoticeId running_notice_ = 0;
  absl::Duration clock_offset_;
};

OpenStreams::OpenStreams(Rules rules)
    : core_(std::make_shared<Core>(std::move(rules))), thread_([core = core_] { core->Run(); }) {
  core_->set_thread_id(thread_.get_id());
}

OpenStreams::~OpenStreams() {
  core_->Stop();
  if (thread_.get_id() == std::this_thread::get_id()) {
    thread_.detach();
  } else {
    thread_.join();
  }
}

std::shared_ptr<OpenStreams::Stream> OpenStreams::Add(grpc_call* call, StreamFacts facts) {
  return core_->Add(call, std::move(facts));
}

void OpenStreams::Close(const std::shared_ptr<Stream>& stream) { core_->Close(stream); }

OpenStreams::NoticeId OpenStreams::Notify(const std::shared_ptr<Stream>& stream,
                                          absl::Duration lead, std::function<void()> notice) {
  return core_->Notify(stream, lead, std::move(notice));
}

void OpenStreams::Forget(const std::shared_ptr<Stream>& stream, NoticeId id) {
  core_->Forget(stream, id);
}

size_t OpenStreams::size() const { return core_->size(); }

int64_t OpenStreams::wakes() const { return core_->wakes(); }

}  // namespace lanyard::internal
