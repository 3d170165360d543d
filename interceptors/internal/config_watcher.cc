// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/config_watcher.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/log.h"

namespace lanyard::internal {
namespace {

constexpr std::chrono::milliseconds kInterval(250);
constexpr std::chrono::seconds kQuiet(2);
constexpr std::chrono::seconds kLongestWait(15);  // For files that are never still.
constexpr std::chrono::seconds kRetry(3);
constexpr size_t kMaxFileBytes = 1 << 20;

}  // namespace

ConfigWatcher::ConfigWatcher(WatchedConfig config, std::string loaded)
    : config_(std::move(config)),
      seen_(std::move(loaded)),
      thread_(kInterval, [this] { Poll(); }) {}

std::string ConfigWatcher::ContentsOf(const std::vector<std::string>& files) {
  std::string all;
  for (const std::string& path : files) {
    const auto text = ReadFile(path, kMaxFileBytes);
    absl::StrAppend(&all, text.ok() ? Sha256(text->view()) : "?");
  }
  return all;
}

void ConfigWatcher::Poll() {
  if (config_.each_look) config_.each_look();
  std::string contents = ContentsOf(config_.files);
  const SteadyTime now = std::chrono::steady_clock::now();
  if (contents != seen_) {
    seen_ = std::move(contents);
    seen_at_ = now;
    if (!waiting_) waits_since_ = now;
    waiting_ = true;
    if (config_.at_once) config_.at_once();
    if (now - waits_since_ < kLongestWait) return;
  }
  const bool is_due = waiting_ && (now - seen_at_ >= kQuiet || now - waits_since_ >= kLongestWait);
  if (!is_due && !(failed_ && !waiting_ && now - tried_at_ >= kRetry)) return;
  waiting_ = false;
  tried_at_ = now;
  const absl::Status status = config_.when_still();
  failed_ = !status.ok();
  if (status.ok()) {
    error_.clear();
    LogLine(absl::StrCat(config_.name, " has been read again"));
  } else if (error_ != status.message()) {
    error_ = std::string(status.message());
    LogLine(absl::StrCat(config_.name,
                         " was NOT read again, the last good one goes on ruling: ", error_));
  }
}

}  // namespace lanyard::internal
