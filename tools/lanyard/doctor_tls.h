// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_DOCTOR_TLS_H_
#define LANYARD_TOOLS_LANYARD_DOCTOR_TLS_H_

#include <string>

#include "absl/time/time.h"
#include "lanyard/tools/doctor_issuers.h"
#include "lanyard/tools/findings.h"
#include "lanyard/tools/mounts.h"

namespace lanyard::tools {

// The files of TlsFiles; each may be empty, but certificate and key go together.
struct ServerTlsFiles {
  std::string certificate, key, roots;
};

// That the server can use the pair, that clients can follow the chain and find the server's name in
// it, and that the key is for nothing else.
void CheckTls(const ServerTlsFiles& files, const KeysByIssuer& issuers, const Mounts& mounts,
              absl::Time now, Findings* findings);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_DOCTOR_TLS_H_
