// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/keys/key_rotation.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/private_file.h"
#include "lanyard/sdk/internal/redaction.h"

namespace lanyard {
namespace {

// Of a server's config.
constexpr absl::Duration kLongestLeeway = absl::Minutes(5);
constexpr absl::Duration kLongestRefresh = absl::Hours(1);

absl::Status FolderError(const std::string& folder, int error) {
  return absl::UnavailableError(
      absl::StrCat(internal::PrintablePath(folder), ": ", std::generic_category().message(error)));
}

// Keeps other processes out, and makes the names in the folder last.
class LockedFolder {
 public:
  static absl::StatusOr<LockedFolder> Lock(const std::string& path) {
    const int file = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) return FolderError(path, errno);
    LockedFolder folder(path, file);
    while (flock(file, LOCK_EX) != 0) {
      if (errno != EINTR) return FolderError(path, errno);
    }
    return folder;
  }
  LockedFolder(LockedFolder&& other) noexcept
      : path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)) {}
  LockedFolder& operator=(LockedFolder&&) = delete;
  ~LockedFolder() {
    if (file_ >= 0) close(file_);
  }

  absl::Status Write(const DatedKey& key, bool replace) const {
    const auto text = DatedKeyToJwk(key);
    if (!text.ok()) return text.status();
    absl::Status status = internal::WritePrivateFile(PathOf(key.key), text->view(), replace);
    return status.ok() ? Sync() : status;
  }
  absl::Status Remove(const Key& key) const {
    if (unlink(PathOf(key).c_str()) != 0) return FolderError(PathOf(key), errno);
    return Sync();
  }
  // The keys, after the files of those that are gone have been removed.
  absl::StatusOr<DatedKeys> ReadAndPrune(absl::Time now) const {
    auto keys = ReadDatedKeys(path_);
    if (!keys.ok()) return keys.status();
    std::vector<DatedKey> left;
    for (size_t i = 0; i < keys->keys().size(); ++i) {
      const DatedKey& key = keys->keys()[i];
      if (keys->StateOf(i, now) != DatedKeys::State::kGone) {
        left.push_back(key);
      } else if (absl::Status status = Remove(key.key); !status.ok()) {
        return status;
      }
    }
    return DatedKeys(std::move(left));
  }

 private:
  LockedFolder(std::string path, int file) : path_(std::move(path)), file_(file) {}

  std::string PathOf(const Key& key) const { return absl::StrCat(path_, "/", FileNameOf(key)); }
  absl::Status Sync() const {
    return fsync(file_) == 0 || errno == EINVAL ? absl::OkStatus() : FolderError(path_, errno);
  }

  std::string path_;
  int file_;
};

absl::StatusOr<DatedKey> MakeKey(Algorithm algorithm, absl::Time now, absl::Time active_from,
                                 absl::Duration keep_previous) {
  auto key = Key::Generate(algorithm);
  if (!key.ok()) return key.status();
  now = absl::FromUnixSeconds(absl::ToUnixSeconds(now));
  active_from = absl::FromUnixSeconds(absl::ToUnixSeconds(active_from));
  return DatedKey{*std::move(key), now, active_from, keep_previous};
}

absl::Status NoAlgorithm() {
  return absl::InvalidArgumentError("algorithm: required for the first key, ES256 if in doubt");
}

absl::Status CheckOptions(const RotationOptions& options) {
  if (options.publish_ahead < absl::Minutes(10) || options.publish_ahead > absl::Hours(24 * 30)) {
    return absl::InvalidArgumentError("publish_ahead: must be 10 min to 30 days");
  }
  if (options.token_lifetime < absl::Minutes(1) || options.token_lifetime > absl::Hours(24 * 31)) {
    return absl::InvalidArgumentError("token_lifetime: must be 1 min to 31 days");
  }
  if (options.algorithm.has_value() && IsHmac(*options.algorithm)) {
    return absl::InvalidArgumentError(
        "algorithm: a key directory is published, and HMAC secrets have no public half");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<DatedKey> RotateKeys(const std::string& folder, const RotationOptions& options,
                                    absl::Time now) {
  if (absl::Status status = CheckOptions(options); !status.ok()) return status;
  if (!options.algorithm.has_value() && access(folder.c_str(), F_OK) != 0) return NoAlgorithm();
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return FolderError(folder, errno);
  const auto locked = LockedFolder::Lock(folder);
  if (!locked.ok()) return locked.status();
  const auto keys = locked->ReadAndPrune(now);
  if (!keys.ok()) return keys.status();
  const bool first = keys->keys().empty();
  if (first && !options.algorithm.has_value()) return NoAlgorithm();
  if (!first && keys->keys().back().active_from > now) {
    return absl::AlreadyExistsError(
        absl::StrCat("a next key waits: ", keys->keys().back().key.id(), " signs from ",
                     absl::FormatTime(keys->keys().back().active_from, absl::UTCTimeZone())));
  }
  auto key = MakeKey(
      options.algorithm.has_value() ? *options.algorithm : *keys->keys().back().key.algorithm(),
      now, first ? now : now + options.publish_ahead,
      options.token_lifetime + kLongestLeeway + kLongestRefresh);
  if (!key.ok()) return key.status();
  if (absl::Status status = locked->Write(*key, /*replace=*/false); !status.ok()) return status;
  return key;
}

absl::StatusOr<DatedKey> RevokeKey(const std::string& folder, absl::string_view key_id,
                                   absl::Time now) {
  const auto locked = LockedFolder::Lock(folder);
  if (!locked.ok()) return locked.status();
  const auto keys = locked->ReadAndPrune(now);
  if (!keys.ok()) return keys.status();
  const DatedKey* revoked = nullptr;
  const DatedKey* next = nullptr;
  for (const DatedKey& key : keys->keys()) {
    if (key.key.id() == key_id) {
      revoked = &key;
    } else if (next == nullptr && key.active_from > now) {
      next = &key;
    }
  }
  if (revoked == nullptr) {
    return absl::NotFoundError(
        absl::StrCat(internal::PrintablePath(folder), ": no key has that id (kid)"));
  }
  DatedKey active = *keys->Active(now);
  // The successor first, so that there is a key at any instant.
  if (active.key.id() == key_id && next != nullptr) {
    active = *next;
    active.active_from = now;
    if (absl::Status status = locked->Write(active, /*replace=*/true); !status.ok()) return status;
  } else if (active.key.id() == key_id) {
    auto made = MakeKey(*active.key.algorithm(), now, now, active.keep_previous);
    if (!made.ok()) return made.status();
    active = *std::move(made);
    if (absl::Status status = locked->Write(active, /*replace=*/false); !status.ok()) {
      return status;
    }
  }
  if (absl::Status status = locked->Remove(revoked->key); !status.ok()) return status;
  return active;
}

}  // namespace lanyard
