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

ConfigWatcher::ConfigWatcher(std::shared_ptr<ServerState> state, std::string loaded)
    : state_(std::move(state)), seen_(std::move(loaded)), thread_(kInterval, [this] { Poll(); }) {}

std::string ConfigWatcher::ContentsOf(const SnapshotSources& sources) {
  std::string all;
  for (const auto* paths : {&sources.config_files, &sources.shadow_config_files}) {
    for (const std::string& path : *paths) {
      const auto text = ReadFile(path, kMaxFileBytes);
      absl::StrAppend(&all, text.ok() ? Sha256(text->view()) : "?");
    }
  }
  return all;
}

void ConfigWatcher::Poll() {
  state_->DropRetired();
  std::string contents = ContentsOf(state_->settings.sources);
  const SteadyTime now = std::chrono::steady_clock::now();
  if (contents != seen_) {
    seen_ = std::move(contents);
    seen_at_ = now;
    if (!waiting_) waits_since_ = now;
    waiting_ = true;
    // A mistake shows at once; what rules changes only when the files are still.
    state_->CheckConfig();
    if (now - waits_since_ < kLongestWait) return;
  }
  const bool is_due = waiting_ && (now - seen_at_ >= kQuiet || now - waits_since_ >= kLongestWait);
  if (!is_due && !(failed_ && !waiting_ && now - tried_at_ >= kRetry)) return;
  waiting_ = false;
  tried_at_ = now;
  const absl::Status status = state_->Reload();
  failed_ = !status.ok();
  if (status.ok()) {
    error_.clear();
    LogLine("the config has been read again");
  } else if (error_ != status.message()) {
    error_ = std::string(status.message());
    LogLine(
        absl::StrCat("the config was NOT read again, the last good one goes on ruling: ", error_));
  }
}

}  // namespace lanyard::internal
