// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/dev_token.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/config.h"
#include "lanyard/sdk/internal/redaction.h"
#include "lanyard/tools/dev_folder.h"
#include "lanyard/tools/token_mint.h"

namespace lanyard::tools {
namespace {

// Those of `lanyard token mint` that mean the same here.
constexpr const char* kPassedOn[] = {"--subject", "--client-id", "--scope", "--lifetime",
                                     "--claim",   "--bind-to",   "--at"};

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  const std::string folder = arguments.operand();
  const std::string config = absl::StrCat(folder, "/", kDevServerConfig);
  const auto loaded = LoadConfig({config}, "");
  if (!loaded.ok()) return loaded.status();
  const v1::Issuer* issuer = nullptr;
  for (const v1::Issuer& one : loaded->config.issuers()) {
    if (one.name() == kDevIssuer) issuer = &one;
  }
  if (issuer == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(
        internal::PrintablePath(config), ": no issuer \"", kDevIssuer, "\" in it: not a folder of ",
        "\"lanyard dev init\"; \"lanyard token mint\" signs with any key"));
  }
  // Words of the form --name=value, so that no value is taken for an option.
  std::vector<std::string> words = {absl::StrCat("--key=", folder, "/", kDevIssuerKey),
                                    absl::StrCat("--issuer=", issuer->issuer())};
  std::vector<std::string> audiences = arguments.Values("--audience");
  if (audiences.empty() && !issuer->audiences().empty()) {
    audiences.push_back(issuer->audiences(0));
  }
  for (const std::string& audience : audiences) {
    words.push_back(absl::StrCat("--audience=", audience));
  }
  for (const char* name : kPassedOn) {
    for (const std::string& value : arguments.Values(name)) {
      words.push_back(absl::StrCat(name, "=", value));
    }
  }
  if (arguments.json()) words.emplace_back("--json");
  const Command mint = TokenMintCommand();
  const auto minted = Arguments::Parse(mint.syntax, words);
  return minted.ok() ? mint.run(*minted, streams) : minted.status();
}

}  // namespace

Command DevTokenCommand() {
  Command command;
  command.group = "dev";
  command.name = "token";
  command.summary = "Signs a token for local work, as anybody";
  command.details =
      "FOR LOCAL WORK ALONE. DIR was made by \"lanyard dev init\"; the servers that trust it take "
      "the token.\nPrints the token.\n\n"
      "  lanyard dev token dev --subject alice --scope \"orders.read orders.write\"\n";
  command.syntax.operand = "DIR";
  command.syntax.operand_required = true;
  for (const Option& option : TokenMintCommand().syntax.options) {
    if (option.name == "--audience") {
      command.syntax.options.push_back(
          {"--audience", "AUD", "aud: who the token is for (default: what auth.textproto has)",
           /*required=*/false, /*repeatable=*/true});
    }
    for (const char* name : kPassedOn) {
      if (option.name == name) command.syntax.options.push_back(option);
    }
  }
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
