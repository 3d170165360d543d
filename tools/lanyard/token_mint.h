// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_TOKEN_MINT_H_
#define LANYARD_TOOLS_LANYARD_TOKEN_MINT_H_

#include "lanyard/tools/command.h"

namespace lanyard::tools {

// `lanyard token mint`: signs an RFC 9068 access token.
Command TokenMintCommand();

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_TOKEN_MINT_H_
