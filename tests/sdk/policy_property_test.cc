// SPDX-License-Identifier: Apache-2.0
//
// A policy against a second evaluator (simple_evaluator.h): a million calls by random callers under
// random rules, always the same ones.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lanyard/sdk/internal/caller_condition.h"
#include "lanyard/sdk/internal/jws.h"
#include "lanyard/sdk/policy.h"
#include "lanyard/testing/matchers.h"
#include "tests/sdk/annotated_service.h"
#include "tests/sdk/made_caller.h"
#include "tests/sdk/random_rules.h"
#include "tests/sdk/simple_evaluator.h"

namespace lanyard {
namespace {

using ::lanyard::testing::AnnotatedService;
using ::lanyard::testing::AnnotatedServices;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::MadeCaller;
using ::lanyard::testing::PeerConnection;
using ::lanyard::testing::simple::Annotations;
using ::lanyard::testing::simple::ClaimsOf;
using ::lanyard::testing::simple::Evaluate;
using ::lanyard::testing::simple::Facts;
using ::lanyard::testing::simple::IssOf;
using ::lanyard::testing::simple::kIssuers;
using ::lanyard::testing::simple::kNow;
using ::lanyard::testing::simple::kSubjectPatterns;
using ::lanyard::testing::simple::List;
using ::lanyard::testing::simple::MakeAllow;
using ::lanyard::testing::simple::MakeFacts;
using ::lanyard::testing::simple::Random;
using ::lanyard::testing::simple::Set;

constexpr int kPolicies = 1000, kCallers = 4000, kCallsOfAPolicy = 1000;

// A config, and services with annotations.
struct Rules {
  LoadedConfig loaded;
  Annotations annotations;
  AnnotatedServices services;
  internal::Services descriptors;
};

std::string OneLine(const google::protobuf::Message& message) {
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  std::string text;
  printer.PrintToString(message, &text);
  return text;
}

std::unique_ptr<Rules> MakeRules(Random* random) {
  auto rules = std::make_unique<Rules>();
  v1::ServerConfig& config = rules->loaded.config;
  for (const std::string& name : kIssuers) {
    v1::Issuer* issuer = config.add_issuers();
    issuer->set_name(name);
    issuer->set_issuer(IssOf(name));
    issuer->add_roles()->add_path("roles");
  }
  Set(random->Some(kIssuers), config.mutable_annotation_issuers());
  config.set_single_replica(true);
  const auto allows = [&](const std::string& path) {
    std::vector<v1::Allow> list;
    for (size_t n = 1 + random->Below(2); n > 0; --n) {
      list.push_back(MakeAllow(random, path.back() != '*'));
      EXPECT_THAT(internal::ValidateAllow(list.back()), IsOk());
    }
    return list;
  };
  const auto annotate = [&](const std::string& path, int percent, const char* option) {
    std::string options;
    if (!random->Chance(percent)) return options;
    rules->annotations[path] = allows(path);
    for (const v1::Allow& allow : rules->annotations[path]) {
      absl::StrAppend(&options, "[lanyard.v1.", option, "] { ", OneLine(allow), " } ");
    }
    return options;
  };
  const auto rule = [&](const std::string& path, int percent) {
    if (!random->Chance(percent)) return;
    v1::Rule* added = config.add_rules();
    added->set_method(path);
    added->set_replaces_annotation(true);
    if (random->Chance(10)) {
      added->set_nobody(true);
    } else {
      for (const v1::Allow& allow : allows(path)) *added->add_allow() = allow;
    }
    rules->loaded.rule_locations.push_back(absl::StrCat("file:", config.rules_size()));
  };
  for (const char* name : {"A", "B"}) {
    const std::string prefix = absl::StrCat("/shop.", name, "/");
    AnnotatedService service{name, {}, annotate(prefix + "*", 40, "default_allow")};
    for (const char* method : {"M", "N"}) {
      service.methods.emplace_back(method, annotate(prefix + method, 50, "allow"));
      rule(prefix + method, 35);
    }
    rule(prefix + "*", 30);
    rules->descriptors.push_back(rules->services.Add(service));
  }
  while (random->Chance(35)) {
    v1::Deny* deny = config.add_deny();
    deny->add_issuers(random->Of(kIssuers));
    if (random->Chance(85)) deny->add_subjects(random->Of(kSubjectPatterns));
    if (random->Chance(40)) deny->add_clients(random->Of({"web", "app"}));
    if (deny->subjects_size() > 0 && random->Chance(30)) deny->clear_issuers();
  }
  return rules;
}

// For a failure.
std::string Described(const Rules& rules) {
  std::string text = OneLine(rules.loaded.config) + "\n";
  for (const auto& [of, allows] : rules.annotations) {
    for (const v1::Allow& allow : allows) absl::StrAppend(&text, of, ": ", OneLine(allow), "\n");
  }
  return text;
}
std::string Described(const Facts& facts) {
  return absl::StrCat(facts.token ? ClaimsOf(facts) : "(anonymous)", " typ ",
                      facts.typ.value_or("(none)"), " roles ", absl::StrJoin(facts.roles, ","),
                      " peers ", absl::StrJoin(facts.peers.uris, ","), ";",
                      absl::StrJoin(facts.peers.dns, ","));
}

TEST(PolicyPropertyTest, AgreesWithTheCommentsOfTheProto) {
  Random random;
  std::vector<std::pair<Facts, Identity>> callers;
  while (callers.size() < kCallers) {
    const Facts facts = MakeFacts(&random);
    callers.emplace_back(
        facts, facts.token
                   ? MadeCaller(facts.issuer, ClaimsOf(facts),
                                internal::NormalizedType(facts.typ.value_or("")), facts.roles)
                   : Identity());
  }
  const List paths = {"/shop.A/M", "/shop.A/N", "/shop.B/M",  "/shop.B/N",
                      "/shop.A/Z", "/shop.C/M", "/shop.A/M/", "/shop.A/"};
  std::map<Policy::Verdict, int> verdicts;
  for (int i = 0; i < kPolicies; ++i) {
    const auto rules = MakeRules(&random);
    const auto policy =
        Policy::Create(rules->loaded, rules->descriptors, absl::FromUnixSeconds(kNow));
    ASSERT_THAT(policy, IsOk());
    for (int j = 0; j < kCallsOfAPolicy; ++j) {
      const auto& [facts, caller] = callers[random.Below(callers.size())];
      // The methods that have rules more often than the others.
      const std::string& path = paths[random.Chance(85) ? random.Below(4) : random.Below(8)];
      PeerConnection connection(facts.peers);
      const auto verdict =
          (*policy)->Decide(path, caller, connection, absl::FromUnixSeconds(kNow)).verdict;
      ++verdicts[verdict];
      const auto expected = Evaluate(rules->loaded.config, rules->annotations, path, facts);
      if (verdict == expected) continue;
      FAIL() << path << " is " << static_cast<int>(verdict) << ", not "
             << static_cast<int>(expected) << "\n"
             << Described(*rules) << Described(facts) << "\n"
             << (*policy)->Explain(path, caller, connection, absl::FromUnixSeconds(kNow));
    }
  }
  const int all = kPolicies * kCallsOfAPolicy;
  const int allowed = verdicts[Policy::Verdict::kAllowed];
  std::printf("%d calls: %d allowed, %d no match, %d denied, %d no rule\n", all, allowed,
              verdicts[Policy::Verdict::kNoMatch], verdicts[Policy::Verdict::kDenied],
              verdicts[Policy::Verdict::kNoRule]);
  EXPECT_GE(allowed, all / 20);
  EXPECT_GE(all - allowed, all / 20);
  EXPECT_GE(verdicts[Policy::Verdict::kNoMatch], all / 20);
  EXPECT_GE(verdicts[Policy::Verdict::kDenied], all / 100);
  EXPECT_GE(verdicts[Policy::Verdict::kNoRule], all / 100);
}

}  // namespace
}  // namespace lanyard
