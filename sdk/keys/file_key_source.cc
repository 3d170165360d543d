// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/keys/file_key_source.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/folder.h"
#include "lanyard/sdk/internal/log.h"
#include "lanyard/sdk/internal/periodic_thread.h"
#include "lanyard/sdk/keys/current_mark.h"

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
  bool IsCurrent(const std::shared_ptr<const KeySet>& keys) const override {
    return current_.Is(keys, absl::ZeroDuration());
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
  struct File {
    std::string digest;
    KeySet keys;
  };
  using Files = std::map<std::string, File>;  // By path.

  absl::StatusOr<std::vector<std::string>> Paths() const {
    if (!internal::IsFolder(options_.path)) return std::vector<std::string>{options_.path};
    return internal::FilesIn(options_.path, internal::KeyFileEndings(), KeySet::kMaxKeys);
  }

  // The file as it is now, or as it was while it can not be read.
  absl::Status LoadFile(const std::string& path, Files* files) const {
    const auto old = files_.find(path);
    const bool known = old != files_.end();
    if (known) files->insert(*old);
    const auto text = internal::ReadFile(path, KeySet::kMaxBytes);
    if (!text.ok()) return text.status();
    std::string digest = internal::Sha256(text->view());
    if (known && old->second.digest == digest) return absl::OkStatus();
    auto keys = KeySet::FromText(text->view());
    if (!keys.ok()) return Named(path, keys.status());
    (*files)[path] = {std::move(digest), *std::move(keys)};
    return absl::OkStatus();
  }

  static bool AreTheSame(const Files& a, const Files& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
      return x.first == y.first && x.second.digest == y.second.digest;
    });
  }

  absl::StatusOr<KeySet> Bound(const Files& files) const {
    std::vector<const KeySet*> sets;
    for (const auto& file : files) sets.push_back(&file.second.keys);
    const auto all = KeySet::Join(sets);
    return all.ok() ? all->BindTo(options_.algorithms, options_.use) : all.status();
  }

  absl::Status Load() {
    const auto paths = Paths();
    if (!paths.ok()) return paths.status();
    Files files;
    absl::Status broken;
    for (const std::string& path : *paths) broken.Update(LoadFile(path, &files));
    const bool first = keys_ == nullptr;
    if (first && !broken.ok()) return broken;
    if (first && files.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(options_.path, ": no file of keys in the folder; their names end in ",
                       absl::StrJoin(internal::KeyFileEndings(), ", ")));
    }
    if (!first && AreTheSame(files, files_)) return broken;
    // A folder that has been emptied is a withdrawal of all keys; one that cannot be read is not.
    if (files.empty() && !broken.ok()) return broken;
    auto set = files.empty() ? KeySet() : Bound(files);
    if (!set.ok()) return Named(options_.path, set.status());
    if (files.empty()) {
      internal::LogLine(absl::StrCat(options_.path, ": ALARM: the last file of keys is gone"));
    }
    for (const std::string& warning : set->warnings()) {
      internal::LogLine(absl::StrCat(options_.path, ": ", warning));
    }
    files_ = std::move(files);
    auto keys = std::make_shared<const KeySet>(*std::move(set));
    std::lock_guard<std::mutex> lock(mutex_);
    keys_ = std::move(keys);
    current_.Set(keys_);
    return broken;
  }

  const FileKeySourceOptions options_;
  std::mutex reload_mutex_;
  Files files_;  // What keys_ is made of. Guarded by reload_mutex_, as is last_error_.
  std::string last_error_;
  mutable std::mutex mutex_;
  std::shared_ptr<const KeySet> keys_;              // Written under both, read under either.
  internal::CurrentMark current_;                   // Of keys_.
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
