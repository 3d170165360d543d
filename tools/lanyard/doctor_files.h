// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_DOCTOR_FILES_H_
#define LANYARD_TOOLS_LANYARD_DOCTOR_FILES_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "lanyard/tools/findings.h"
#include "lanyard/tools/mounts.h"
#include "lanyard/v1/config.pb.h"

namespace lanyard::tools {

// One file that a server reads.
struct ServerFile {
  enum class Kind { kPlain, kKeys, kCertificates, kPrivateKey, kBearerToken, kRevocations };

  std::string what;  // "issuer sso: jwks_file"
  std::string path;
  Kind kind = Kind::kPlain;
};

// The files that the issuers of a config name; the files of a folder of keys one by one.
std::vector<ServerFile> FilesOf(const v1::ServerConfig& config);

// That it is there, can be read by this user, that nobody else can read or change what only its
// owner should, that it can change under a running server, and that nothing in it has expired at
// `now`.
void CheckFile(const ServerFile& file, const Mounts& mounts, absl::Time now, Findings* findings);

// How long certificates and tokens are good for: a finding where one is over, or soon will be.
// False if there was one.
bool CheckExpiry(const std::string& check, const std::string& what, absl::Time not_after,
                 absl::Duration warn_ahead, absl::Time now, Findings* findings);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_DOCTOR_FILES_H_
