// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/client_proofs.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lanyard/issuer/client_keys.h"
#include "lanyard/issuer/oauth_error.h"
#include "lanyard/issuer/stored.h"
#include "lanyard/sdk/identity.h"
#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/sdk/internal/claim_checks.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/issuer_rules.h"
#include "lanyard/sdk/internal/short_name.h"
#include "lanyard/sdk/internal/token_text.h"
#include "lanyard/sdk/internal/verification.h"

namespace lanyard::internal {
namespace {

constexpr size_t kMaxAssertionBytes = 8 * 1024;
constexpr absl::Duration kMaxAssertionLife = absl::Minutes(5);
// How far the clocks of an issuer's replicas and of their store may be apart, so that one does not
// forget what another still takes.
constexpr absl::Duration kClocksApart = absl::Minutes(1);

class ClientLookup final : public IssuerLookup {
 public:
  ClientLookup(std::shared_ptr<const IssuerRules> rules, std::shared_ptr<const KeySet> keys)
      : rules_(std::move(rules)), keys_(std::move(keys)) {}
  IssuerKeys Find(absl::string_view issuer) const override {
    if (issuer != rules_->issuer) return {};
    return {rules_, keys_, nullptr};
  }

 private:
  const std::shared_ptr<const IssuerRules> rules_;
  const std::shared_ptr<const KeySet> keys_;
};

// RFC 7523 section 3; the type tells it from an access token, and the reverse.
IssuerRules AssertionRules(const std::string& client, const std::string& issuer) {
  IssuerRules rules;
  rules.name = "client";
  rules.issuer = client;
  rules.audiences = {issuer};
  rules.single_audience_only = true;
  rules.algorithms = AssertionAlgorithms();
  rules.types = {"client-authentication+jwt"};
  rules.require_token_id = true;
  rules.max_lifetime = kMaxAssertionLife;
  return rules;
}

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

absl::StatusOr<v1::Client> ClientProofs::Find(const std::string& name) const {
  if (!IsShortName(name)) return InvalidClient();
  auto client = ReadRecord<v1::Client>(*store_, IssuerStore::Kind::kClient, name);
  if (!client.ok()) return client.status();
  if (!client->has_value() || (*client)->value.disabled()) return InvalidClient();
  return std::move((*client)->value);
}

absl::StatusOr<ProvenClient> ClientProofs::Check(const v1::ClientProof& proof,
                                                 const IssuerPeer& peer) const {
  if (!proof.assertion().empty()) return CheckAssertion(proof);
  auto client = Find(proof.client_id());
  if (!client.ok()) return client.status();
  if (client->certificate_names().empty()) {
    if (!client->jwks().empty()) return InvalidClient();
    return ProvenClient{*std::move(client), ""};
  }
  if (peer.certificate_sha256.empty()) return InvalidClient();
  for (const std::string& name : client->certificate_names()) {
    if (Contains(peer.verified_names.uris, name) || Contains(peer.verified_names.dns, name)) {
      return ProvenClient{*std::move(client),
                          absl::StrCat("certificate:", Base64UrlEncode(peer.certificate_sha256))};
    }
  }
  return InvalidClient();
}

absl::StatusOr<ProvenClient> ClientProofs::CheckAssertion(const v1::ClientProof& proof) const {
  if (proof.assertion().size() > kMaxAssertionBytes) return InvalidClient();
  const auto subject = UnverifiedSubject(proof.assertion());
  if (!subject.has_value()) return InvalidClient();
  if (!proof.client_id().empty() && proof.client_id() != *subject) return InvalidClient();
  auto client = Find(*subject);
  if (!client.ok()) return client.status();
  if (client->jwks().empty()) return InvalidClient();
  auto keys = ReadClientKeys(client->jwks());
  if (!keys.ok()) return absl::DataLossError("a client's keys in the store cannot be read");

  const auto rules = std::make_shared<const IssuerRules>(AssertionRules(client->name(), issuer_));
  const ClientLookup lookup(rules, std::make_shared<const KeySet>(*std::move(keys)));
  TokenConnection connection;
  const auto verdict =
      VerifyToken(proof.assertion(), kMaxAssertionBytes, lookup, connection, clock_->Now());
  if (!verdict.ok()) return InvalidClient();
  const Identity& who = verdict->identity;
  if (who.subject() != client->name()) return InvalidClient();
  // One with a cnf, whatever it holds, asks for a proof that is not looked for here.
  if (!CheckBinding(who, connection).ok()) return InvalidClient();

  // Once, wherever it is shown.
  const std::string used =
      absl::StrCat("assertion:", client->name(), ":", Base64UrlEncode(Sha256(who.token_id())));
  const absl::Status taken = store_->Apply(
      {{{IssuerStore::Kind::kUsedId, used, 0, "", who.expires_at() + rules->leeway + kClocksApart}},
       {}});
  if (absl::IsAborted(taken)) return InvalidClient();
  if (!taken.ok()) return taken;
  return ProvenClient{*std::move(client), absl::StrCat("key:", who.key_id())};
}

}  // namespace lanyard::internal
