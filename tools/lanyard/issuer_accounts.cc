// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/issuer_accounts.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "lanyard/issuer/configured_store.h"
#include "lanyard/issuer/issuer_config.h"
#include "lanyard/tools/issuer_place.h"

namespace lanyard::tools {

absl::StatusOr<IssuerAccounts> OpenIssuerAccounts(const Arguments& arguments) {
  const std::string file = arguments.Value("--config");
  auto config = LoadIssuerConfig(file);
  if (!config.ok()) return config.status();
  if (config->has_memory()) {
    return AtItsPlace(
        file,
        absl::FailedPreconditionError(
            "memory: that store is inside the process that serves, and ends with it; accounts "
            "that last need `sqlite { file: \"issuer.db\" }` or redis"));
  }
  auto store = OpenConfiguredStore(*config);
  if (!store.ok()) return AtItsPlace(file, store.status());
  auto accounts = std::make_unique<Accounts>(config->issuer(), *std::move(store));
  return IssuerAccounts{*std::move(config), std::move(accounts)};
}

Option IssuerConfigOption() {
  return {"--config", "FILE", "the config of the issuer (lanyard/v1/issuer.proto)",
          /*required=*/true};
}

absl::Status AccountError(absl::string_view account, const absl::Status& status) {
  const absl::string_view message = status.message();
  switch (status.code()) {
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
      return absl::Status(status.code(), absl::StrCat(message, "; `lanyard ", account,
                                                      " list` names those that there are"));
    case absl::StatusCode::kInvalidArgument: {
      const size_t colon = message.find(": ");
      if (colon == message.npos) return status;
      const std::string field = absl::StrReplaceAll(message.substr(0, colon),
                                                    {{"name", "NAME"},
                                                     {"certificate_names", "--certificate-name"},
                                                     {"visible_claims", "--visible-claim"},
                                                     {"signs_users_in", "--signs-users-in"},
                                                     {"certificate_bound", "--certificate-bound"},
                                                     {"grants", "--grant"},
                                                     {"exchanges", "--exchange"},
                                                     {"receives", "--receives"},
                                                     {"claims", "--claim"},
                                                     {"jwks", "--jwks"},
                                                     {"session_id", "--session"},
                                                     {"token_id", "--token-id"},
                                                     {"key_id", "--key"}});
      return absl::InvalidArgumentError(absl::StrCat(
          field, absl::StrReplaceAll(
                     message.substr(colon),
                     {{"needs certificate_names or jwks", "needs --certificate-name or --jwks"},
                      {"needs certificate_names", "needs --certificate-name"}})));
    }
    default:
      return status;
  }
}

}  // namespace lanyard::tools
