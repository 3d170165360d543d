// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_ISSUER_ACCOUNTS_H_
#define LANYARD_TOOLS_LANYARD_ISSUER_ACCOUNTS_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lanyard/issuer/accounts.h"
#include "lanyard/tools/arguments.h"
#include "lanyard/v1/issuer.pb.h"

namespace lanyard::tools {

// The issuer that --config names, and whom it knows.
struct IssuerAccounts {
  v1::IssuerConfig config;
  std::unique_ptr<Accounts> accounts;
};

// Reads the config and opens its store. A store in memory is an error: it is another process's.
absl::StatusOr<IssuerAccounts> OpenIssuerAccounts(const Arguments& arguments);

// The option that it reads.
Option IssuerConfigOption();

// An error of Accounts about `account`, a "user" or a "client", with the options of this tool in
// place of the fields of the record.
absl::Status AccountError(absl::string_view account, const absl::Status& status);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_ISSUER_ACCOUNTS_H_
