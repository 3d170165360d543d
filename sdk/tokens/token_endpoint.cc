// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/tokens/token_endpoint.h"

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/crypto/certificate.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/http.h"
#include "lanyard/sdk/internal/redaction.h"
#include "lanyard/sdk/internal/secret.h"
#include "lanyard/sdk/tokens/client_authentication.h"
#include "lanyard/sdk/tokens/token_answer.h"

namespace lanyard::internal {
namespace {

constexpr size_t kMaxAnswerBytes = 64 * 1024;
constexpr size_t kMaxCaBytes = 1 << 20;

absl::Status Bad(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("OAuthClient.", what));
}

// RFC 6749 appendix A.1.
bool IsClientId(absl::string_view text) {
  for (const char c : text) {
    if (c < ' ' || c > '~') return false;
  }
  return !text.empty();
}

absl::Status CheckProof(const OAuthClient& client) {
  const bool secret = !client.client_secret_file.empty();
  const bool key = !client.private_key_file.empty();
  const bool certificate =
      !client.tls_certificate_file.empty() || !client.tls_private_key_file.empty();
  if (secret + key + certificate != 1) {
    return Bad(
        "client_secret_file, private_key_file, tls_certificate_file: exactly one is required");
  }
  if (certificate && (client.tls_certificate_file.empty() || client.tls_private_key_file.empty())) {
    return Bad("tls_certificate_file and tls_private_key_file: each needs the other");
  }
  if (!key && (client.private_key_algorithm.has_value() || !client.private_key_id.empty() ||
               !client.assertion_audience.empty())) {
    return Bad(
        "private_key_algorithm, private_key_id and assertion_audience: only with "
        "private_key_file");
  }
  return absl::OkStatus();
}

absl::Status CheckCaFile(const std::string& path) {
  if (path.empty()) return absl::OkStatus();
  const auto pem = ReadFile(path, kMaxCaBytes);
  if (!pem.ok()) return Bad(absl::StrCat("ca_file: ", pem.status().message()));
  const absl::Status status = CheckCertificates(pem->view());
  if (status.ok()) return absl::OkStatus();
  return Bad(absl::StrCat("ca_file: ", PrintablePath(path), ": ", status.message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<const TokenEndpoint>> TokenEndpoint::Create(OAuthClient client) {
  if (client.token_url.empty()) return Bad("token_url is required");
  const auto url = ParseHttpUrl(client.token_url, /*plaintext_http_is_trusted=*/false);
  if (!url.ok()) return Bad(absl::StrCat("token_url: ", url.status().message()));
  if (!IsClientId(client.client_id)) {
    return Bad("client_id is required, and printable ASCII");
  }
  if (absl::Status status = CheckProof(client); !status.ok()) return status;
  if (absl::Status status = CheckCaFile(client.ca_file); !status.ok()) return status;
  if (client.timeout < absl::Seconds(1) || client.timeout > absl::Minutes(1)) {
    return Bad("timeout must be 1 s to 1 min");
  }
  if (client.https == nullptr)
    return Bad("https is required: lanyard::Https(), of @lanyard_https//:https");
  if (client.clock == nullptr) return Bad("clock is null");
  // The files are as they should be if a first proof can be made.
  Form form;
  HttpRequest request;
  std::vector<Secret> secrets;
  if (absl::Status status = AuthenticateClient(client, &form, &request, &secrets); !status.ok()) {
    return Bad(status.message());
  }
  return std::unique_ptr<const TokenEndpoint>(new TokenEndpoint(std::move(client), url->origin));
}

absl::StatusOr<BearerToken> TokenEndpoint::Ask(Form grant, const std::atomic<bool>& stop,
                                               std::vector<Secret> secrets) const {
  HttpRequest request;
  if (absl::Status status = AuthenticateClient(client_, &grant, &request, &secrets); !status.ok()) {
    return status;
  }
  request.url = client_.token_url;
  request.form = grant.text();
  request.ca_file = client_.ca_file;
  request.timeout = client_.timeout;
  request.max_bytes = kMaxAnswerBytes;
  const absl::Time asked_at = client_.clock->Now();
  auto response = client_.https->Post(request, stop);
  if (!response.ok()) return response.status();
  const ScopedCleanse cleanse(&response->body);
  return ReadTokenAnswer(origin_, *response, asked_at, secrets);
}

}  // namespace lanyard::internal
