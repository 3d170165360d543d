// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/tokens/exchanged_token.h"

#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/sdk/internal/token_text.h"

namespace lanyard::internal {
namespace {

// As deep as a verifier takes it.
constexpr int kMaxActors = 4;

absl::Status Refused(absl::string_view what) {
  return absl::UnauthenticatedError(absl::StrCat("the exchanged token ", what));
}

std::optional<absl::string_view> TextOf(const JsonValue& claims, absl::string_view name) {
  const auto claim = claims.Find(name);
  if (!claim.has_value() || !claim->is(JsonValue::Kind::kString) || claim->string().empty()) {
    return std::nullopt;
  }
  return claim->string();
}

// How many actors stand in the claims; none for a chain that is broken.
std::optional<int> ActorsIn(const JsonValue& claims) {
  int actors = 0;
  for (auto act = claims.Find("act"); act.has_value(); act = act->Find("act")) {
    if (!act->is(JsonValue::Kind::kObject) || !TextOf(*act, "sub").has_value()) {
      return std::nullopt;
    }
    ++actors;
  }
  return actors;
}

}  // namespace

absl::Status CheckSubject(const TokenRequest& request) {
  const auto claims = UnverifiedClaims(request.subject_token->text());
  if (!claims.ok()) return absl::UnauthenticatedError("the caller's token cannot be read");
  const std::optional<int> actors = ActorsIn(claims->root());
  if (!actors.has_value() || *actors + (request.with_actor ? 1 : 0) > kMaxActors) {
    return absl::UnauthenticatedError(absl::StrCat("the caller's token has come through more than ",
                                                   kMaxActors - (request.with_actor ? 1 : 0),
                                                   " actors already"));
  }
  return absl::OkStatus();
}

absl::Status CheckExchanged(absl::string_view token, const TokenRequest& request) {
  const auto caller = UnverifiedClaims(request.subject_token->text());
  const auto claims = UnverifiedClaims(token);
  if (!caller.ok() || !claims.ok()) return Refused("cannot be read, nor whom it speaks for");
  const auto subject = TextOf(caller->root(), "sub");
  if (!subject.has_value() || TextOf(claims->root(), "sub") != subject) {
    return Refused("does not speak for the caller: it has another sub");
  }
  const std::optional<int> actors = ActorsIn(claims->root());
  if (!actors.has_value() || *actors > kMaxActors) {
    return Refused(absl::StrCat("has an act that is broken, or deeper than ", kMaxActors));
  }
  const std::optional<int> before = ActorsIn(caller->root());
  if (request.with_actor && *actors <= before.value_or(0)) {
    return Refused("does not say who acts for the caller: act lacks an actor");
  }
  if (*actors < before.value_or(0)) return Refused("lacks an actor whom the caller's token names");
  return absl::OkStatus();
}

absl::Status CheckActor(absl::string_view token, absl::string_view actor_token) {
  const auto actor = UnverifiedClaims(actor_token);
  if (!actor.ok()) return absl::OkStatus();
  const auto subject = TextOf(actor->root(), "sub");
  if (!subject.has_value()) return absl::OkStatus();
  const auto claims = UnverifiedClaims(token);
  if (!claims.ok()) return Refused("cannot be read, nor who acts");
  const auto act = claims->root().Find("act");
  if (!act.has_value() || !act->is(JsonValue::Kind::kObject) || TextOf(*act, "sub") != subject) {
    return Refused("names another actor than this client");
  }
  return absl::OkStatus();
}

absl::Status CheckClient(absl::string_view token, absl::string_view client_id) {
  const auto claims = UnverifiedClaims(token);
  if (!claims.ok()) return Refused("cannot be read, nor whose it is");
  int named = 0;
  for (const char* name : {"client_id", "azp"}) {
    const auto claim = claims->root().Find(name);
    if (!claim.has_value()) continue;
    if (!claim->is(JsonValue::Kind::kString) || claim->string() != client_id) {
      return Refused(absl::StrCat("is another client's: ", name));
    }
    ++named;
  }
  return named > 0 ? absl::OkStatus() : Refused("does not say whose it is: no client_id, no azp");
}

bool IsBoundToken(absl::string_view token) {
  const auto claims = UnverifiedClaims(token);
  return !claims.ok() || claims->root().Find("cnf").has_value();
}

}  // namespace lanyard::internal
