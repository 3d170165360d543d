// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_SDK_RANDOM_RULES_H_
#define LANYARD_TESTS_SDK_RANDOM_RULES_H_

#include <cstdint>
#include <optional>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lanyard/sdk/internal/name_patterns.h"
#include "lanyard/v1/annotations.pb.h"
#include "tests/sdk/simple_evaluator.h"

// Random callers and rules of the few names that simple_evaluator.h knows, so that they often meet.
namespace lanyard::testing::simple {

// Draws; the same ones every time.
class Random {
 public:
  bool Chance(int percent) { return static_cast<int>(engine_() % 100) < percent; }
  size_t Below(size_t size) { return engine_() % size; }
  const std::string& Of(const List& list) { return list[Below(list.size())]; }
  // Some of them, at least one.
  List Some(const List& list) {
    List some;
    while (some.empty()) {
      for (const std::string& each : list) {
        if (Chance(45)) some.push_back(each);
      }
    }
    return some;
  }
  std::optional<std::string> Maybe(int percent, const List& list) {
    if (!Chance(percent)) return std::nullopt;
    return Of(list);
  }
  std::optional<int64_t> Time() {
    const int64_t ages[] = {0, 59, 60, 61, 600, 601};
    if (Chance(25)) return std::nullopt;
    return kNow - ages[Below(6)];
  }

 private:
  std::mt19937_64 engine_{20270131};
};

inline const List kSubjects = {"a", "t:x", "t:y", "t:", "spiffe://d/w", "spiffe://d/n/w"};
inline const List kSubjectPatterns = {"a", "t:x", "t:*", "spiffe://d/*", "spiffe://d/n/*", "b"};
inline const List kIssuers = {"a", "b"};

// What a random call says of its caller.
inline Facts MakeFacts(Random* random) {
  Facts facts;
  if (random->Chance(40)) facts.peers.uris = random->Some({"spiffe://d/w", "spiffe://e/w"});
  if (random->Chance(30)) facts.peers.dns = random->Some({"h.test", "spiffe://d/w"});
  facts.token = !random->Chance(12);
  if (!facts.token) return facts;
  facts.issuer = random->Of(kIssuers);
  facts.subject = random->Maybe(95, kSubjects);
  facts.client_id = random->Maybe(60, {"web", "app"});
  if (random->Chance(50)) facts.azp = facts.client_id;
  if (!facts.client_id.has_value()) facts.azp = random->Maybe(70, {"web", "app"});
  facts.typ = random->Maybe(85, {"at+jwt", "JWT", "application/AT+JWT"});
  facts.acr = random->Maybe(70, {"1", "2"});
  facts.tier = random->Maybe(85, {"\"x\"", "\"y\"", "1", "1.0", "\"1\"", "true", "false", "null",
                                  "[1,\"y\"]", "[[\"x\"],\"y\",\"z\"]"});
  facts.namespace_ = random->Maybe(60, {"\"x\"", "\"y\""});
  if (random->Chance(85)) facts.scopes = random->Some({"r", "w", "x"});
  if (random->Chance(85)) facts.roles = random->Some({"p", "q"});
  facts.bound = random->Chance(50);
  if (random->Chance(25)) {
    facts.actors = {random->Of(kSubjects)};
    if (random->Chance(30)) facts.actors.push_back(random->Of(kSubjects));
    facts.actor_iss = random->Maybe(50, {IssOf("a"), IssOf("b"), IssOf("c")});
  }
  facts.iat = random->Time();
  facts.auth_time = random->Time();
  facts.jti = random->Chance(70);
  if (random->Chance(70)) facts.exp = kNow + (random->Chance(50) ? 60 : 301);
  return facts;
}

// The claims of a token that says so.
inline std::string ClaimsOf(const Facts& facts) {
  const auto quoted = [](const std::string& text) { return absl::StrCat("\"", text, "\""); };
  List members = {"\"iss\":" + quoted(IssOf(facts.issuer))};
  const auto add = [&](const char* name, const std::optional<std::string>& text) {
    if (text.has_value()) members.push_back(absl::StrCat("\"", name, "\":\"", *text, "\""));
  };
  add("sub", facts.subject);
  add("client_id", facts.client_id);
  add("azp", facts.azp);
  add("acr", facts.acr);
  if (!facts.scopes.empty()) add("scope", absl::StrJoin(facts.scopes, " "));
  if (facts.tier.has_value()) members.push_back("\"tier\":" + *facts.tier);
  if (facts.namespace_.has_value()) {
    members.push_back("\"k.io/x\":{\"ns\":" + *facts.namespace_ + "}");
  }
  if (facts.bound) members.push_back("\"cnf\":{\"x5t#S256\":\"" + std::string(43, 'A') + "\"}");
  if (facts.jti) members.push_back("\"jti\":\"1\"");
  if (facts.exp.has_value()) members.push_back(absl::StrCat("\"exp\":", *facts.exp));
  if (facts.iat.has_value()) members.push_back(absl::StrCat("\"iat\":", *facts.iat));
  if (facts.auth_time.has_value()) {
    members.push_back(absl::StrCat("\"auth_time\":", *facts.auth_time));
  }
  std::string act;
  for (auto actor = facts.actors.rbegin(); actor != facts.actors.rend(); ++actor) {
    act = absl::StrCat("{\"sub\":\"", *actor, "\"", act.empty() ? "" : ",\"act\":" + act, "}");
  }
  if (facts.actor_iss.has_value()) {
    act = absl::StrCat("{\"iss\":\"", *facts.actor_iss, "\",", act.substr(1));
  }
  if (!act.empty()) members.push_back("\"act\":" + act);
  return absl::StrCat("{", absl::StrJoin(members, ","), "}");
}

inline void Set(const List& values, internal::Strings* out) {
  for (const std::string& value : values) *out->Add() = value;
}

inline v1::ClaimCondition MakeClaim(Random* random) {
  v1::ClaimCondition condition;
  if (random->Chance(30)) {
    condition.add_path("k.io/x");
    condition.add_path("ns");
  } else {
    condition.add_path("tier");
  }
  switch (random->Below(5)) {
    case 0:
      Set(random->Some({"x", "y", "1", "true"}), condition.mutable_any_of());
      break;
    case 1:
      Set(random->Some({"y", "z"}), condition.mutable_all_of());
      break;
    case 2:
      condition.add_any_of_integers(1);
      break;
    case 3:
      condition.set_boolean(random->Chance(50));
      break;
    default:
      condition.set_exists(true);
  }
  return condition;
}

// A valid Allow.
inline v1::Allow MakeAllow(Random* random, bool may_be_anyone) {
  v1::Allow allow;
  if (may_be_anyone && random->Chance(6)) {
    allow.set_anyone(true);
    return allow;
  }
  const List peers = {"spiffe://d/*", "spiffe://d/w", "spiffe://e/*", "h.test"};
  if (random->Chance(6)) {
    Set(random->Some(peers), allow.mutable_peers());
    allow.set_without_token(true);
    return allow;
  }
  const auto actors = [&] {
    v1::ActorCondition* actor = allow.add_actors();
    actor->set_issuer(random->Of(kIssuers));
    Set(random->Some(kSubjectPatterns), actor->mutable_subjects());
  };
  if (random->Chance(15)) {
    allow.set_any_authenticated(true);
  } else {
    for (size_t n = 1 + random->Below(2); n > 0; --n) {
      switch (random->Below(8)) {
        case 0:
          Set(random->Some(kSubjectPatterns), allow.mutable_subjects());
          break;
        case 1:
          Set(random->Some({"r", "w", "x"}), allow.mutable_all_scopes());
          break;
        case 2:
          Set(random->Some({"r", "w", "v"}), allow.mutable_any_scopes());
          break;
        case 3:
          Set(random->Some({"p", "o"}), allow.mutable_any_roles());
          break;
        case 4:
          Set(random->Some({"p", "q"}), allow.mutable_all_roles());
          break;
        case 5:
          Set(random->Some({"web", "app"}), allow.mutable_clients());
          break;
        case 6:
          *allow.add_claims() = MakeClaim(random);
          break;
        default:
          actors();
      }
    }
  }
  if (random->Chance(35)) Set(random->Some(kIssuers), allow.mutable_issuers());
  if (random->Chance(10)) {
    Set(random->Some({"jwt", "AT+jwt", "application/jwt"}), allow.mutable_token_types());
  }
  if (random->Chance(8)) allow.set_certificate_bound(true);
  if (random->Chance(8)) allow.set_one_time(true);
  if (random->Chance(8)) Set(random->Some(peers), allow.mutable_peers());
  if (random->Chance(8)) allow.mutable_max_token_age()->set_seconds(random->Chance(50) ? 60 : 600);
  if (random->Chance(8)) allow.mutable_max_authentication_age()->set_seconds(60);
  if (random->Chance(8)) Set(random->Some({"1", "2"}), allow.mutable_any_acr());
  if (random->Chance(8)) actors();
  if (allow.actors().empty() && random->Chance(25)) allow.set_any_actor(true);
  return allow;
}

}  // namespace lanyard::testing::simple

#endif  // LANYARD_TESTS_SDK_RANDOM_RULES_H_
