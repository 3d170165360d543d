// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/keys/key_set.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace lanyard {
namespace {

using internal::JsonValue;

absl::Status CheckMixture(const std::vector<Key>& keys) {
  size_t secrets = 0;
  for (const Key& key : keys) secrets += key.is_hmac() ? 1 : 0;
  if (secrets != 0 && secrets != keys.size()) {
    return absl::InvalidArgumentError(
        "HMAC secrets (\"kty\":\"oct\") stand beside public keys: give each its own file, since "
        "one "
        "issuer uses one or the other");
  }
  return absl::OkStatus();
}

// The first few, for an error.
std::string SummaryOf(const std::vector<std::string>& warnings) {
  constexpr size_t kFew = 4;
  const size_t shown = std::min(warnings.size(), kFew);
  std::string text = absl::StrJoin(warnings.begin(), warnings.begin() + shown, "; ");
  if (shown < warnings.size()) absl::StrAppend(&text, "; and ", warnings.size() - shown, " more");
  return text;
}

absl::Status TooLong() {
  return absl::InvalidArgumentError(
      absl::StrCat("a JWK Set has at most ", KeySet::kMaxBytes, " bytes"));
}

absl::StatusOr<JsonValue> EntriesOf(const internal::JsonDocument& document) {
  const auto entries = document.root().Find("keys");
  if (!entries.has_value() || !entries->is(JsonValue::Kind::kArray)) {
    return absl::InvalidArgumentError("a JWK Set must have a \"keys\" array (RFC 7517 section 5)");
  }
  if (entries->size() > KeySet::kMaxKeys) {
    return absl::InvalidArgumentError(absl::StrCat("a JWK Set has at most ", KeySet::kMaxKeys,
                                                   " keys, this one has ", entries->size()));
  }
  return *entries;
}

std::vector<Algorithm> Fitting(const Key& key, const std::vector<Algorithm>& algorithms) {
  std::vector<Algorithm> fitting;
  for (const Algorithm algorithm : algorithms) {
    if (key.Fits(algorithm)) fitting.push_back(algorithm);
  }
  return fitting;
}

bool IsOct(const JsonValue& entry) {
  const auto type = entry.Find("kty");
  return type.has_value() && type->is(JsonValue::Kind::kString) && type->string() == "oct";
}

// A key of a SPIFFE bundle that is for certificates.
bool IsForX509Svids(const JsonValue& entry) {
  const auto use = entry.Find("use");
  return use.has_value() && use->is(JsonValue::Kind::kString) && use->string() == "x509-svid";
}

// SPIFFE Trust Domain and Bundle, section 4.1.2: seconds.
std::optional<absl::Duration> RefreshHint(const JsonValue& bundle) {
  const auto hint = bundle.Find("spiffe_refresh_hint");
  if (!hint.has_value() || !hint->is(JsonValue::Kind::kInteger)) return std::nullopt;
  return absl::Seconds(std::max<int64_t>(hint->integer(), 0));
}

absl::string_view WrongUse(KeyUse wanted) {
  return wanted == KeyUse::kJwtSvid
             ? "its \"use\" is not \"jwt-svid\", which profile JWT_SVID needs"
             : "its \"use\" is \"jwt-svid\", which is for profile JWT_SVID";
}

bool HasPrivateMember(const JsonValue& entry) {
  constexpr const char* kPrivate[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
  return std::any_of(std::begin(kPrivate), std::end(kPrivate),
                     [&entry](const char* name) { return entry.Find(name).has_value(); });
}

// An entry of a remote set as a key bound to its algorithm, or why it cannot be used.
absl::StatusOr<Key> RemoteKey(const JsonValue& entry, const std::vector<Algorithm>& algorithms,
                              KeyUse use) {
  const auto unusable = [](absl::string_view why) { return absl::InvalidArgumentError(why); };
  if (IsOct(entry)) return unusable("an HMAC secret never comes over the network");
  if (HasPrivateMember(entry)) {
    return unusable("ALARM: its private half is published, so anybody can sign with it");
  }
  auto key = Key::FromJwkValue(entry);
  if (!key.ok()) return key.status();
  if (key->use() != use) return unusable(WrongUse(use));
  const std::vector<Algorithm> fitting = Fitting(*key, algorithms);
  if (fitting.empty()) return unusable("it fits no algorithm of this issuer");
  if (fitting.size() > 1) {
    return unusable(absl::StrCat("it has no \"alg\" and fits both ", AlgorithmName(fitting[0]),
                                 " and ", AlgorithmName(fitting[1])));
  }
  return key->WithAlgorithm(fitting[0]);
}

bool AreRivals(const Key& a, const Key& b) {
  return a.id() == b.id() && a.algorithm() == b.algorithm();
}

}  // namespace

absl::StatusOr<KeySet> KeySet::FromRemote(absl::string_view json,
                                          const std::vector<Algorithm>& algorithms, KeyUse use) {
  if (json.size() > kMaxBytes) return TooLong();
  auto document = internal::JsonDocument::ParseSecretObject(json);
  if (!document.ok()) return document.status();
  const auto entries = EntriesOf(*document);
  if (!entries.ok()) return entries.status();
  KeySet set;
  if (use == KeyUse::kJwtSvid) set.refresh_hint_ = RefreshHint(document->root());
  std::vector<Key> keys;
  std::set<std::string> compromised;  // Thumbprints.
  int index = 0;
  for (const JsonValue entry : *entries) {
    if (HasPrivateMember(entry)) {
      const auto thumbprint = Key::ThumbprintOf(entry);
      if (thumbprint.ok()) compromised.insert(*thumbprint);
    }
    auto key = RemoteKey(entry, algorithms, use);
    if (key.ok()) {
      keys.push_back(*std::move(key));
    } else if (use != KeyUse::kJwtSvid || !IsForX509Svids(entry) || HasPrivateMember(entry)) {
      set.warnings_.push_back(absl::StrCat("keys[", index, "] left out: ", key.status().message()));
    }
    ++index;
  }
  for (const Key& key : keys) {
    const auto same = std::count_if(keys.begin(), keys.end(),
                                    [&key](const Key& other) { return AreRivals(key, other); });
    if (compromised.count(key.Thumbprint()) > 0) {
      set.warnings_.push_back(
          "ALARM: a key left out: its private half is published beside it, so anybody can sign "
          "with it");
    } else if (same == 1) {
      set.keys_.push_back(key);
    } else {
      set.warnings_.push_back(
          "ALARM: a key left out: another has the same id (kid) and algorithm, and a kid must name "
          "one key");
    }
  }
  return set;
}

absl::StatusOr<KeySet> KeySet::FromJwks(absl::string_view json) {
  if (json.size() > kMaxBytes) return TooLong();
  auto document = internal::JsonDocument::ParseSecretObject(json);
  if (!document.ok()) return document.status();
  const auto entries = EntriesOf(*document);
  if (!entries.ok()) return entries.status();
  KeySet set;
  bool skipped_secret = false;
  int index = 0;
  for (const JsonValue entry : *entries) {
    auto key = Key::FromJwkValue(entry);
    if (key.ok()) {
      set.keys_.push_back(*std::move(key));
    } else if (!IsForX509Svids(entry)) {
      skipped_secret = skipped_secret || IsOct(entry);
      set.warnings_.push_back(absl::StrCat("keys[", index, "] left out: ", key.status().message()));
    }
    ++index;
  }
  if (set.keys_.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "no usable key in the JWK Set: ", !set.warnings_.empty() ? SummaryOf(set.warnings_)
                                          : entries->size() == 0
                                              ? "it is empty"
                                              : "all are for X509-SVIDs (\"use\":\"x509-svid\")"));
  }
  if (absl::Status status = CheckMixture(set.keys_); !status.ok()) return status;
  if (skipped_secret && !set.keys_.front().is_hmac()) {
    return absl::InvalidArgumentError("HMAC secrets stand beside public keys in the JWK Set");
  }
  return set;
}

absl::StatusOr<KeySet> KeySet::FromText(absl::string_view text) {
  if (text.size() > kMaxBytes) {
    return absl::InvalidArgumentError(absl::StrCat("a key file has at most ", kMaxBytes, " bytes"));
  }
  text = absl::StripAsciiWhitespace(text);
  if (text.empty()) return absl::InvalidArgumentError("the key file is empty");
  if (absl::StartsWith(text, "{")) {
    auto document = internal::JsonDocument::ParseSecretObject(text);
    if (!document.ok()) return document.status();
    if (document->root().Find("keys").has_value()) return FromJwks(text);
    auto key = Key::FromJwk(text);
    if (!key.ok()) return key.status();
    return KeySet({*std::move(key)});
  }
  constexpr absl::string_view kBegin = "-----BEGIN ";
  std::vector<Key> keys;
  size_t begin = text.find(kBegin);
  if (begin == absl::string_view::npos) {
    return absl::InvalidArgumentError(
        "a key file holds a JWK Set, a JWK, or PEM blocks; this one starts with neither { nor "
        "-----BEGIN");
  }
  while (begin != absl::string_view::npos) {
    const size_t next = text.find(kBegin, begin + 1);
    const absl::string_view block = text.substr(begin, next - begin);
    begin = next;
    if (absl::StartsWith(block, "-----BEGIN EC PARAMETERS")) continue;
    auto key = Key::FromPem(block);
    if (!key.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("PEM block ", keys.size() + 1, ": ", key.status().message()));
    }
    keys.push_back(*std::move(key));
    if (keys.size() > kMaxKeys) {
      return absl::InvalidArgumentError(absl::StrCat("a key file has at most ", kMaxKeys, " keys"));
    }
  }
  if (keys.empty()) return absl::InvalidArgumentError("no key in the PEM text, only parameters");
  return KeySet(std::move(keys));
}

absl::StatusOr<KeySet> KeySet::Join(const std::vector<const KeySet*>& sets) {
  KeySet all;
  for (const KeySet* set : sets) {
    all.keys_.insert(all.keys_.end(), set->keys_.begin(), set->keys_.end());
    all.warnings_.insert(all.warnings_.end(), set->warnings_.begin(), set->warnings_.end());
  }
  if (all.keys_.size() > kMaxKeys) {
    return absl::InvalidArgumentError(
        absl::StrCat("at most ", kMaxKeys, " keys in all, and here are ", all.keys_.size()));
  }
  if (absl::Status status = CheckMixture(all.keys_); !status.ok()) return status;
  return all;
}

absl::StatusOr<KeySet> KeySet::BindTo(const std::vector<Algorithm>& algorithms, KeyUse use) const {
  KeySet bound;
  bound.warnings_ = warnings_;
  for (const Key& key : keys_) {
    if (key.use() != use) {
      bound.warnings_.push_back(
          absl::StrCat("a key of type ", key.type(), " left out: ", WrongUse(use)));
      continue;
    }
    if (!key.may_verify()) {
      bound.warnings_.push_back(absl::StrCat("a key of type ", key.type(),
                                             " left out: its \"key_ops\" is without \"verify\""));
      continue;
    }
    const std::vector<Algorithm> fitting = Fitting(key, algorithms);
    if (fitting.empty()) {
      bound.warnings_.push_back(absl::StrCat("a key of type ", key.type(),
                                             " left out: it fits no algorithm of this issuer"));
      continue;
    }
    if (fitting.size() > 1) {
      return absl::InvalidArgumentError(absl::StrCat(
          "a key of type ", key.type(), " has no \"alg\" and fits both ", AlgorithmName(fitting[0]),
          " and ", AlgorithmName(fitting[1]),
          ": one key is for one algorithm (RFC 8725 section 3.1); add \"alg\" to the JWK, or list "
          "one of them"));
    }
    Key one = key;
    if (key.has_private() && !key.is_hmac()) {
      bound.warnings_.push_back(absl::StrCat("a key of type ", key.type(),
                                             " comes with its private half, which is not used "
                                             "here: verifiers need the public half only"));
      auto half = key.PublicHalf();
      if (!half.ok()) return half.status();
      one = *std::move(half);
    }
    auto with_algorithm = one.WithAlgorithm(fitting[0]);
    if (!with_algorithm.ok()) return with_algorithm.status();
    for (const Key& other : bound.keys_) {
      if (AreRivals(other, *with_algorithm)) {
        return absl::InvalidArgumentError(
            "two keys have the same id (kid) and algorithm; a kid must name one key");
      }
    }
    bound.keys_.push_back(*std::move(with_algorithm));
  }
  if (bound.keys_.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("no key fits an algorithm of this issuer: ", SummaryOf(bound.warnings_)));
  }
  return bound;
}

absl::StatusOr<std::string> KeySet::ToPublicJwks() const {
  std::vector<std::string> jwks;
  for (const Key& key : keys_) {
    auto jwk = key.ToPublicJwk();
    if (!jwk.ok()) return jwk.status();
    jwks.push_back(*std::move(jwk));
  }
  return absl::StrCat("{\"keys\":[", absl::StrJoin(jwks, ","), "]}");
}

}  // namespace lanyard
