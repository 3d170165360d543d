// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/call_metadata.h"

#include <grpc/grpc_security_constants.h>

#include <iterator>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/auth_failure.h"
#include "lanyard/sdk/internal/crypto/certificate.h"
#include "lanyard/sdk/internal/token_text.h"

namespace lanyard::internal {

// Neither of these two asks FindPropertyValues(), which makes a list: every call asks them.
bool IsLocal(const grpc::AuthContext& context) {
  for (const grpc::AuthProperty& property : context) {
    if (property.first == GRPC_TRANSPORT_SECURITY_TYPE_PROPERTY_NAME &&
        property.second == "local") {
      return true;
    }
  }
  return false;
}

absl::string_view CertificatePemOf(const grpc::AuthContext& context) {
  for (const grpc::AuthProperty& property : context) {
    if (property.first == GRPC_X509_PEM_CERT_PROPERTY_NAME) return View(property.second);
  }
  return {};
}

std::string CertificateSha256Of(const grpc::AuthContext& context) {
  const absl::string_view pem = CertificatePemOf(context);
  if (pem.empty()) return std::string();
  return CertificateSha256(pem).value_or(std::string());
}

PeerNames PeerNamesOf(const grpc::AuthContext& context) {
  PeerNames names;
  for (const grpc::string_ref& uri : context.FindPropertyValues(GRPC_PEER_URI_PROPERTY_NAME)) {
    names.uris.emplace_back(uri.data(), uri.size());
  }
  for (const grpc::string_ref& dns : context.FindPropertyValues(GRPC_PEER_DNS_PROPERTY_NAME)) {
    names.dns.emplace_back(dns.data(), dns.size());
  }
  return names;
}

uint64_t ConnectionOf(const grpc::AuthContext& context) {
  // gRPC hands each call another AuthContext object, but the properties belong to the connection.
  // These are made with it; a processor may add others with every call.
  std::pair<uintptr_t, uintptr_t> name = {0, 0};
  for (const grpc::string_ref& type :
       context.FindPropertyValues(GRPC_TRANSPORT_SECURITY_TYPE_PROPERTY_NAME)) {
    name.first = reinterpret_cast<uintptr_t>(type.data());
  }
  for (const grpc::string_ref& level :
       context.FindPropertyValues(GRPC_TRANSPORT_SECURITY_LEVEL_PROPERTY_NAME)) {
    name.second = reinterpret_cast<uintptr_t>(level.data());
  }
  return absl::Hash<std::pair<uintptr_t, uintptr_t>>{}(name);
}

absl::StatusOr<absl::string_view> TokenOf(const CallMetadata& metadata, const std::string& header) {
  const auto range = metadata.equal_range(header);
  if (range.first == range.second) {
    return AuthFailureStatus(AuthFailure::kMissingToken, absl::StrCat("the call has no ", header));
  }
  if (std::next(range.first) != range.second) {
    return AuthFailureStatus(AuthFailure::kMalformedToken, absl::StrCat("more than one ", header));
  }
  const absl::string_view value = View(range.first->second);
  if (header != kAuthorization) {
    if (IsBearerToken(value)) return value;
    return AuthFailureStatus(AuthFailure::kMalformedToken,
                             absl::StrCat("the ", header, " is not one token alone"));
  }
  const auto token = BearerOf(value);
  if (!token.has_value()) {
    // A DPoP token (RFC 9449) proves something that is not checked here, so it is no bearer token.
    if (absl::StartsWithIgnoreCase(value, "DPoP ")) {
      return AuthFailureStatus(AuthFailure::kMissingToken, "the authorization is DPoP, not Bearer");
    }
    return AuthFailureStatus(AuthFailure::kMalformedToken,
                             "the authorization is not \"Bearer\" and one token");
  }
  return *token;
}

}  // namespace lanyard::internal
