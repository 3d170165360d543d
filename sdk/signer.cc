// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/signer.h"

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/claims_json.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/sdk/internal/jws.h"

namespace lanyard {

namespace {

std::string HeaderOf(const Key& key, absl::string_view type) {
  std::string header = absl::StrCat("{\"alg\":\"", AlgorithmName(*key.algorithm()), "\"");
  if (!type.empty()) {
    header.append(",\"typ\":");
    internal::AppendJsonString(type, &header);
  }
  header.append(",\"kid\":");
  internal::AppendJsonString(key.id(), &header);
  header.append("}");
  return header;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Signer>> Signer::Create(SignerOptions options) {
  if (options.key_directory != nullptr) {
    if (options.key.has_value() || options.algorithm.has_value()) {
      return absl::InvalidArgumentError(
          "SignerOptions.key_directory: its keys and their algorithms are all there is; leave key "
          "and algorithm out");
    }
    return std::unique_ptr<Signer>(
        new Signer(std::nullopt, std::move(options.key_directory), std::move(options.type)));
  }
  if (!options.key.has_value() || !options.key->has_private()) {
    return absl::InvalidArgumentError("SignerOptions.key must be a private key");
  }
  if (options.key->use() == KeyUse::kJwtSvid && options.type == "at+jwt") {
    return absl::InvalidArgumentError(
        "SignerOptions.key: its use is \"jwt-svid\", so it signs no access tokens (typ at+jwt)");
  }
  if (!options.algorithm.has_value()) options.algorithm = options.key->algorithm();
  if (!options.algorithm.has_value()) {
    std::vector<Algorithm> fitting;
    for (const Algorithm algorithm : kAllAlgorithms) {
      if (options.key->Fits(algorithm)) fitting.push_back(algorithm);
    }
    if (fitting.size() != 1) {
      return absl::InvalidArgumentError(
          "SignerOptions.algorithm is required: the key fits several and does not say its own");
    }
    options.algorithm = fitting[0];
  }
  auto key = options.key->WithAlgorithm(*options.algorithm);
  if (!options.key->Fits(*options.algorithm) || !key.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("SignerOptions.algorithm: this key cannot sign ",
                                                   AlgorithmName(*options.algorithm)));
  }
  return std::unique_ptr<Signer>(new Signer(*std::move(key), nullptr, std::move(options.type)));
}

absl::StatusOr<std::string> Signer::Sign(const v1::Claims& claims) const {
  auto payload = internal::ClaimsToJson(claims);
  if (!payload.ok()) return payload.status();
  // Text that is not UTF-8, or too much nesting, would make a token that nobody can read.
  auto document = internal::JsonDocument::ParseObject(*payload);
  if (!document.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("the claims: ", document.status().message()));
  }
  const Key key = directory_ != nullptr ? directory_->ActiveKey() : *key_;
  return internal::SignCompact(key, *key.algorithm(), HeaderOf(key, type_), *payload);
}

}  // namespace lanyard
