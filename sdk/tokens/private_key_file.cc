// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/tokens/private_key_file.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/redaction.h"
#include "lanyard/sdk/keys/key.h"

namespace lanyard::internal {
namespace {

constexpr size_t kMaxPemBytes = 64 * 1024;

}  // namespace

absl::StatusOr<std::unique_ptr<Signer>> SignerFromFile(const PrivateKeyFile& file,
                                                       const std::string& type,
                                                       absl::string_view path_field,
                                                       absl::string_view algorithm_field) {
  const auto text = ReadPrivateFile(file.path, kMaxPemBytes);
  if (!text.ok()) {
    return absl::UnavailableError(absl::StrCat(path_field, ": ", text.status().message()));
  }
  const auto bad = [&](absl::string_view what) {
    return absl::UnauthenticatedError(
        absl::StrCat(path_field, ": ", PrintablePath(file.path), ": ", what));
  };
  const bool jwk = absl::StartsWith(absl::StripLeadingAsciiWhitespace(text->view()), "{");
  auto key = jwk ? Key::FromJwk(text->view()) : Key::FromPem(text->view());
  if (!key.ok()) return bad(key.status().message());
  if (key->is_hmac() || !key->has_private()) return bad("holds no private key");
  if (!file.key_id.empty()) key = key->WithId(file.key_id);
  if (!key.ok()) return bad(key.status().message());
  SignerOptions options;
  options.key = *std::move(key);
  options.algorithm = file.algorithm;
  options.type = type;
  auto signer = Signer::Create(std::move(options));
  if (signer.ok()) return signer;
  return bad(absl::StrCat(algorithm_field,
                          " is required where the key fits several, and must be one that fits"));
}

}  // namespace lanyard::internal
