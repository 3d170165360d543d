// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/issuer_start.h"

#include <unistd.h>

#include <cerrno>
#include <string>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/redaction.h"

namespace lanyard::tools {
namespace {

constexpr size_t kMaxKeyBytes = 1 << 20;

bool IsMissing(const std::string& path) {
  return access(path.c_str(), F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

absl::Status Missing(const char* field, const std::string& path, const std::string& remedy) {
  return absl::NotFoundError(
      absl::StrCat(field, ": ", internal::PrintablePath(path), ": not there; ", remedy));
}

}  // namespace

absl::Status CheckIssuerStart(const v1::IssuerConfig& config) {
  if (!config.has_serve()) {
    return absl::InvalidArgumentError(
        "serve: required, as in `serve { listen: \"0.0.0.0:8443\" certificate_chain: \"tls.crt\" "
        "private_key: \"tls.key\" }`");
  }
  const std::string& keys = config.key_directory();
  if (IsMissing(keys)) {
    return Missing("key_directory", keys,
                   absl::StrCat("`lanyard key rotate ", internal::PrintablePath(keys),
                                " --alg ES256` makes it, with the first key"));
  }
  const std::string& secret = config.sign_in().session_secret_file();
  if (config.has_sign_in() && IsMissing(secret)) {
    return Missing(
        "sign_in.session_secret_file", secret,
        absl::StrCat("`(umask 077; head -c 32 /dev/urandom > ", internal::PrintablePath(secret),
                     ")` makes it, and all replicas need the same"));
  }
  const std::string files = "PEM of the certificate for the name that clients call";
  if (IsMissing(config.serve().certificate_chain())) {
    return Missing("serve.certificate_chain", config.serve().certificate_chain(), files);
  }
  if (IsMissing(config.serve().private_key())) {
    return Missing("serve.private_key", config.serve().private_key(),
                   "PEM of the private key of serve.certificate_chain");
  }
  // As keys and secret must be: whoever has it can take users' passwords.
  const auto key = internal::ReadPrivateFile(config.serve().private_key(), kMaxKeyBytes);
  if (!key.ok()) {
    return absl::Status(key.status().code(),
                        absl::StrCat("serve.private_key: ", key.status().message()));
  }
  return absl::OkStatus();
}

}  // namespace lanyard::tools
