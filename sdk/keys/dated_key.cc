// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/keys/dated_key.h"

#include <sys/stat.h>

#include <algorithm>
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
constexpr size_t kMaxKeys = 100;
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

absl::StatusOr<DatedKey> ReadFile(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) == 0 && (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return absl::PermissionDeniedError(absl::StrCat(
        internal::PrintablePath(path), ": others can reach the private key; make its mode 0600"));
  }
  const auto text = internal::ReadFile(path, kMaxFileBytes);
  if (!text.ok()) return text.status();
  auto key = DatedKeyFromJwk(text->view());
  if (!key.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(internal::PrintablePath(path), ": ", key.status().message()));
  }
  if (!absl::EndsWith(path, absl::StrCat("/", FileNameOf(key->key)))) {
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
  absl::Time gone = absl::InfiniteFuture();
  for (size_t i = index + 1; i < keys_.size(); ++i) {
    gone = std::min(gone, keys_[i].active_from + keys_[i].keep_previous);
  }
  return gone;
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

std::string FileNameOf(const Key& key) { return absl::StrCat(key.id().substr(0, 12), ".jwk"); }

absl::StatusOr<DatedKey> DatedKeyFromJwk(absl::string_view json) {
  auto document = internal::JsonDocument::ParseSecretObject(json);
  if (!document.ok()) return document.status();
  auto key = Key::FromJwkValue(document->root());
  if (!key.ok()) return key.status();
  if (key->is_hmac() || !key->has_private() || !key->algorithm().has_value()) {
    return absl::InvalidArgumentError(
        "a key directory holds private RSA, EC and Ed25519 keys that say their \"alg\"");
  }
  const auto published = ReadSeconds(document->root(), "iat");
  if (!published.ok()) return published.status();
  const auto active_from = ReadSeconds(document->root(), "nbf");
  if (!active_from.ok()) return active_from.status();
  const auto keep_previous = ReadSeconds(document->root(), "keep_previous");
  if (!keep_previous.ok()) return keep_previous.status();
  return DatedKey{*std::move(key), absl::FromUnixSeconds(*published),
                  absl::FromUnixSeconds(*active_from), absl::Seconds(*keep_previous)};
}

absl::StatusOr<internal::Secret> DatedKeyToJwk(const DatedKey& key) {
  auto jwk = key.key.ExportPrivateJwk();
  if (!jwk.ok()) return jwk.status();
  internal::ScopedCleanse cleanse(&*jwk);
  std::string text =
      absl::StrCat(absl::string_view(*jwk).substr(0, jwk->size() - 1),
                   ",\"iat\":", absl::ToUnixSeconds(key.published),
                   ",\"nbf\":", absl::ToUnixSeconds(key.active_from),
                   ",\"keep_previous\":", absl::ToInt64Seconds(key.keep_previous), "}\n");
  return internal::Secret::Take(text);
}

absl::StatusOr<DatedKeys> ReadDatedKeys(const std::string& folder) {
  const auto paths = internal::FilesIn(folder, ".jwk", kMaxKeys);
  if (!paths.ok()) return paths.status();
  std::vector<DatedKey> keys;
  for (const std::string& path : *paths) {
    auto key = ReadFile(path);
    if (!key.ok()) return key.status();
    keys.push_back(*std::move(key));
  }
  return DatedKeys(std::move(keys));
}

}  // namespace lanyard
