// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/keys/key.h"

#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/base64url.h"

namespace lanyard {
namespace {

using internal::JsonValue;
using internal::Secret;

constexpr size_t kMaxIdBytes = 256;

// One base64url member of a JWK; absent gives the empty string.
absl::Status ReadBytes(const JsonValue& jwk, absl::string_view name, std::string* out) {
  out->clear();
  const auto member = jwk.Find(name);
  if (!member.has_value()) return absl::OkStatus();
  if (!member->is(JsonValue::Kind::kString) || !internal::Base64UrlDecode(member->string(), out)) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", name, "\" of the JWK is not base64url without padding"));
  }
  return absl::OkStatus();
}

absl::Status ReadSecret(const JsonValue& jwk, absl::string_view name, Secret* out) {
  std::string bytes;
  absl::Status status = ReadBytes(jwk, name, &bytes);
  *out = Secret::Take(bytes);
  return status;
}

absl::StatusOr<std::string> ReadText(const JsonValue& jwk, absl::string_view name) {
  const auto member = jwk.Find(name);
  if (!member.has_value()) return std::string();
  if (!member->is(JsonValue::Kind::kString)) {
    return absl::InvalidArgumentError(absl::StrCat("\"", name, "\" of the JWK is not a string"));
  }
  return std::string(member->string());
}

constexpr char kJwtSvid[] = "jwt-svid";

// RFC 7517 section 4.2.
absl::StatusOr<KeyUse> ReadUse(const JsonValue& jwk) {
  auto use = ReadText(jwk, "use");
  if (!use.ok()) return use.status();
  if (!jwk.Find("use").has_value() || *use == "sig") return KeyUse::kSignature;
  if (*use != kJwtSvid) {
    return absl::InvalidArgumentError("\"use\" of the JWK is not \"sig\": not a signature key");
  }
  // SPIFFE Trust Domain and Bundle, section 4.2.3.
  if (!jwk.Find("kid").has_value()) {
    return absl::InvalidArgumentError("a JWK of use \"jwt-svid\" must have a kid");
  }
  return KeyUse::kJwtSvid;
}

// RFC 7517 section 4.3: what the key may be used for must include signatures. Sets `may_verify`
// unless it is for making them only.
absl::Status CheckOperations(const JsonValue& jwk, bool* may_verify) {
  const auto operations = jwk.Find("key_ops");
  if (!operations.has_value()) return absl::OkStatus();
  const bool is_private = jwk.Find("d").has_value();
  if (!operations->is(JsonValue::Kind::kArray)) {
    return absl::InvalidArgumentError("\"key_ops\" of the JWK is not an array");
  }
  bool may_sign = false;
  *may_verify = false;
  std::set<absl::string_view> seen;
  for (const JsonValue operation : *operations) {
    if (!operation.is(JsonValue::Kind::kString)) {
      return absl::InvalidArgumentError("\"key_ops\" of the JWK holds something but strings");
    }
    const absl::string_view text = operation.string();
    if (!seen.insert(text).second) {
      return absl::InvalidArgumentError("\"key_ops\" of the JWK names an operation twice");
    }
    *may_verify = *may_verify || text == "verify";
    may_sign = may_sign || (is_private && text == "sign");
    if (text != "verify" && text != "sign" && jwk.Find("use").has_value()) {
      return absl::InvalidArgumentError("\"use\" and \"key_ops\" of the JWK contradict each other");
    }
  }
  if (!*may_verify && !may_sign) {
    return absl::InvalidArgumentError("\"key_ops\" of the JWK does not include \"verify\"");
  }
  return absl::OkStatus();
}

absl::StatusOr<internal::KeyMaterialPtr> ReadMaterial(const JsonValue& jwk) {
  auto type = ReadText(jwk, "kty");
  if (!type.ok()) return type.status();
  if (*type == "oct") {
    Secret secret;
    if (absl::Status status = ReadSecret(jwk, "k", &secret); !status.ok()) return status;
    return internal::MakeHmac(std::move(secret));
  }
  if (*type == "RSA") {
    internal::RsaParameters rsa;
    for (auto [name, to] : {std::pair("n", &rsa.n), std::pair("e", &rsa.e)}) {
      if (absl::Status status = ReadBytes(jwk, name, to); !status.ok()) return status;
    }
    for (auto [name, to] :
         {std::pair("d", &rsa.d), std::pair("p", &rsa.p), std::pair("q", &rsa.q),
          std::pair("dp", &rsa.dp), std::pair("dq", &rsa.dq), std::pair("qi", &rsa.qi)}) {
      if (absl::Status status = ReadSecret(jwk, name, to); !status.ok()) return status;
    }
    if (jwk.Find("oth").has_value()) {
      return absl::InvalidArgumentError("RSA keys with more than two primes are not supported");
    }
    return internal::MakeRsa(rsa);
  }
  if (*type == "EC") {
    internal::EcParameters ec;
    auto curve = ReadText(jwk, "crv");
    if (!curve.ok()) return curve.status();
    ec.curve = *curve;
    for (auto [name, to] : {std::pair("x", &ec.x), std::pair("y", &ec.y)}) {
      if (absl::Status status = ReadBytes(jwk, name, to); !status.ok()) return status;
    }
    if (absl::Status status = ReadSecret(jwk, "d", &ec.d); !status.ok()) return status;
    return internal::MakeEc(ec);
  }
  if (*type == "OKP") {
    auto curve = ReadText(jwk, "crv");
    if (!curve.ok()) return curve.status();
    if (*curve != "Ed25519") {
      return absl::InvalidArgumentError("\"crv\" of an OKP JWK must be \"Ed25519\"");
    }
    internal::OkpParameters okp;
    if (absl::Status status = ReadBytes(jwk, "x", &okp.x); !status.ok()) return status;
    if (absl::Status status = ReadSecret(jwk, "d", &okp.d); !status.ok()) return status;
    return internal::MakeEd25519(okp);
  }
  return absl::InvalidArgumentError("\"kty\" of the JWK must be RSA, EC, OKP or oct");
}

std::string ThumbprintOfMaterial(const internal::KeyMaterial& material) {
  const Secret members = material.CanonicalMembers();
  std::string json = absl::StrCat("{", members.view(), "}");
  internal::ScopedCleanse cleanse(&json);
  return internal::Base64UrlEncode(internal::Sha256(json));
}

}  // namespace

Key::Key(internal::KeyMaterialPtr material)
    : material_(std::move(material)),
      thumbprint_(std::make_shared<const std::string>(ThumbprintOfMaterial(*material_))),
      id_(*thumbprint_) {}

absl::StatusOr<Key> Key::Generate(Algorithm algorithm, int rsa_bits) {
  auto material = internal::GenerateKey(algorithm, rsa_bits);
  if (!material.ok()) return material.status();
  return Key(*std::move(material)).WithAlgorithm(algorithm);
}

absl::StatusOr<Key> Key::FromJwk(absl::string_view json) {
  auto document = internal::JsonDocument::ParseSecretObject(json);
  if (!document.ok()) return document.status();
  return FromJwkValue(document->root());
}

absl::StatusOr<Key> Key::FromJwkValue(const JsonValue& jwk) {
  if (!jwk.is(JsonValue::Kind::kObject)) {
    return absl::InvalidArgumentError("a JWK must be a JSON object");
  }
  const auto use = ReadUse(jwk);
  if (!use.ok()) return use.status();
  bool may_verify = true;
  if (absl::Status status = CheckOperations(jwk, &may_verify); !status.ok()) return status;
  auto material = ReadMaterial(jwk);
  if (!material.ok()) return material.status();
  Key key(*std::move(material));
  key.use_ = *use;
  key.may_verify_ = may_verify;
  auto id = ReadText(jwk, "kid");
  if (!id.ok()) return id.status();
  if (jwk.Find("kid").has_value()) {
    auto named = key.WithId(*id);
    if (!named.ok()) return named.status();
    key = *std::move(named);
  }
  auto algorithm_name = ReadText(jwk, "alg");
  if (!algorithm_name.ok()) return algorithm_name.status();
  if (jwk.Find("alg").has_value()) {
    const auto algorithm = AlgorithmFromName(*algorithm_name);
    if (!algorithm.has_value()) {
      return absl::InvalidArgumentError(
          "\"alg\" of the JWK is not a signature algorithm that Lanyard knows");
    }
    return key.WithAlgorithm(*algorithm);
  }
  return key;
}

absl::StatusOr<std::string> Key::ThumbprintOf(const JsonValue& jwk) {
  auto material = ReadMaterial(jwk);
  if (!material.ok()) return material.status();
  return Key(*std::move(material)).Thumbprint();
}

absl::StatusOr<Key> Key::FromPem(absl::string_view pem) {
  auto material = internal::KeyFromPem(pem);
  if (!material.ok()) return material.status();
  return Key(*std::move(material));
}

absl::StatusOr<Key> Key::FromHmacSecret(absl::string_view bytes) {
  auto material = internal::MakeHmac(Secret(bytes));
  if (!material.ok()) return material.status();
  return Key(*std::move(material));
}

bool Key::Fits(Algorithm algorithm) const {
  return algorithm_.has_value() ? *algorithm_ == algorithm : material_->Fits(algorithm);
}

std::string Key::PrintableId() const { return is_hmac() && id_ == Thumbprint() ? "no kid" : id_; }

absl::StatusOr<Key> Key::PublicHalf() const {
  auto half = material_->PublicHalf();
  if (half == nullptr) return absl::InvalidArgumentError("an HMAC secret has no public half");
  Key key = *this;
  key.material_ = std::move(half);
  return key;
}

absl::StatusOr<Key> Key::WithId(absl::string_view id) const {
  if (id.empty() || id.size() > kMaxIdBytes) {
    return absl::InvalidArgumentError("a key id (kid) must have 1 to 256 bytes");
  }
  Key key = *this;
  key.id_ = std::string(id);
  return key;
}

absl::StatusOr<Key> Key::WithAlgorithm(Algorithm algorithm) const {
  if (!material_->Fits(algorithm)) {
    return absl::InvalidArgumentError(
        absl::StrCat("a key of type ", type(), material_->curve().empty() ? "" : " on ",
                     material_->curve(), " cannot be used for ", AlgorithmName(algorithm)));
  }
  Key key = *this;
  key.algorithm_ = algorithm;
  return key;
}

namespace {

// The part of a JWK after its key members.
std::string Attributes(const Key& key) {
  std::string text = ",\"kid\":";
  internal::AppendJsonString(key.id(), &text);
  absl::StrAppend(&text, ",\"use\":\"", key.use() == KeyUse::kJwtSvid ? kJwtSvid : "sig", "\"");
  if (key.algorithm().has_value()) {
    absl::StrAppend(&text, ",\"alg\":\"", AlgorithmName(*key.algorithm()), "\"");
  }
  return text;
}

}  // namespace

absl::StatusOr<std::string> Key::ToPublicJwk() const {
  if (is_hmac()) return absl::InvalidArgumentError("an HMAC secret has no public half");
  const Secret members = material_->CanonicalMembers();
  return absl::StrCat("{", members.view(), Attributes(*this), "}");
}

absl::StatusOr<std::string> Key::ToPublicPem() const { return material_->PublicPem(); }

absl::StatusOr<std::string> Key::ExportPrivateJwk() const {
  if (!has_private()) return absl::FailedPreconditionError("this key has no private half");
  const Secret members = material_->CanonicalMembers();
  const Secret privates = material_->PrivateMembers();
  return absl::StrCat("{", members.view(), privates.view(), Attributes(*this), "}");
}

absl::StatusOr<std::string> Key::ExportPrivatePem() const {
  auto pem = material_->PrivatePem();
  if (!pem.ok()) return pem.status();
  return std::string(pem->view());
}

}  // namespace lanyard
