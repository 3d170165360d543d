// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/identity.h"

#include <google/protobuf/util/json_util.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/identity_state.h"

namespace lanyard {

using internal::IdentityState;

Identity::Identity() : state_(IdentityState::Anonymous()) {}
Identity::Identity(const Identity& other) : state_(other.state_) { state_->Keep(); }
Identity::Identity(Identity&& other) noexcept
    : state_(std::exchange(other.state_, IdentityState::Anonymous())) {}
Identity& Identity::operator=(const Identity& other) {
  Identity copy(other);
  std::swap(state_, copy.state_);
  return *this;
}
Identity& Identity::operator=(Identity&& other) noexcept {
  Identity taken(std::move(other));
  std::swap(state_, taken.state_);
  return *this;
}
Identity::~Identity() { state_->Release(); }

bool Identity::authenticated() const { return state_->authenticated(); }

bool Identity::Is(absl::string_view issuer_name, absl::string_view subject) const {
  return authenticated() && !issuer_name.empty() && !subject.empty() &&
         issuer_name == state_->issuer_name() && subject == state_->subject();
}

const std::string& Identity::issuer_name() const { return state_->names().issuer_name; }
const std::string& Identity::issuer() const { return state_->names().issuer; }
const std::string& Identity::subject() const { return state_->names().subject; }
bool Identity::has_subject() const { return state_->has_subject(); }
const std::string& Identity::client_id() const { return state_->names().client_id; }
const std::vector<std::string>& Identity::scopes() const { return state_->names().scopes; }
const std::vector<std::string>& Identity::roles() const { return state_->names().roles; }
const std::vector<std::string>& Identity::audiences() const { return state_->names().audiences; }
const std::string& Identity::token_id() const { return state_->names().token_id; }
const std::string& Identity::key_id() const { return state_->names().key_id; }
bool Identity::has_actor() const { return state_->has_actor(); }
const std::string& Identity::actor_subject() const { return state_->names().actor_subject; }
const std::string& Identity::actor_issuer() const { return state_->names().actor_issuer; }
const std::string& Identity::claims_json() const { return state_->written().json; }
const v1::Claims& Identity::claims() const { return state_->written().claims; }

bool Identity::HasScope(absl::string_view scope) const { return state_->scopes().Contains(scope); }
bool Identity::HasRole(absl::string_view role) const { return state_->roles().Contains(role); }

absl::Time Identity::expires_at() const {
  return state_->expires_at().value_or(absl::InfiniteFuture());
}

absl::Status Identity::ReadClaimsInto(google::protobuf::Message* message) const {
  if (!authenticated()) return absl::FailedPreconditionError("the anonymous caller has no claims");
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto status = google::protobuf::util::JsonStringToMessage(
      std::string(state_->claims_json()), message, options);
  if (!status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the claims do not fit ", std::string(message->GetTypeName()), ": ", status.ToString()));
  }
  return absl::OkStatus();
}

}  // namespace lanyard
