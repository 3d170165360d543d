// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/tokens/client_authentication.h"

#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/crypto/certificate.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/redaction.h"
#include "lanyard/sdk/tokens/client_assertion.h"

namespace lanyard::internal {
namespace {

constexpr size_t kMaxSecretBytes = 4 * 1024;
constexpr size_t kMaxPemBytes = 64 * 1024;
constexpr char kAssertionType[] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

absl::Status Bad(absl::string_view field, const std::string& path, absl::string_view what) {
  return absl::UnauthenticatedError(absl::StrCat(field, ": ", PrintablePath(path), ": ", what));
}

absl::Status Unreadable(absl::string_view field, const absl::Status& status) {
  return absl::UnavailableError(absl::StrCat(field, ": ", status.message()));
}

// RFC 6749 appendix A.2.
bool IsClientSecret(absl::string_view text) {
  for (const char c : text) {
    if (c < ' ' || c > '~') return false;
  }
  return !text.empty();
}

absl::Status ShowSecret(const OAuthClient& client, Form* form, HttpRequest* request,
                        std::vector<Secret>* secrets) {
  constexpr char kField[] = "client_secret_file";
  const auto file = ReadPrivateFile(client.client_secret_file, kMaxSecretBytes);
  if (!file.ok()) return Unreadable(kField, file.status());
  const absl::string_view secret = absl::StripAsciiWhitespace(file->view());
  if (!IsClientSecret(secret)) {
    return Bad(kField, client.client_secret_file,
               secret.empty() ? "the file is empty"
                              : "holds something else than one line of printable ASCII");
  }
  secrets->emplace_back(secret);
  const Secret encoded = FormEncoded(secret);
  secrets->push_back(encoded);
  if (client.client_secret_in == ClientSecretIn::kForm) {
    form->Add("client_id", client.client_id);
    form->Add("client_secret", secret);
    return absl::OkStatus();
  }
  std::string pair = absl::StrCat(FormEncoded(client.client_id).view(), ":", encoded.view());
  const ScopedCleanse cleanse(&pair);
  std::string base64 = absl::Base64Escape(pair);
  request->basic = Secret::Take(base64);
  secrets->push_back(request->basic);
  return absl::OkStatus();
}

absl::Status ShowAssertion(const OAuthClient& client, Form* form, std::vector<Secret>* secrets) {
  auto assertion = ClientAssertion(
      {client.private_key_file, client.private_key_algorithm, client.private_key_id},
      client.client_id,
      client.assertion_audience.empty() ? client.token_url : client.assertion_audience,
      client.clock->Now());
  if (!assertion.ok()) return assertion.status();
  secrets->push_back(Secret::Take(*assertion));
  form->Add("client_id", client.client_id);
  form->Add("client_assertion_type", kAssertionType);
  form->Add("client_assertion", secrets->back().view());
  return absl::OkStatus();
}

absl::Status ShowCertificate(const OAuthClient& client, Form* form, HttpRequest* request) {
  const auto chain = ReadFile(client.tls_certificate_file, kMaxPemBytes);
  if (!chain.ok()) return Unreadable("tls_certificate_file", chain.status());
  auto key = ReadPrivateFile(client.tls_private_key_file, kMaxPemBytes);
  if (!key.ok()) return Unreadable("tls_private_key_file", key.status());
  if (const absl::Status pair = CheckCertificateAndKey(chain->view(), key->view()); !pair.ok()) {
    // Files that are replaced one after the other do not match for a moment.
    return absl::UnavailableError(
        absl::StrCat("tls_certificate_file: ", PrintablePath(client.tls_certificate_file), ": ",
                     pair.message()));
  }
  request->client_certificate = std::string(chain->view());
  request->client_key = *std::move(key);
  form->Add("client_id", client.client_id);
  return absl::OkStatus();
}

}  // namespace

absl::Status AuthenticateClient(const OAuthClient& client, Form* form, HttpRequest* request,
                                std::vector<Secret>* secrets) {
  if (!client.client_secret_file.empty()) return ShowSecret(client, form, request, secrets);
  if (!client.private_key_file.empty()) return ShowAssertion(client, form, secrets);
  return ShowCertificate(client, form, request);
}

}  // namespace lanyard::internal
