// SPDX-License-Identifier: Apache-2.0
//
// Config text: an error says something, and what loads makes a Verifier and a Policy that lets
// nobody in by accident.
#include "absl/strings/match.h"
#include "lanyard/fuzz/check.h"
#include "lanyard/fuzz/input.h"
#include "lanyard/sdk/config.h"
#include "lanyard/sdk/policy.h"
#include "lanyard/sdk/verifier.h"

using namespace lanyard;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text = fuzz::TextOf(data, size);
  const auto loaded = LoadConfig({}, text);
  if (!loaded.ok()) {
    FUZZ_CHECK(loaded.status().code() == absl::StatusCode::kInvalidArgument);
    FUZZ_CHECK(absl::StartsWith(loaded.status().message(), "config_text"));
    FUZZ_CHECK(loaded.status().message().size() > sizeof("config_text: "));
    return 0;
  }
  const v1::ServerConfig& config = loaded->config;
  FUZZ_CHECK(config.issuers_size() > 0);
  FUZZ_CHECK(static_cast<int>(loaded->rule_locations.size()) == config.rules_size());

  VerifierOptions options;
  if (config.has_max_token_bytes()) options.max_token_bytes = config.max_token_bytes();
  for (const v1::Issuer& issuer : config.issuers()) {
    FUZZ_CHECK(issuer.audiences_size() > 0 && issuer.algorithms_size() > 0);
    options.issuers.push_back({issuer, std::make_shared<StaticKeySource>(KeySet())});
  }
  FUZZ_CHECK(Verifier::Create(std::move(options)).ok());

  const auto policy = Policy::Create(*loaded, {}, absl::FromUnixSeconds(1800000000));
  FUZZ_CHECK(policy.ok());
  const Identity nobody;
  for (const v1::Rule& rule : config.rules()) {
    bool anyone = false;
    for (const v1::Allow& allow : rule.allow()) anyone = anyone || allow.anyone();
    FUZZ_CHECK((*policy)->RuleOf(rule.method()) != nullptr);
    FUZZ_CHECK((*policy)->Decide(rule.method(), nobody).allowed() == anyone);
  }
  FUZZ_CHECK(!(*policy)->Decide("/no.Such/Method", nobody).allowed() ||
             (*policy)->RuleOf("/no.Such/Method") != nullptr);
  return 0;
}
