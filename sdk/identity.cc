// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/identity.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/claims_json.h"
#include "lanyard/sdk/internal/identity_state.h"

namespace lanyard {
namespace {

std::shared_ptr<const internal::IdentityState> AnonymousState() {
  static const auto* state = new std::shared_ptr<const internal::IdentityState>([] {
    auto anonymous = std::make_shared<internal::IdentityState>();
    anonymous->issuer_name = anonymous->issuer = anonymous->subject =
        std::string("\0anonymous", 10);
    return anonymous;
  }());
  return *state;
}

}  // namespace

Identity::Identity() : state_(AnonymousState()) {}

bool Identity::authenticated() const { return state_->authenticated; }

bool Identity::Is(absl::string_view issuer_name, absl::string_view subject) const {
  return authenticated() && !issuer_name.empty() && !subject.empty() &&
         issuer_name == this->issuer_name() && subject == this->subject();
}

const std::string& Identity::issuer_name() const { return state_->issuer_name; }
const std::string& Identity::issuer() const { return state_->issuer; }
const std::string& Identity::subject() const { return state_->subject; }
bool Identity::has_subject() const { return state_->registered.subject.has_value(); }
const std::string& Identity::client_id() const { return state_->client_id; }
const std::vector<std::string>& Identity::scopes() const { return state_->registered.scopes; }
const std::vector<std::string>& Identity::roles() const { return state_->roles; }
const std::vector<std::string>& Identity::audiences() const { return state_->audiences; }
const std::string& Identity::token_id() const { return state_->token_id; }
const std::string& Identity::key_id() const { return state_->key_id; }
bool Identity::has_actor() const { return state_->registered.has_actor; }
const std::string& Identity::actor_subject() const { return state_->actor_subject; }
const std::string& Identity::actor_issuer() const { return state_->actor_issuer; }
const std::string& Identity::claims_json() const { return state_->claims_json; }

bool Identity::HasScope(absl::string_view scope) const {
  const auto& all = scopes();
  return std::find(all.begin(), all.end(), scope) != all.end();
}

bool Identity::HasRole(absl::string_view role) const {
  return std::find(roles().begin(), roles().end(), role) != roles().end();
}

absl::Time Identity::expires_at() const {
  return state_->registered.expires_at.value_or(absl::InfiniteFuture());
}

const v1::Claims& Identity::claims() const {
  std::call_once(state_->claims_once, [this] {
    if (authenticated()) state_->claims = internal::ClaimsFromJson(state_->claims_json);
  });
  return state_->claims;
}

absl::Status Identity::ReadClaimsInto(google::protobuf::Message* message) const {
  if (!authenticated()) return absl::FailedPreconditionError("the anonymous caller has no claims");
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto status =
      google::protobuf::util::JsonStringToMessage(state_->claims_json, message, options);
  if (!status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the claims do not fit ", std::string(message->GetTypeName()), ": ", status.ToString()));
  }
  return absl::OkStatus();
}

}  // namespace lanyard
