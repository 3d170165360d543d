// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/client_options.h"

#include <google/protobuf/repeated_field.h>

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lanyard/tools/account_options.h"
#include "lanyard/tools/input.h"
#include "lanyard/tools/usage_error.h"

namespace lanyard::tools {
namespace {

constexpr size_t kMaxJwksBytes = 48 * 1024;

// A word that weakens or widens: there or not, or yes or no.
struct Word {
  const char* option;
  const char* help;
  void (v1::Client::*set)(bool);
};
constexpr Word kWords[] = {
    {"--signs-users-in", "users may sign in with it", &v1::Client::set_signs_users_in},
    {"--certificate-bound", "its tokens are good on connections with its certificate alone",
     &v1::Client::set_certificate_bound},
    {"--impersonation-without-trace",
     "tokens that it exchanges do not name it: nobody can tell them from the caller's own",
     &v1::Client::set_impersonation_without_trace},
};

// What takes a whole field away.
constexpr const char* kRemovals[] = {"--remove-certificate-names", "--remove-jwks",
                                     "--remove-receives", "--remove-visible-claims"};

std::vector<Option> Lists() {
  const auto repeatable = [](const char* name, const char* value, const char* help) {
    return Option{name, value, help, /*required=*/false, /*repeatable=*/true};
  };
  return {
      repeatable("--certificate-name", "NAME",
                 "a URI or DNS name in its certificate, exactly: how it proves itself"),
      {"--jwks", "FILE|-", "a JWK Set with the public keys that it signs its assertions with"},
      repeatable("--grant", "AUDIENCE=SCOPE,SCOPE",
                 "tokens that it may have for itself, and users that sign in with it"),
      repeatable("--visible-claim", "NAME", "a claim of users that its tokens may show"),
      repeatable("--exchange", "AUDIENCE=SCOPE,SCOPE",
                 "tokens that it may have for callers whose token it received"),
      repeatable("--receives", "AUDIENCE",
                 "the audience of the tokens that it receives (default: its name)"),
  };
}

// Yes, no, or not given.
absl::StatusOr<std::optional<bool>> YesNo(const Arguments& arguments, absl::string_view name) {
  if (!arguments.Has(name)) return std::optional<bool>();
  const std::string value = arguments.Value(name);
  if (value.empty() || value == "yes") return std::optional<bool>(true);
  if (value == "no") return std::optional<bool>(false);
  return UsageError(absl::StrCat(name, " takes yes or no"));
}

using Texts = google::protobuf::RepeatedPtrField<std::string>;

void Replace(const std::vector<std::string>& values, Texts* field) {
  if (values.empty()) return;
  field->Clear();
  for (const std::string& value : values) *field->Add() = value;
}

// An error if both are given.
absl::Status NotBoth(const Arguments& arguments, absl::string_view one, absl::string_view other) {
  if (!arguments.Has(one) || !arguments.Has(other)) return absl::OkStatus();
  return UsageError(absl::StrCat(one, " replaces them all; ", other, " is one word too many"));
}

}  // namespace

std::vector<Option> ClientAddOptions() {
  std::vector<Option> options = Lists();
  for (const Word& word : kWords) options.push_back({word.option, "", word.help});
  return options;
}

std::vector<Option> ClientSetOptions() {
  std::vector<Option> options = Lists();
  for (const Word& word : kWords) options.push_back({word.option, "yes|no", word.help});
  for (const char* option : {"--remove-grant", "--remove-exchange"}) {
    options.push_back({option, "AUDIENCE", "no more tokens for this audience", /*required=*/false,
                       /*repeatable=*/true});
  }
  for (const char* option : kRemovals) options.push_back({option, "", "leave none"});
  return options;
}

absl::StatusOr<ClientChange> ReadClientOptions(const Arguments& arguments, Streams& streams) {
  auto grants = GrantsOption(arguments, "--grant");
  if (!grants.ok()) return grants.status();
  auto exchanges = GrantsOption(arguments, "--exchange");
  if (!exchanges.ok()) return exchanges.status();
  for (const auto& [one, other] :
       {std::pair("--certificate-name", kRemovals[0]), std::pair("--jwks", kRemovals[1]),
        std::pair("--receives", kRemovals[2]), std::pair("--visible-claim", kRemovals[3])}) {
    if (absl::Status s = NotBoth(arguments, one, other); !s.ok()) return s;
  }
  std::vector<std::pair<void (v1::Client::*)(bool), bool>> words;
  for (const Word& word : kWords) {
    const auto value = YesNo(arguments, word.option);
    if (!value.ok()) return value.status();
    if (value->has_value()) words.emplace_back(word.set, **value);
  }
  std::string jwks;
  if (arguments.Has("--jwks")) {
    const auto input = ReadInput(arguments.Value("--jwks"), kMaxJwksBytes, streams.in);
    if (!input.ok()) return input.status();
    if (input->cut_off || input->text.empty()) {
      return absl::InvalidArgumentError("--jwks: a JWK Set has 1 byte to 48 KiB");
    }
    jwks = std::string(input->text.view());
  }
  return ClientChange(
      [=, grants = *std::move(grants), exchanges = *std::move(exchanges)](v1::Client* client) {
        if (arguments.Has(kRemovals[0])) client->clear_certificate_names();
        if (arguments.Has(kRemovals[1])) client->clear_jwks();
        if (arguments.Has(kRemovals[2])) client->clear_receives();
        if (arguments.Has(kRemovals[3])) client->clear_visible_claims();
        Replace(arguments.Values("--certificate-name"), client->mutable_certificate_names());
        Replace(arguments.Values("--receives"), client->mutable_receives());
        Replace(arguments.Values("--visible-claim"), client->mutable_visible_claims());
        if (!jwks.empty()) client->set_jwks(jwks);
        absl::Status s = RemoveGrants("--remove-grant", arguments.Values("--remove-grant"),
                                      client->mutable_grants());
        if (!s.ok()) return s;
        s = RemoveGrants("--remove-exchange", arguments.Values("--remove-exchange"),
                         client->mutable_exchanges());
        if (!s.ok()) return s;
        ReplaceGrants(grants, client->mutable_grants());
        ReplaceGrants(exchanges, client->mutable_exchanges());
        for (const auto& [set, value] : words) (client->*set)(value);
        return absl::OkStatus();
      });
}

}  // namespace lanyard::tools
