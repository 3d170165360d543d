// SPDX-License-Identifier: Apache-2.0
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/sdk/internal/crypto/boringssl.h"

namespace lanyard::internal {
namespace {

// More than any caller needs, less than would make hashing it a burden.
constexpr size_t kMaxSecretBytes = 1024;

class HmacKey final : public KeyMaterial {
 public:
  explicit HmacKey(Secret secret) : secret_(std::move(secret)) {
    for (const char c : secret_.view()) printable_ = printable_ && c >= 0x20 && c < 0x7f;
  }

  absl::string_view type() const override { return "oct"; }
  bool has_private() const override { return true; }

  bool Fits(Algorithm algorithm) const override {
    // Text that a person typed has less in it than its length says (RFC 8725 section 3.5).
    const size_t least = HmacMinimumBytes(algorithm) * (printable_ ? 2 : 1);
    return IsHmac(algorithm) && secret_.view().size() >= least;
  }

  bool Verify(Algorithm algorithm, absl::string_view message,
              absl::string_view signature) const override {
    if (!Fits(algorithm)) return false;
    uint8_t tag[EVP_MAX_MD_SIZE];
    const size_t size = Tag(algorithm, message, tag);
    return size != 0 && signature.size() == size && CRYPTO_memcmp(tag, signature.data(), size) == 0;
  }

  absl::StatusOr<std::string> Sign(Algorithm algorithm, absl::string_view message) const override {
    if (!Fits(algorithm)) {
      return absl::InvalidArgumentError(absl::StrCat("an HMAC secret of ", secret_.view().size(),
                                                     " bytes cannot sign ",
                                                     AlgorithmName(algorithm)));
    }
    uint8_t tag[EVP_MAX_MD_SIZE];
    const size_t size = Tag(algorithm, message, tag);
    return std::string(reinterpret_cast<const char*>(tag), size);
  }

  Secret CanonicalMembers() const override {
    std::string encoded = Base64UrlEncode(secret_.view());
    ScopedCleanse cleanse(&encoded);
    std::string text = absl::StrCat("\"k\":\"", encoded, "\",\"kty\":\"oct\"");
    return Secret::Take(text);
  }

  absl::StatusOr<std::string> PublicPem() const override {
    return absl::InvalidArgumentError("an HMAC secret has no public half, and no PEM form");
  }
  absl::StatusOr<Secret> PrivatePem() const override {
    return absl::InvalidArgumentError("an HMAC secret has no PEM form; write it as a JWK");
  }
  std::shared_ptr<const KeyMaterial> PublicHalf() const override { return nullptr; }

 private:
  // The tag's size, 0 on failure.
  size_t Tag(Algorithm algorithm, absl::string_view message, uint8_t* tag) const {
    unsigned size = 0;
    const absl::string_view key = secret_.view();
    if (HMAC(DigestOf(algorithm), key.data(), key.size(), Bytes(message), message.size(), tag,
             &size) == nullptr) {
      return 0;
    }
    return size;
  }

  Secret secret_;
  bool printable_ = true;
};

}  // namespace

size_t HmacMinimumBytes(Algorithm algorithm) {
  return IsHmac(algorithm) ? EVP_MD_size(DigestOf(algorithm)) : 0;
}

absl::StatusOr<KeyMaterialPtr> MakeHmac(Secret secret) {
  const size_t least = HmacMinimumBytes(Algorithm::kHs256);
  const absl::string_view bytes = secret.view();
  if (bytes.size() < least || bytes.size() > kMaxSecretBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("an HMAC secret must have ", least, " to ", kMaxSecretBytes,
                     " bytes (RFC 7518 section 3.2), this one has ", bytes.size()));
  }
  bool printable = true;
  for (const char c : bytes) printable = printable && c >= 0x20 && c < 0x7f;
  if (printable && bytes.size() < 2 * least) {
    return absl::InvalidArgumentError(
        "an HMAC secret must be random bytes; this one is printable text of fewer than 64 "
        "characters, which can be guessed (RFC 8725 section 3.5)");
  }
  return std::make_shared<HmacKey>(std::move(secret));
}

}  // namespace lanyard::internal
