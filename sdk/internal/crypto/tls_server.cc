// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/crypto/tls_server.h"

#include <cstdint>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "lanyard/sdk/internal/crypto/boringssl.h"
#include "lanyard/sdk/internal/crypto/boringssl_tls.h"
#include "lanyard/sdk/internal/crypto/certificate.h"

namespace lanyard::internal {
namespace {

// No SHA-1, which BoringSSL would sign with for a client that knows nothing newer.
constexpr uint16_t kSignatures[] = {
    SSL_SIGN_ED25519,          SSL_SIGN_ECDSA_SECP256R1_SHA256, SSL_SIGN_RSA_PSS_RSAE_SHA256,
    SSL_SIGN_RSA_PKCS1_SHA256, SSL_SIGN_ECDSA_SECP384R1_SHA384, SSL_SIGN_RSA_PSS_RSAE_SHA384,
    SSL_SIGN_RSA_PKCS1_SHA384, SSL_SIGN_ECDSA_SECP521R1_SHA512, SSL_SIGN_RSA_PSS_RSAE_SHA512,
    SSL_SIGN_RSA_PKCS1_SHA512,
};

class Context final : public TlsServerContext {
 public:
  explicit Context(bssl::UniquePtr<SSL_CTX> context) : context_(std::move(context)) {}
  SSL_CTX* get() const { return context_.get(); }

 private:
  const bssl::UniquePtr<SSL_CTX> context_;
};

class Session final : public TlsServerSession {
 public:
  explicit Session(std::shared_ptr<const TlsServerContext> context)
      : context_(std::move(context)),
        ssl_(SSL_new(static_cast<const Context&>(*context_).get())),
        in_(BIO_new(BIO_s_mem())),
        out_(BIO_new(BIO_s_mem())) {
    BIO_set_mem_eof_return(in_, -1);  // More may come.
    SSL_set_bio(ssl_.get(), in_, out_);
    SSL_set_accept_state(ssl_.get());
  }

  bool Receive(absl::string_view from_network, std::string* text) override {
    if (BIO_write(in_, from_network.data(), static_cast<int>(from_network.size())) !=
        static_cast<int>(from_network.size())) {
      return false;
    }
    ERR_clear_error();
    char buffer[4096];
    for (;;) {  // Shakes hands as well.
      const int count = SSL_read(ssl_.get(), buffer, sizeof(buffer));
      if (count <= 0) {
        const bool more = SSL_get_error(ssl_.get(), count) == SSL_ERROR_WANT_READ;
        ERR_clear_error();
        return more;
      }
      text->append(buffer, static_cast<size_t>(count));
    }
  }

  void SendLast(absl::string_view text) override {
    ERR_clear_error();
    // Memory takes everything at once.
    (void)SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
    (void)SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }

  std::string TakeOutput() override {
    const uint8_t* data = nullptr;
    size_t size = 0;
    if (BIO_mem_contents(out_, &data, &size) != 1) return "";
    std::string output(reinterpret_cast<const char*>(data), size);
    (void)BIO_reset(out_);
    return output;
  }

 private:
  const std::shared_ptr<const TlsServerContext> context_;
  const bssl::UniquePtr<SSL> ssl_;
  BIO* const in_;  // Both are the session's.
  BIO* const out_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<const TlsServerContext>> TlsServerContext::Create(
    absl::string_view chain_pem, absl::string_view key_pem) {
  if (absl::Status status = CheckCertificateAndKey(chain_pem, key_pem); !status.ok()) {
    return status;
  }
  auto key = PrivateKeyFromPem(key_pem);
  if (!key.ok()) return key.status();
  bssl::UniquePtr<SSL_CTX> context(SSL_CTX_new(TLS_method()));
  bool good = SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) == 1 &&
              SSL_CTX_set_strict_cipher_list(context.get(), "ECDHE+AESGCM:ECDHE+CHACHA20") == 1;
  good = good && SSL_CTX_set_signing_algorithm_prefs(context.get(), kSignatures,
                                                     std::size(kSignatures)) == 1;
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET);
  bssl::UniquePtr<BIO> bio(BIO_new_mem_buf(chain_pem.data(), static_cast<int>(chain_pem.size())));
  bool is_first = true;
  while (good) {
    bssl::UniquePtr<X509> certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (certificate == nullptr) break;
    good = is_first ? SSL_CTX_use_certificate(context.get(), certificate.get()) == 1
                    : SSL_CTX_add1_chain_cert(context.get(), certificate.get()) == 1;
    is_first = false;
  }
  good = good && !is_first && SSL_CTX_use_PrivateKey(context.get(), key->get()) == 1 &&
         SSL_CTX_check_private_key(context.get()) == 1;
  ERR_clear_error();
  if (!good) {
    return absl::InvalidArgumentError("TLS cannot use this certificate and its private key");
  }
  return std::make_shared<const Context>(std::move(context));
}

std::unique_ptr<TlsServerSession> TlsServerSession::Create(
    std::shared_ptr<const TlsServerContext> context) {
  return std::make_unique<Session>(std::move(context));
}

}  // namespace lanyard::internal
