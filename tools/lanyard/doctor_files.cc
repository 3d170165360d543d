// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/doctor_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/crypto/certificate.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/folder.h"
#include "lanyard/sdk/internal/token_text.h"
#include "lanyard/sdk/internal/utc_text.h"
#include "lanyard/sdk/keys/key_set.h"
#include "lanyard/sdk/revocations/file_revocation_source.h"

namespace lanyard::tools {
namespace {

using Kind = ServerFile::Kind;

constexpr char kCheck[] = "files";
constexpr size_t kMaxBytes = 1 << 20;
constexpr size_t kMaxRevocationBytes = 64 << 20;
constexpr absl::Duration kCertificatesAhead = absl::Hours(14 * 24);

// Whether what is in the file is for its owner alone.
bool IsPrivate(const ServerFile& file, absl::string_view text) {
  if (file.kind == Kind::kPrivateKey || file.kind == Kind::kBearerToken) return true;
  if (file.kind != Kind::kKeys) return false;
  const auto keys = KeySet::FromText(text);
  return keys.ok() && std::any_of(keys->keys().begin(), keys->keys().end(), [](const Key& key) {
           return key.is_hmac() || key.has_private();
         });
}

// Whether more than this process can read it. With fsGroup, Kubernetes gives files to root and to
// the pod's own group.
bool IsOpen(const struct stat& info) {
  const bool by_group_alone = info.st_uid != geteuid() && (info.st_mode & S_IRWXO) == 0;
  return (info.st_mode & (by_group_alone ? S_IRWXO : S_IRWXG | S_IRWXO)) != 0;
}

bool CheckModes(const ServerFile& file, absl::string_view text, Findings* findings) {
  struct stat info;
  if (stat(file.path.c_str(), &info) != 0) return true;  // It could be read a moment ago.
  const std::string name = absl::StrCat(file.path, " (", file.what, ")");
  if ((info.st_mode & S_IWOTH) != 0) {
    findings->Fail(kCheck, absl::StrCat(name, ": every user of this machine can change it"),
                   absl::StrCat("chmod o-w ", file.path));
    return false;
  }
  if (IsPrivate(file, text) && IsOpen(info)) {
    findings->Warn(kCheck, absl::StrCat(name, ": other users can read it, and it is secret"),
                   absl::StrCat("chmod 600 ", file.path,
                                "; in Kubernetes defaultMode: 0400 for the volume of the Secret"));
    return false;
  }
  return true;
}

bool CheckCertificates(const ServerFile& file, absl::string_view text, absl::Time now,
                       Findings* findings) {
  const auto certificates = internal::CertificatesIn(text);
  const std::string name = absl::StrCat(file.path, " (", file.what, ")");
  if (!certificates.ok()) {
    findings->Fail(kCheck, absl::StrCat(name, ": ", certificates.status().message()),
                   "write the certificates there in PEM");
    return false;
  }
  bool good = true;
  for (size_t i = 0; i < certificates->size(); ++i) {
    good = CheckExpiry(kCheck, absl::StrCat(name, ": certificate ", i + 1),
                       (*certificates)[i].not_after, kCertificatesAhead, now, findings) &&
           good;
  }
  return good;
}

bool CheckToken(const ServerFile& file, absl::string_view text, absl::Time now,
                Findings* findings) {
  const absl::string_view token = absl::StripAsciiWhitespace(text);
  const std::string name = absl::StrCat(file.path, " (", file.what, ")");
  if (!internal::IsBearerToken(token)) {
    findings->Fail(kCheck, absl::StrCat(name, ": holds no bearer token"),
                   "let the program that writes it write one token and nothing else");
    return false;
  }
  const auto expiry = internal::UnverifiedExpiry(token);
  if (!expiry.has_value()) return true;
  return CheckExpiry(kCheck, absl::StrCat(name, ": the token"), *expiry, absl::ZeroDuration(), now,
                     findings);
}

bool CheckKeys(const ServerFile& file, absl::string_view text, absl::Time now, Findings* findings) {
  const std::string name = absl::StrCat(file.path, " (", file.what, ")");
  const auto keys = KeySet::FromText(text);
  const bool can_sign =
      keys.ok() && std::any_of(keys->keys().begin(), keys->keys().end(),
                               [](const Key& key) { return key.has_private() && !key.is_hmac(); });
  if (can_sign) {
    findings->Warn(
        kCheck, absl::StrCat(name, ": a private key, and so this server could make tokens"),
        absl::StrCat("lanyard key public ", file.path, " writes the half that it needs"));
  }
  const auto certificates = internal::CertificatesIn(text);
  if (!certificates.ok()) return !can_sign;  // Keys in another form.
  // Only the keys count, so an old certificate stops nothing.
  for (const internal::CertificateFacts& certificate : *certificates) {
    if (now < certificate.not_after) continue;
    findings->Warn(
        kCheck,
        absl::StrCat(name, ": a certificate in it has expired, and its key is still believed"),
        "take it out of the file, unless the issuer still signs with its key");
    return false;
  }
  return !can_sign;
}

bool CheckRevocations(const ServerFile& file, absl::string_view text, Findings* findings) {
  const auto revocations = internal::ParseRevocations(text, file.path);
  if (revocations.ok()) return true;
  findings->Fail(
      kCheck, absl::StrCat(revocations.status().message(), " (", file.what, ")"),
      "correct the file; the server does not start with it, or goes on with what it read "
      "last for max_revocation_age");
  return false;
}

// What is in the file, by its kind.
bool CheckContent(const ServerFile& file, absl::string_view text, absl::Time now,
                  Findings* findings) {
  switch (file.kind) {
    case Kind::kCertificates:
      return CheckCertificates(file, text, now, findings);
    case Kind::kBearerToken:
      return CheckToken(file, text, now, findings);
    case Kind::kKeys:
      return CheckKeys(file, text, now, findings);
    case Kind::kRevocations:
      return CheckRevocations(file, text, findings);
    case Kind::kPlain:
    case Kind::kPrivateKey:
      return true;
  }
  return true;
}

}  // namespace

std::vector<ServerFile> FilesOf(const v1::ServerConfig& config) {
  std::vector<ServerFile> files;
  for (const v1::Issuer& issuer : config.issuers()) {
    const auto add = [&](absl::string_view field, const std::string& path, Kind kind) {
      if (path.empty()) return;
      files.push_back({absl::StrCat("issuer ", issuer.name(), ": ", field), path, kind});
    };
    const std::string& keys = issuer.jwks_file();
    if (!internal::IsFolder(keys)) {
      add("jwks_file", keys, Kind::kKeys);
    } else if (const auto paths =
                   internal::FilesIn(keys, internal::KeyFileEndings(), KeySet::kMaxKeys);
               paths.ok()) {
      for (const std::string& path : *paths) add("jwks_file", path, Kind::kKeys);
    }
    add("revocations.file", issuer.revocations().file(), Kind::kRevocations);
    add("fetch.ca_file", issuer.fetch().ca_file(), Kind::kCertificates);
    add("fetch.bearer_token_file", issuer.fetch().bearer_token_file(), Kind::kBearerToken);
  }
  return files;
}

void CheckFile(const ServerFile& file, const Mounts& mounts, absl::Time now, Findings* findings) {
  const auto text = internal::ReadFile(
      file.path, file.kind == Kind::kRevocations ? kMaxRevocationBytes : kMaxBytes);
  if (!text.ok()) {
    findings->Fail(kCheck, absl::StrCat(text.status().message(), " (", file.what, ")"),
                   absl::IsPermissionDenied(text.status())
                       ? absl::StrCat("let this user, number ", geteuid(), ", read it")
                       : "put it there, or correct the path");
    return;
  }
  bool good = CheckModes(file, text->view(), findings);
  good = CheckContent(file, text->view(), now, findings) && good;
  if (mounts.IsFrozen(file.path)) {
    findings->Warn(kCheck,
                   absl::StrCat(file.path, " (", file.what,
                                "): a mount of its own, as by subPath: it never changes when its "
                                "ConfigMap or Secret does"),
                   "mount the volume as a directory, without subPath, and name the file in it");
    return;
  }
  if (good) {
    findings->Ok(kCheck,
                 absl::StrCat(file.path, " (", file.what, ")",
                              FollowsVolume(file.path) ? ", follows its ConfigMap or Secret" : ""));
  }
}

bool CheckExpiry(const std::string& check, const std::string& what, absl::Time not_after,
                 absl::Duration warn_ahead, absl::Time now, Findings* findings) {
  const std::string date = internal::UtcText(not_after);
  if (now >= not_after) {
    findings->Fail(check, absl::StrCat(what, " expired at ", date),
                   "renew it; the server reads the file again by itself");
    return false;
  }
  if (now + warn_ahead < not_after) return true;
  findings->Warn(check, absl::StrCat(what, " expires soon, at ", date),
                 "renew it; the server reads the file again by itself");
  return false;
}

}  // namespace lanyard::tools
