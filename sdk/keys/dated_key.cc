// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/keys/dated_key.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <tuple>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/folder.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/sdk/internal/redaction.h"

namespace lanyard {
namespace {

using internal::JsonValue;

constexpr size_t kMaxFileBytes = 64 * 1024;
// More than RotateKeys() makes, so that what is too much can still be removed.
constexpr size_t kMaxFiles = 1000;
constexpr int64_t kEndOfTime = 253402300799;  // Of the year 9999.

absl::StatusOr<int64_t> ReadSeconds(const JsonValue& jwk, absl::string_view name) {
  const auto member = jwk.Find(name);
  if (!member.has_value() || !member->is(JsonValue::Kind::kInteger) || member->integer() < 0 ||
      member->integer() > kEndOfTime) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", name,
                     "\" of the JWK must be a whole number of seconds; keys of a key "
                     "directory are made by \"lanyard key rotate\""));
  }
  return member->integer();
}

absl::StatusOr<DatedKey> ReadKeyFile(const std::string& path) {
  const auto text = internal::ReadPrivateFile(path, kMaxFileBytes);
  if (!text.ok()) return text.status();
  auto key = DatedKeyFromJwk(text->view());
  if (!key.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(internal::PrintablePath(path), ": ", key.status().message()));
  }
  if (!absl::EndsWith(path, absl::StrCat("/", FileNameOf(key->key.id())))) {
    return absl::InvalidArgumentError(
        absl::StrCat(internal::PrintablePath(path),
                     ": its name must be the first 12 characters of the key's id (kid), and .jwk"));
  }
  return key;
}

}  // namespace

DatedKeys::DatedKeys(std::vector<DatedKey> keys) : keys_(std::move(keys)) {
  std::sort(keys_.begin(), keys_.end(), [](const DatedKey& a, const DatedKey& b) {
    return std::tie(a.active_from, a.published, a.key.id()) <
           std::tie(b.active_from, b.published, b.key.id());
  });
}

absl::Time DatedKeys::GoneFrom(size_t index) const {
  const DatedKey& key = keys_[index];
  if (index + 1 == keys_.size()) return key.expires_at;
  return std::min(key.expires_at, keys_[index + 1].active_from + key.keep);
}

DatedKeys::State DatedKeys::StateOf(size_t index, absl::Time now) const {
  if (now >= GoneFrom(index)) return State::kGone;
  if (&keys_[index] == Active(now)) return State::kActive;
  return keys_[index].active_from > now ? State::kNext : State::kRetired;
}

const DatedKey* DatedKeys::Active(absl::Time now) const {
  const DatedKey* active = keys_.empty() ? nullptr : &keys_.front();
  for (const DatedKey& key : keys_) {
    if (key.active_from <= now) active = &key;
  }
  return active;
}

absl::StatusOr<KeySet> DatedKeys::Published(absl::Time now) const {
  std::vector<Key> halves;
  for (size_t i = 0; i < keys_.size(); ++i) {
    if (StateOf(i, now) == State::kGone) continue;
    auto half = keys_[i].key.PublicHalf();
    if (!half.ok()) return half.status();
    halves.push_back(*std::move(half));
  }
  return KeySet(std::move(halves));
}

std::string FileNameOf(absl::string_view key_id) {
  return absl::StrCat(key_id.substr(0, 12), ".jwk");
}

absl::StatusOr<DatedKey> DatedKeyFromJwk(absl::string_view json) {
  auto document = internal::JsonDocument::ParseSecretObject(json);
  if (!document.ok()) return document.status();
  const JsonValue& jwk = document->root();
  auto key = Key::FromJwkValue(jwk);
  if (!key.ok()) return key.status();
  if (key->is_hmac() || !key->has_private() || !key->algorithm().has_value()) {
    return absl::InvalidArgumentError(
        "a key directory holds private RSA, EC and Ed25519 keys that say their \"alg\"");
  }
  if (key->id() != key->Thumbprint()) {
    return absl::InvalidArgumentError(
        "\"kid\" of the JWK is not its thumbprint (RFC 7638), which no two keys share");
  }
  DatedKey dated{*std::move(key), {}, {}, {}};
  for (const auto& [name, to] :
       {std::pair("iat", &dated.published), std::pair("nbf", &dated.active_from),
        std::pair("exp", &dated.expires_at)}) {
    if (to == &dated.expires_at && !jwk.Find(name).has_value()) continue;
    const auto seconds = ReadSeconds(jwk, name);
    if (!seconds.ok()) return seconds.status();
    *to = absl::FromUnixSeconds(*seconds);
  }
  const auto keep = ReadSeconds(jwk, "keep");
  if (!keep.ok()) return keep.status();
  dated.keep = absl::Seconds(*keep);
  return dated;
}

absl::StatusOr<internal::Secret> DatedKeyToJwk(const DatedKey& key) {
  auto jwk = key.key.ExportPrivateJwk();
  if (!jwk.ok()) return jwk.status();
  internal::ScopedCleanse cleanse(&*jwk);
  std::string text = absl::StrCat(absl::string_view(*jwk).substr(0, jwk->size() - 1),
                                  ",\"iat\":", absl::ToUnixSeconds(key.published),
                                  ",\"nbf\":", absl::ToUnixSeconds(key.active_from),
                                  ",\"keep\":", absl::ToInt64Seconds(key.keep));
  if (key.expires_at != absl::InfiniteFuture()) {
    absl::StrAppend(&text, ",\"exp\":", absl::ToUnixSeconds(key.expires_at));
  }
  text.append("}\n");
  return internal::Secret::Take(text);
}

absl::Status CheckKeyFolder(const std::string& folder) {
  struct stat info;
  if (stat(folder.c_str(), &info) != 0) return internal::FileError(folder, errno);
  const auto refused = [&folder](absl::string_view why) {
    return absl::PermissionDeniedError(absl::StrCat(internal::PrintablePath(folder), ": ", why));
  };
  if (info.st_uid != geteuid() && info.st_uid != 0) {
    return refused("another user's folder; run this as its owner");
  }
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return refused("others can put keys there; make its mode 0700");
  }
  return absl::OkStatus();
}

absl::StatusOr<DatedKeys> ReadDatedKeys(const std::string& folder,
                                        std::vector<absl::Status>* broken) {
  if (absl::Status status = CheckKeyFolder(folder); !status.ok()) return status;
  const auto paths = internal::FilesIn(folder, {".jwk"}, kMaxFiles);
  if (!paths.ok()) return paths.status();
  std::vector<DatedKey> keys;
  for (const std::string& path : *paths) {
    auto key = ReadKeyFile(path);
    if (key.ok()) {
      keys.push_back(*std::move(key));
    } else if (key.status().code() == absl::StatusCode::kNotFound) {
      continue;  // Removed since the folder was listed.
    } else if (broken == nullptr) {
      return key.status();
    } else {
      broken->push_back(key.status());
    }
  }
  return DatedKeys(std::move(keys));
}

}  // namespace lanyard
