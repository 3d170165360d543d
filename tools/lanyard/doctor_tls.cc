// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/doctor_tls.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lanyard/sdk/internal/crypto/certificate.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/utc_text.h"
#include "lanyard/sdk/keys/key.h"
#include "lanyard/tools/doctor_files.h"

namespace lanyard::tools {
namespace {

using Certificates = std::vector<internal::CertificateFacts>;

constexpr char kCheck[] = "tls";
constexpr size_t kMaxBytes = 1 << 20;

void CheckChain(const std::string& path, const Certificates& chain, absl::Time now,
                Findings* findings) {
  for (size_t i = 0; i + 1 < chain.size(); ++i) {
    if (chain[i].signed_by_next) continue;
    findings->Fail(kCheck,
                   absl::StrCat(path, ": certificate ", i + 1,
                                " of the chain is not signed by certificate ", i + 2),
                   "write the server's own certificate first, and after each the one that signed "
                   "it; other CAs belong in --tls-roots");
    return;
  }
  if (now < chain.front().not_before) {
    findings->Fail(
        kCheck,
        absl::StrCat(path, ": not valid before ", internal::UtcText(chain.front().not_before)),
        "wait, or set this machine's clock");
  }
}

// Whether it is a name that other machines call a server by.
bool IsReachable(const std::string& name) {
  return name != "DNS:localhost" && !absl::StartsWith(name, "IP:127.") && name != "IP:::1" &&
         !absl::StartsWith(name, "URI:");
}

void CheckNames(const std::string& path, const Certificates& chain, Findings* findings) {
  const std::vector<std::string>& names = chain.front().names;
  const bool has_host = std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return !absl::StartsWith(name, "URI:");
  });
  const std::string list = absl::StrJoin(names, ", ");
  if (!has_host) {
    findings->Warn(kCheck,
                   absl::StrCat(path, ": the certificate has no DNS name or address",
                                names.empty() ? "" : absl::StrCat(", only ", list)),
                   "have it issued with the names by which clients call the server, as subject "
                   "alternative names");
  } else if (std::none_of(names.begin(), names.end(), IsReachable)) {
    findings->Warn(kCheck,
                   absl::StrCat(path, ": the certificate is for this machine alone: ", list),
                   "have it issued with the names by which clients of other machines call the "
                   "server");
  } else {
    findings->Ok(kCheck,
                 absl::StrCat(path, ": ", chain.size(),
                              chain.size() == 1 ? " certificate" : " certificates", " for ", list));
  }
}

// A key that signs tokens and is a TLS key has two owners, and two ways to be stolen.
void CheckKeyIsAlone(const std::string& path, absl::string_view pem, const KeysByIssuer& issuers,
                     Findings* findings) {
  const auto key = Key::FromPem(pem);
  if (!key.ok()) return;  // Of a kind that signs no tokens.
  for (const auto& [issuer, keys] : issuers) {
    for (const Key& signing : keys.keys()) {
      if (signing.is_hmac() || !key->SameKeyAs(signing)) continue;
      findings->Fail(kCheck,
                     absl::StrCat(path, ": the server's TLS key is also a signing key of issuer ",
                                  issuer, ", so this server can make tokens"),
                     "give the server a key of its own, and withdraw this one at the issuer");
    }
  }
}

void CheckPair(const ServerTlsFiles& files, const KeysByIssuer& issuers, absl::Time now,
               Findings* findings) {
  const auto chain_text = internal::ReadFile(files.certificate, kMaxBytes);
  const auto key_text = internal::ReadFile(files.key, kMaxBytes);
  if (!chain_text.ok() || !key_text.ok()) return;  // CheckFile() has said so.
  const auto chain = internal::CertificatesIn(chain_text->view());
  if (!chain.ok()) {
    const bool swapped = internal::CertificatesIn(key_text->view()).ok();
    if (swapped) {
      findings->Fail(
          kCheck,
          absl::StrCat(files.certificate, " holds no certificate, and ", files.key, " does"),
          "swap --tls-certificate and --tls-key, here and in the server");
    }
    return;
  }
  const absl::Status pair = internal::CheckCertificateAndKey(chain_text->view(), key_text->view());
  if (!pair.ok()) {
    findings->Fail(kCheck,
                   absl::StrCat(files.certificate, " and ", files.key, ": ", pair.message()),
                   "put certificate and key of one issuance there; until then the server goes on "
                   "with the last good pair, and does not start anew");
  } else {
    findings->Ok(kCheck, absl::StrCat(files.key, ": belongs to the certificate"));
  }
  CheckChain(files.certificate, *chain, now, findings);
  CheckNames(files.certificate, *chain, findings);
  CheckKeyIsAlone(files.key, key_text->view(), issuers, findings);
}

}  // namespace

void CheckTls(const ServerTlsFiles& files, const KeysByIssuer& issuers, const Mounts& mounts,
              absl::Time now, Findings* findings) {
  using Kind = ServerFile::Kind;
  if (!files.certificate.empty()) {
    CheckFile({"--tls-certificate", files.certificate, Kind::kCertificates}, mounts, now, findings);
    CheckFile({"--tls-key", files.key, Kind::kPrivateKey}, mounts, now, findings);
    CheckPair(files, issuers, now, findings);
  }
  if (!files.roots.empty()) {
    CheckFile({"--tls-roots", files.roots, Kind::kCertificates}, mounts, now, findings);
  }
}

}  // namespace lanyard::tools
