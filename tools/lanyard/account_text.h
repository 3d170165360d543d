// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_ACCOUNT_TEXT_H_
#define LANYARD_TOOLS_LANYARD_ACCOUNT_TEXT_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "lanyard/tools/arguments.h"
#include "lanyard/tools/command.h"
#include "lanyard/v1/accounts.pb.h"

namespace lanyard::tools {

// An account as people and as machines read it. Never a password's hash.
std::string UserText(const v1::User& user);
std::string UserJson(const v1::User& user);
std::string ClientText(const v1::Client& client);
std::string ClientJson(const v1::Client& client);

// Says that a change was made: `what` to people; the account's name, as the member `kind` ("user",
// "client"), to machines.
void SayDone(const Arguments& arguments, absl::string_view kind, absl::string_view name,
             absl::string_view what, Streams& streams);

// Says names, one a line, or as the member `kinds` of an object.
void SayNames(const Arguments& arguments, absl::string_view kinds,
              const std::vector<std::string>& names, Streams& streams);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_ACCOUNT_TEXT_H_
