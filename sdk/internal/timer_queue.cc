// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/timer_queue.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace lanyard::internal {

// Owned by the queue and by its thread, so that work may destroy the queue.
struct TimerQueue::State {
  struct Timer {
    Id id;
    std::function<void()> work;
  };
  using Timers = std::multimap<TimePoint, Timer>;

  void Run();

  std::mutex mutex;
  std::condition_variable wake;
  Timers timers;  // Guarded by mutex, as is all below.
  std::unordered_map<Id, Timers::iterator> by_id;
  Id next_id = 1;
  bool stopping = false;
};

TimerQueue::TimerQueue()
    : state_(std::make_shared<State>()), thread_([state = state_] { state->Run(); }) {}

TimerQueue::~TimerQueue() {
  {
    std::lock_guard<std::mutex> lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_all();
  if (thread_.get_id() == std::this_thread::get_id()) {
    thread_.detach();
  } else {
    thread_.join();
  }
}

TimerQueue::Id TimerQueue::Add(TimePoint when, std::function<void()> work) {
  std::lock_guard<std::mutex> lock(state_->mutex);
  const Id id = state_->next_id++;
  const auto it = state_->timers.emplace(when, State::Timer{id, std::move(work)});
  state_->by_id.emplace(id, it);
  if (it == state_->timers.begin()) state_->wake.notify_all();
  return id;
}

void TimerQueue::Cancel(Id id) {
  std::function<void()> dropped;  // Declared first, so destroyed after the lock is released.
  std::lock_guard<std::mutex> lock(state_->mutex);
  const auto it = state_->by_id.find(id);
  if (it == state_->by_id.end()) return;
  dropped = std::move(it->second->second.work);
  state_->timers.erase(it->second);
  state_->by_id.erase(it);
}

void TimerQueue::State::Run() {
  std::unique_lock<std::mutex> lock(mutex);
  while (!stopping) {
    if (timers.empty()) {
      wake.wait(lock);
      continue;
    }
    const TimePoint when = timers.begin()->first;  // A copy: the entry may go while we wait.
    if (std::chrono::steady_clock::now() < when) {
      wake.wait_until(lock, when);
      continue;
    }
    std::function<void()> work = std::move(timers.begin()->second.work);
    by_id.erase(timers.begin()->second.id);
    timers.erase(timers.begin());
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
  }
}

}  // namespace lanyard::internal
