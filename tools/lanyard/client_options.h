// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_CLIENT_OPTIONS_H_
#define LANYARD_TOOLS_LANYARD_CLIENT_OPTIONS_H_

#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lanyard/tools/arguments.h"
#include "lanyard/tools/command.h"
#include "lanyard/v1/accounts.pb.h"

namespace lanyard::tools {

// The options that say what a client is: for `client add`, where words that stand there are true,
// and for `client set`, where they take yes or no and there are options that take something away.
std::vector<Option> ClientAddOptions();
std::vector<Option> ClientSetOptions();

// Reads either, and the files that they name; gives what they do to a client.

using ClientChange = std::function<absl::Status(v1::Client*)>;
absl::StatusOr<ClientChange> ReadClientOptions(const Arguments& arguments, Streams& streams);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_CLIENT_OPTIONS_H_
