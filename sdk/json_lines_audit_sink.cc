// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/json_lines_audit_sink.h"

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "lanyard/sdk/algorithm.h"
#include "lanyard/sdk/audit_json.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/sdk/internal/log.h"
#include "lanyard/sdk/internal/log_file.h"
#include "lanyard/sdk/internal/refusal_sampler.h"

namespace lanyard {
namespace {

using internal::RefusalSampler;
using SteadyClock = std::chrono::steady_clock;

// How often what was not written one by one is told.
constexpr auto kSummaryInterval = std::chrono::seconds(10);

constexpr size_t kMaxMethodBytes = 512;
constexpr size_t kMaxSecretBytes = 64 * 1024;

using NameWriter = std::function<std::string(absl::string_view)>;

// What ends a process that does not expect it, where writing fails: of a pipe whose reader is gone,
// and of a file beyond the process's limit. Blocked, it is an error like any other.
void BlockSignalsOfFiles() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  sigaddset(&signals, SIGXFSZ);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

class Sink final : public AuditSink {
 public:
  Sink(const JsonLinesAuditOptions& options, NameWriter name_of)
      : file_({options.file, options.max_file_bytes, options.keep_files}),
        name_of_(std::move(name_of)),
        max_waiting_(options.max_waiting),
        sampler_(options.refusals_per_second) {}

  ~Sink() override {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  absl::Status Start() {
    if (absl::Status status = file_.Open(SteadyClock::now()); !status.ok()) return status;
    thread_ = std::thread([this] { Run(); });
    return absl::OkStatus();
  }

  bool Record(const AuditEvent& event) override {
    std::unique_lock<std::mutex> lock(mutex_);
    // Somebody nobody knows: all that a flood is made of.
    const bool of_stranger = !event.caller.authenticated();
    if (of_stranger && event.failure.has_value() &&
        !sampler_.Admit(*event.failure, event.peer, SteadyClock::now())) {
      ++status_.sampled;
      return true;
    }
    if (waiting_.size() >= (of_stranger ? max_waiting_ / 2 : max_waiting_)) {
      ++status_.dropped;
      return false;
    }
    waiting_.push_back(event);
    // Longer than a line shows; the bound on events is to be one on memory.
    if (event.method.size() > kMaxMethodBytes) {
      waiting_.back().method = event.method.substr(0, kMaxMethodBytes);
    }
    const bool failing = !status_.last_error.empty();
    lock.unlock();
    wake_.notify_one();
    return !failing;
  }

  AuditStatus Status() const override {
    std::lock_guard<std::mutex> lock(mutex_);
    return status_;
  }

 private:
  void Run() {
    BlockSignalsOfFiles();
    SteadyClock::time_point next_summary = SteadyClock::now() + kSummaryInterval;
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
      wake_.wait_until(lock, next_summary, [this] { return stopping_ || !waiting_.empty(); });
      const bool last = stopping_;
      std::vector<AuditEvent> events = std::exchange(waiting_, {});
      RefusalSampler::Counts counts;
      if (last || SteadyClock::now() >= next_summary) {
        counts = sampler_.Take();
        next_summary = SteadyClock::now() + kSummaryInterval;
      }
      lock.unlock();
      Write(events, counts);
      events.clear();
      lock.lock();
      if (last && waiting_.empty()) return;
    }
  }

  void Write(const std::vector<AuditEvent>& events, const RefusalSampler::Counts& counts) {
    if (events.empty() && counts.empty()) return;
    std::string lines;
    for (const AuditEvent& event : events)
      absl::StrAppend(&lines, AuditJson(event, name_of_), "\n");
    for (const auto& [what, count] : counts) {
      internal::JsonObject line;
      line.Text("time", AuditTime(absl::Now())).Text("decision", "sampled");
      line.Text("reason", AuthFailureName(what.first));
      if (!what.second.empty()) line.Text("peer", what.second.substr(0, 256));
      absl::StrAppend(&lines, line.Json("count", absl::StrCat(count)).Finish(), "\n");
    }
    absl::Status status = file_.Open(SteadyClock::now());
    if (status.ok()) status = file_.Write(lines, stopping_);
    std::lock_guard<std::mutex> lock(mutex_);
    (status.ok() ? status_.written : status_.dropped) += static_cast<int64_t>(events.size());
    if (status.ok() != status_.last_error.empty()) {
      internal::LogLine(status.ok()
                            ? "the audit sink writes again"
                            : absl::StrCat("ALARM: audit events are lost: ", status.message()));
    }
    status_.last_error = status.ok() ? "" : std::string(status.message());
  }

  internal::LogFile file_;  // The thread's own, once it runs.
  const NameWriter name_of_;
  const size_t max_waiting_;
  std::atomic<bool> stopping_{false};  // Written under mutex_.
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<AuditEvent> waiting_;  // Guarded by mutex_.
  RefusalSampler sampler_;           // Guarded by mutex_.
  AuditStatus status_;               // Guarded by mutex_.
  std::thread thread_;
};

absl::Status CheckOptions(const JsonLinesAuditOptions& options) {
  const auto range = [](absl::string_view name, auto value, auto least, auto most) {
    if (value >= least && value <= most) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("JsonLinesAuditOptions.", name, ": must be ",
                                                   least, " to ", most, ", and is ", value));
  };
  if (absl::Status s =
          range("max_file_bytes", options.max_file_bytes, size_t{1} << 16, size_t{1} << 40);
      !s.ok()) {
    return s;
  }
  if (absl::Status s = range("keep_files", options.keep_files, 1, 1000); !s.ok()) return s;
  if (absl::Status s = range("max_waiting", options.max_waiting, size_t{64}, size_t{10'000'000});
      !s.ok()) {
    return s;
  }
  return range("refusals_per_second", options.refusals_per_second, 1, 1'000'000);
}

absl::StatusOr<NameWriter> HashedNames(const std::string& file) {
  auto secret = internal::ReadPrivateFile(file, kMaxSecretBytes);
  if (!secret.ok()) return secret.status();
  auto key = internal::MakeHmac(*std::move(secret));
  if (!key.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("JsonLinesAuditOptions.hash_subjects_with: ", key.status().message()));
  }
  return NameWriter([key = *std::move(key)](absl::string_view name) {
    const auto tag = key->Sign(Algorithm::kHs256, name);
    return tag.ok() ? absl::StrCat("hmac:", absl::BytesToHexString(tag->substr(0, 16)))
                    : std::string("hmac");
  });
}

}  // namespace

absl::StatusOr<std::shared_ptr<AuditSink>> JsonLinesAuditSink(JsonLinesAuditOptions options) {
  if (absl::Status status = CheckOptions(options); !status.ok()) return status;
  NameWriter name_of;
  if (!options.hash_subjects_with.empty()) {
    auto hashed = HashedNames(options.hash_subjects_with);
    if (!hashed.ok()) return hashed.status();
    name_of = *std::move(hashed);
  }
  auto sink = std::make_shared<Sink>(options, std::move(name_of));
  if (absl::Status status = sink->Start(); !status.ok()) return status;
  return std::shared_ptr<AuditSink>(std::move(sink));
}

}  // namespace lanyard
