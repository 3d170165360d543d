// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/certificate_file.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/crypto/certificate.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/redaction.h"

namespace lanyard::internal {
namespace {

constexpr size_t kMaxBytes = 1 << 20;

}  // namespace

absl::StatusOr<std::string> CertificateSha256OfFile(const std::string& path) {
  const auto pem = ReadFile(path, kMaxBytes);
  if (!pem.ok()) return pem.status();
  auto sha256 = CertificateSha256(pem->view());
  if (sha256.ok()) return sha256;
  return absl::InvalidArgumentError(
      absl::StrCat(PrintablePath(path), ": ", sha256.status().message()));
}

}  // namespace lanyard::internal
