// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/worker_threads.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace lanyard::internal {

struct WorkerThreads::State {
  explicit State(int threads) : max_threads(threads) {}

  void Loop() {
    std::unique_lock<std::mutex> lock(mutex);
    for (;;) {
      ++idle;
      wake.wait(lock, [this] { return stop || !queue.empty(); });
      --idle;
      if (queue.empty()) return;
      Work work = std::move(queue.front());
      queue.pop_front();
      lock.unlock();
      work(stop);
      work = nullptr;  // What it holds may be the last of something.
      lock.lock();
    }
  }

  const size_t max_threads;
  std::atomic<bool> stop{false};
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Work> queue;  // All below guarded by mutex.
  size_t idle = 0;
  std::vector<std::thread> threads;
};

WorkerThreads::WorkerThreads(int max_threads) : state_(std::make_shared<State>(max_threads)) {}

WorkerThreads::~WorkerThreads() {
  std::vector<std::thread> threads;
  {
    std::lock_guard<std::mutex> lock(state_->mutex);
    state_->stop = true;
    threads.swap(state_->threads);
  }
  state_->wake.notify_all();
  for (std::thread& thread : threads) {
    if (thread.get_id() == std::this_thread::get_id()) {
      thread.detach();
    } else {
      thread.join();
    }
  }
}

void WorkerThreads::Run(Work work) {
  const std::shared_ptr<State> state = state_;  // The work may destroy this before Run() returns.
  {
    std::lock_guard<std::mutex> lock(state->mutex);
    state->queue.push_back(std::move(work));
    // At the end nobody would wait for a new thread, and the one that asks comes back to the queue.
    if (!state->stop && state->queue.size() > state->idle &&
        state->threads.size() < state->max_threads) {
      state->threads.emplace_back([state] { state->Loop(); });
    }
  }
  state->wake.notify_one();
}

}  // namespace lanyard::internal
