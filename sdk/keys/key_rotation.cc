// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/keys/key_rotation.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/private_file.h"
#include "lanyard/sdk/internal/redaction.h"
#include "lanyard/sdk/keys/key_set.h"

namespace lanyard {
namespace {

// Of a server's config.
constexpr absl::Duration kLongestLeeway = absl::Minutes(5);
constexpr absl::Duration kLongestRefresh = absl::Hours(1);

constexpr absl::Duration kUsualLifetime = absl::Hours(24);
// Some fewer than verifiers take.
constexpr size_t kMostKeys = KeySet::kMaxKeys - 10;
constexpr int kLockTries = 100;
constexpr std::chrono::milliseconds kBetweenTries(100);

// Makes the names in a folder last.
absl::Status SyncFolder(const std::string& path) {
  const int folder = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return internal::FileError(path, errno);
  const int error = fsync(folder) == 0 ? 0 : errno;
  close(folder);
  return error == 0 || error == EINVAL ? absl::OkStatus() : internal::FileError(path, error);
}

// Keeps other processes out.
class LockedFolder {
 public:
  // And removes what a process left that died.
  static absl::StatusOr<LockedFolder> Lock(const std::string& folder) {
    // Before a lock is left in a folder that is not ours.
    if (absl::Status status = CheckKeyFolder(folder); !status.ok()) return status;
    const std::string path = absl::StrCat(folder, "/.lock");
    const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) return internal::FileError(folder, errno);
    LockedFolder locked(folder, file);
    for (int i = 0; flock(file, LOCK_EX | LOCK_NB) != 0; ++i) {
      if (errno != EWOULDBLOCK && errno != EINTR) return internal::FileError(path, errno);
      if (i == kLockTries) {
        return absl::UnavailableError(absl::StrCat(
            internal::PrintablePath(path), ": another process has held this lock for 10 s"));
      }
      std::this_thread::sleep_for(kBetweenTries);
    }
    locked.RemoveUnfinished();
    return locked;
  }
  LockedFolder(LockedFolder&& other) noexcept
      : path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)) {}
  LockedFolder& operator=(LockedFolder&&) = delete;
  ~LockedFolder() {
    if (file_ >= 0) close(file_);
  }

  absl::Status Write(const DatedKey& key) const {
    const auto text = DatedKeyToJwk(key);
    if (!text.ok()) return text.status();
    absl::Status status =
        internal::WritePrivateFile(PathOf(key.key.id()), text->view(), /*replace=*/true);
    return status.ok() ? SyncFolder(path_) : status;
  }
  absl::Status Remove(absl::string_view key_id) const {
    const std::string path = PathOf(key_id);
    if (unlink(path.c_str()) != 0) return internal::FileError(path, errno);
    return SyncFolder(path_);
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
      } else if (absl::Status status = Remove(key.key.id()); !status.ok()) {
        return status;
      }
    }
    return DatedKeys(std::move(left));
  }

 private:
  LockedFolder(std::string path, int file) : path_(std::move(path)), file_(file) {}

  std::string PathOf(absl::string_view key_id) const {
    return absl::StrCat(path_, "/", FileNameOf(key_id));
  }

  // Of WritePrivateFile(): ".NAME.jwk.XXXXXX".
  void RemoveUnfinished() const {
    std::error_code error;
    std::filesystem::directory_iterator entries(path_, error);
    for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
      const std::string name = entries->path().filename().string();
      if (absl::StartsWith(name, ".") && absl::StrContains(name, ".jwk.")) {
        unlink(entries->path().c_str());
      }
    }
  }

  std::string path_;
  int file_;
};

absl::StatusOr<DatedKey> MakeKey(Algorithm algorithm, absl::Time now, absl::Time active_from,
                                 absl::Duration keep) {
  auto key = Key::Generate(algorithm);
  if (!key.ok()) return key.status();
  return DatedKey{*std::move(key), absl::FromUnixSeconds(absl::ToUnixSeconds(now)),
                  absl::FromUnixSeconds(absl::ToUnixSeconds(active_from)), keep};
}

absl::Status NoAlgorithm() {
  return absl::InvalidArgumentError("algorithm: required for the first key, ES256 if in doubt");
}

absl::Status CheckOptions(const RotationOptions& options) {
  if (options.publish_ahead < absl::Minutes(10) || options.publish_ahead > absl::Hours(24 * 30)) {
    return absl::InvalidArgumentError("publish_ahead: must be 10 min to 30 days");
  }
  const absl::Duration lifetime = options.token_lifetime.value_or(kUsualLifetime);
  if (lifetime < absl::Minutes(1) || lifetime > absl::Hours(24 * 31)) {
    return absl::InvalidArgumentError("token_lifetime: must be 1 min to 31 days");
  }
  if (options.algorithm.has_value() && IsHmac(*options.algorithm)) {
    return absl::InvalidArgumentError(
        "algorithm: a key directory is published, and HMAC secrets have no public half");
  }
  return absl::OkStatus();
}

absl::Status MakeFolder(const std::string& folder) {
  if (mkdir(folder.c_str(), 0700) != 0) {
    return errno == EEXIST ? absl::OkStatus() : internal::FileError(folder, errno);
  }
  return SyncFolder(folder + "/..");
}

// Whether a key's file is there, by its name, and cannot be read.
bool NamesBrokenFile(const std::string& folder, absl::string_view key_id, const DatedKeys& keys) {
  std::string ignored;
  if (key_id.size() != 43 || !internal::Base64UrlDecode(key_id, &ignored)) return false;
  for (const DatedKey& key : keys.keys()) {
    if (FileNameOf(key.key.id()) == FileNameOf(key_id)) return false;
  }
  return access(absl::StrCat(folder, "/", FileNameOf(key_id)).c_str(), F_OK) == 0;
}

absl::Duration KeepFor(const RotationOptions& options, const DatedKey* newest) {
  if (!options.token_lifetime.has_value() && newest != nullptr) return newest->keep;
  return options.token_lifetime.value_or(kUsualLifetime) + kLongestLeeway + kLongestRefresh;
}

}  // namespace

absl::StatusOr<DatedKey> RotateKeys(const std::string& folder, const RotationOptions& options,
                                    absl::Time now) {
  if (absl::Status status = CheckOptions(options); !status.ok()) return status;
  if (!options.algorithm.has_value() && access(folder.c_str(), F_OK) != 0) return NoAlgorithm();
  if (absl::Status status = MakeFolder(folder); !status.ok()) return status;
  const auto locked = LockedFolder::Lock(folder);
  if (!locked.ok()) return locked.status();
  const auto keys = locked->ReadAndPrune(now);
  if (!keys.ok()) return keys.status();
  const DatedKey* const newest = keys->keys().empty() ? nullptr : &keys->keys().back();
  if (newest == nullptr && !options.algorithm.has_value()) return NoAlgorithm();
  if (newest != nullptr && newest->active_from > now) {
    return absl::AlreadyExistsError(absl::StrCat(
        "a next key waits: ", newest->key.id(), " signs from ",
        absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", newest->active_from, absl::UTCTimeZone())));
  }
  if (keys->keys().size() >= kMostKeys) {
    return absl::ResourceExhaustedError(
        absl::StrCat(keys->keys().size(),
                     " keys are still published, and verifiers take no more: rotate less often"));
  }
  auto key =
      MakeKey(options.algorithm.has_value() ? *options.algorithm : *newest->key.algorithm(), now,
              newest == nullptr ? now : now + options.publish_ahead, KeepFor(options, newest));
  if (!key.ok()) return key.status();
  if (absl::Status status = locked->Write(*key); !status.ok()) return status;
  return key;
}

absl::StatusOr<Revocation> RevokeKey(const std::string& folder, absl::string_view key_id,
                                     absl::Time now) {
  const auto locked = LockedFolder::Lock(folder);
  if (!locked.ok()) return locked.status();
  std::vector<absl::Status> broken;
  const auto before = ReadDatedKeys(folder, &broken);
  if (!before.ok()) return before.status();
  const DatedKey* const active = before->Active(now);
  if (active == nullptr) {
    return absl::NotFoundError(
        absl::StrCat(internal::PrintablePath(folder), ": no key in it that can be read"));
  }
  const DatedKey* revoked = nullptr;
  const DatedKey* next = nullptr;
  std::vector<DatedKey> others;
  for (const DatedKey& key : before->keys()) {
    if (key.key.id() == key_id) {
      revoked = &key;
    } else {
      others.push_back(key);
      if (next == nullptr && key.active_from > now) next = &key;
    }
  }
  if (revoked == nullptr) {
    const bool found = NamesBrokenFile(folder, key_id, *before);
    if (found) {
      if (absl::Status status = locked->Remove(key_id); !status.ok()) return status;
    }
    return Revocation{*active, found, std::move(broken)};
  }

  // Before it goes, so that there is a key that signs at any instant, and the going of a key brings
  // none back that is gone and lengthens no other's life.
  const DatedKeys after(others);
  for (size_t i = 0, j = 0; i < before->keys().size(); ++i) {
    if (&before->keys()[i] == revoked) continue;
    DatedKey key = before->keys()[i];
    const bool retired = before->StateOf(i, now) >= DatedKeys::State::kRetired;
    const absl::Time gone = before->GoneFrom(i);
    if (retired && after.GoneFrom(j) > gone) {
      key.expires_at = gone;
      if (absl::Status status = locked->Write(key); !status.ok()) return status;
    }
    ++j;
  }
  DatedKey signer = *active;
  if (active == revoked && next != nullptr) {
    signer = *next;
    signer.active_from = absl::FromUnixSeconds(absl::ToUnixSeconds(now));
    if (absl::Status status = locked->Write(signer); !status.ok()) return status;
  } else if (active == revoked) {
    auto made = MakeKey(*active->key.algorithm(), now, now, active->keep);
    if (!made.ok()) return made.status();
    signer = *std::move(made);
    if (absl::Status status = locked->Write(signer); !status.ok()) return status;
  }
  if (absl::Status status = locked->Remove(key_id); !status.ok()) return status;
  return Revocation{std::move(signer), /*found=*/true, std::move(broken)};
}

}  // namespace lanyard
