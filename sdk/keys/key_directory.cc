// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/keys/key_directory.h"

#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/folder.h"
#include "lanyard/sdk/internal/log.h"
#include "lanyard/sdk/internal/periodic_thread.h"
#include "lanyard/sdk/keys/current_mark.h"
#include "lanyard/sdk/keys/dated_key.h"
#include "lanyard/sdk/keys/key_set.h"

namespace lanyard {
namespace {

std::string KeysOf(const KeySet& keys) {
  std::string text;
  for (const Key& key : keys.keys()) {
    absl::StrAppend(&text, key.id(), " ", AlgorithmName(*key.algorithm()), "\n");
  }
  return text;
}

class PollingKeyDirectory final : public KeyDirectory {
 public:
  explicit PollingKeyDirectory(KeyDirectoryOptions options) : options_(std::move(options)) {}

  void Start() {
    poller_.emplace(std::chrono::milliseconds(absl::ToInt64Milliseconds(options_.poll_interval)),
                    [this] { (void)Reload(); });
  }

  std::shared_ptr<const KeySet> Current() const override {
    std::lock_guard<std::mutex> lock(mutex_);
    return published_;
  }
  bool IsCurrent(const std::shared_ptr<const KeySet>& keys) const override {
    return current_.Is(keys, absl::ZeroDuration());
  }

  Key ActiveKey() const override {
    const absl::Time now = options_.clock->Now();
    std::shared_ptr<const DatedKeys> keys;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      keys = keys_;
    }
    return keys->Active(now)->key;
  }

  absl::Status Health() const override {
    std::lock_guard<std::mutex> lock(mutex_);
    return health_;
  }

  absl::Status Reload() override {
    std::lock_guard<std::mutex> reading(reload_mutex_);
    absl::Status status = Load();
    {
      std::lock_guard<std::mutex> lock(mutex_);
      health_ = status;
    }
    // Create() reports the first look itself; later ones are logged when they change.
    if (published_ != nullptr && status.message() != last_error_) {
      last_error_ = std::string(status.message());
      internal::LogLine(
          status.ok()
              ? absl::StrCat("key directory readable again: ", options_.path)
              : absl::StrCat("key directory not reloaded, the last good keys stay: ", last_error_));
    }
    return status;
  }

 private:
  absl::Status Load() {
    auto read = ReadDatedKeys(options_.path);
    if (read.ok() && read->keys().empty()) {
      read = absl::NotFoundError(
          absl::StrCat(options_.path, ": no key in it; \"lanyard key rotate\" makes the first"));
    }
    if (read.ok()) return Take(*std::move(read));
    // Time goes on, and a file that was removed was removed for a reason.
    if (keys_ != nullptr) {
      std::vector<DatedKey> left;
      for (const DatedKey& key : keys_->keys()) {
        if (!IsRemoved(key.key.id())) left.push_back(key);
      }
      if (!left.empty()) (void)Take(DatedKeys(std::move(left)));
    }
    return read.status();
  }

  bool IsRemoved(const std::string& key_id) const {
    struct stat info;
    return lstat(absl::StrCat(options_.path, "/", FileNameOf(key_id)).c_str(), &info) != 0 &&
           errno == ENOENT && internal::IsFolder(options_.path);
  }

  absl::Status Take(DatedKeys dated) {
    const absl::Time now = options_.clock->Now();
    auto halves = dated.Published(now);
    if (!halves.ok()) return halves.status();
    auto published = std::make_shared<const KeySet>(*std::move(halves));
    // The same keys keep the verdicts that were made with them.
    if (published_ != nullptr && KeysOf(*published) == KeysOf(*published_)) published = published_;
    auto keys = std::make_shared<const DatedKeys>(std::move(dated));
    std::lock_guard<std::mutex> lock(mutex_);
    keys_ = std::move(keys);
    published_ = std::move(published);
    current_.Set(published_);
    return absl::OkStatus();
  }

  const KeyDirectoryOptions options_;
  std::mutex reload_mutex_;
  std::string last_error_;  // Guarded by reload_mutex_.
  mutable std::mutex mutex_;
  // Written under both, read under either.
  std::shared_ptr<const DatedKeys> keys_;
  std::shared_ptr<const KeySet> published_;
  internal::CurrentMark current_;                   // Of published_.
  absl::Status health_;                             // Guarded by mutex_.
  std::optional<internal::PeriodicThread> poller_;  // Last: its thread uses the rest.
};

}  // namespace

absl::StatusOr<std::unique_ptr<KeyDirectory>> KeyDirectory::Create(KeyDirectoryOptions options) {
  if (options.path.empty()) return absl::InvalidArgumentError("KeyDirectoryOptions.path is empty");
  if (options.poll_interval < absl::Milliseconds(10)) {
    return absl::InvalidArgumentError("KeyDirectoryOptions.poll_interval is below 10 ms");
  }
  if (options.clock == nullptr) {
    return absl::InvalidArgumentError("KeyDirectoryOptions.clock is null");
  }
  auto directory = std::make_unique<PollingKeyDirectory>(std::move(options));
  if (absl::Status status = directory->Reload(); !status.ok()) return status;
  directory->Start();
  return directory;
}

}  // namespace lanyard
