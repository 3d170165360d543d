// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/keys/file_key_source.h"

#include <mutex>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/folder.h"
#include "lanyard/sdk/internal/log.h"
#include "lanyard/sdk/internal/periodic_thread.h"

namespace lanyard {
namespace {

absl::Status Named(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
}

class PollingFileKeySource final : public FileKeySource {
 public:
  explicit PollingFileKeySource(FileKeySourceOptions options) : options_(std::move(options)) {}

  void Start() {
    poller_.emplace(std::chrono::milliseconds(absl::ToInt64Milliseconds(options_.poll_interval)),
                    [this] { (void)Reload(); });
  }

  std::shared_ptr<const KeySet> Current() const override {
    std::lock_guard<std::mutex> lock(mutex_);
    return keys_;
  }

  absl::Status Reload() override {
    std::lock_guard<std::mutex> reading(reload_mutex_);
    absl::Status status = Load();
    // Create() reports the first look itself; later ones are logged when they change.
    if (keys_ != nullptr && status.message() != last_error_) {
      last_error_ = std::string(status.message());
      if (!status.ok()) {
        internal::LogLine(
            absl::StrCat("keys not reloaded, the last good ones stay: ", last_error_));
      } else {
        internal::LogLine(absl::StrCat("keys readable again: ", options_.path));
      }
    }
    return status;
  }

 private:
  absl::Status Load() {
    std::vector<std::string> paths = {options_.path};
    if (internal::IsFolder(options_.path)) {
      auto files = internal::FilesIn(options_.path, "", KeySet::kMaxKeys);
      if (!files.ok()) return files.status();
      if (files->empty()) {
        return absl::InvalidArgumentError(
            absl::StrCat(options_.path, ": a folder without a file of keys"));
      }
      paths = *std::move(files);
    }
    std::vector<internal::Secret> texts;
    std::string digests;
    for (const std::string& path : paths) {
      auto text = internal::ReadFile(path, KeySet::kMaxBytes);
      if (!text.ok()) return text.status();
      digests += internal::Sha256(text->view());
      texts.push_back(*std::move(text));
    }
    std::string digest = internal::Sha256(digests);
    if (digest == last_digest_) return absl::OkStatus();
    std::vector<Key> all;
    for (size_t i = 0; i < paths.size(); ++i) {
      auto part = KeySet::FromText(texts[i].view());
      if (!part.ok()) return Named(paths[i], part.status());
      for (const std::string& warning : part->warnings()) {
        internal::LogLine(absl::StrCat(paths[i], ": ", warning));
      }
      all.insert(all.end(), part->keys().begin(), part->keys().end());
    }
    auto set = KeySet(std::move(all)).BindTo(options_.algorithms, options_.use);
    if (!set.ok()) return Named(options_.path, set.status());
    for (const std::string& warning : set->warnings()) {
      internal::LogLine(absl::StrCat(options_.path, ": ", warning));
    }
    last_digest_ = std::move(digest);
    auto keys = std::make_shared<const KeySet>(*std::move(set));
    std::lock_guard<std::mutex> lock(mutex_);
    keys_ = std::move(keys);
    return absl::OkStatus();
  }

  const FileKeySourceOptions options_;
  std::mutex reload_mutex_;
  std::string last_digest_;  // Guarded by reload_mutex_, as is last_error_.
  std::string last_error_;
  mutable std::mutex mutex_;
  std::shared_ptr<const KeySet> keys_;              // Written under both, read under either.
  std::optional<internal::PeriodicThread> poller_;  // Last: its thread uses the rest.
};

}  // namespace

absl::StatusOr<std::unique_ptr<FileKeySource>> FileKeySource::Create(FileKeySourceOptions options) {
  if (options.path.empty()) return absl::InvalidArgumentError("FileKeySourceOptions.path is empty");
  if (options.algorithms.empty()) {
    return absl::InvalidArgumentError("FileKeySourceOptions.algorithms is empty");
  }
  if (options.poll_interval < absl::Milliseconds(10)) {
    return absl::InvalidArgumentError("FileKeySourceOptions.poll_interval is below 10 ms");
  }
  auto source = std::make_unique<PollingFileKeySource>(std::move(options));
  if (absl::Status status = source->Reload(); !status.ok()) return status;
  source->Start();
  return source;
}

}  // namespace lanyard
