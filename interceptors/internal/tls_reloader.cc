// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/tls_reloader.h"

#include <fcntl.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <unistd.h>

#include <chrono>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "lanyard/interceptors/internal/grpc_compat.h"
#include "lanyard/interceptors/internal/memory_file.h"
#include "lanyard/sdk/internal/crypto/certificate.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/log.h"
#include "lanyard/sdk/internal/openssl_at_exit.h"
#include "lanyard/sdk/internal/periodic_thread.h"
#include "lanyard/sdk/internal/utc_text.h"

namespace lanyard::internal {
namespace {

constexpr size_t kMaxFileBytes = 1 << 20;
constexpr std::chrono::seconds kPoll(1);

// A key and certificate of a CA that exists no more.
const std::string& WorthlessPair() {
  static const std::string* const pair = [] {
    auto ca = ThrowAwayCa::Create("nobody");
    if (!ca.ok()) return new std::string();
    auto issued = ca->Issue({"DNS:invalid"}, absl::Now() + absl::Hours(1));
    if (!issued.ok()) return new std::string();
    return new std::string(absl::StrCat(issued->key_pem.view(), "\n", issued->certificate_pem));
  }();
  return *pair;
}

class FileTlsReloader final : public TlsReloader {
 public:
  explicit FileTlsReloader(const TlsFiles& files) : files_(files) {}

  ~FileTlsReloader() override {
    poller_.reset();  // Nobody writes any more.
    // The private key does not stay behind in memory. A watcher that is just ending may still look,
    // and gRPC aborts on a file without a key, so a pair that nobody trusts takes its place.
    if (!pair_.path().empty() && !WorthlessPair().empty()) (void)pair_.Write(WorthlessPair());
  }

  absl::Status Start() {
    if (absl::Status status = Reload(); !status.ok()) return status;
    first_ = pair_digest_ + roots_digest_;
    // One file holds key and chain, so that the two always belong together.
    provider_ = std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
        pair_.path(), pair_.path(), roots_.path(), /*refresh_interval_sec=*/1);
    poller_.emplace(kPoll, [this] { Poll(); });
    return absl::OkStatus();
  }

  std::shared_ptr<grpc::ServerCredentials> ServerCredentials(
      bool clients_may_lack_certificates) override {
    if (files_.root_certificates.empty()) {
      return ServerTls(provider_, ClientCertificate::kNotAsked);
    }
    return ServerTls(provider_, clients_may_lack_certificates ? ClientCertificate::kOptional
                                                              : ClientCertificate::kRequired);
  }

  std::shared_ptr<grpc::ChannelCredentials> ChannelCredentials() override {
    return ChannelTls(provider_, /*has_identity=*/!files_.private_key.empty());
  }

  absl::Time NotAfter() const override {
    std::lock_guard<std::mutex> lock(mutex_);
    return not_after_;
  }

  std::string LastError() const override {
    std::lock_guard<std::mutex> lock(mutex_);
    return last_error_;
  }

  absl::Status Reload() override {
    std::lock_guard<std::mutex> lock(mutex_);
    // Each for itself: a pair that does not match must not keep a withdrawn root in use.
    const absl::Status pair = ReloadPair();
    const absl::Status roots = ReloadRoots();
    return pair.ok() ? roots : pair;
  }

  bool HasChanged() const override {
    std::lock_guard<std::mutex> lock(mutex_);
    return pair_digest_ + roots_digest_ != first_;
  }

 private:
  absl::Status ReloadPair() {
    if (!files_.private_key.empty()) {
      auto chain = ReadFile(files_.certificate_chain, kMaxFileBytes);
      if (!chain.ok()) return chain.status();
      auto key = ReadFile(files_.private_key, kMaxFileBytes);
      if (!key.ok()) return key.status();
      if (absl::Status status = CheckCertificateAndKey(chain->view(), key->view()); !status.ok()) {
        return absl::InvalidArgumentError(absl::StrCat(files_.certificate_chain, " and ",
                                                       files_.private_key, ": ", status.message()));
      }
      std::string both = absl::StrCat(key->view(), "\n", chain->view());
      ScopedCleanse cleanse(&both);
      if (absl::Status status = Replace(both, &pair_, &pair_digest_); !status.ok()) return status;
      not_after_ = CertificateNotAfter(chain->view()).value_or(absl::InfiniteFuture());
    }
    return absl::OkStatus();
  }

  absl::Status ReloadRoots() {
    if (!files_.root_certificates.empty()) {
      auto roots = ReadFile(files_.root_certificates, kMaxFileBytes);
      if (!roots.ok()) return roots.status();
      if (absl::Status status = CheckCertificates(roots->view()); !status.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat(files_.root_certificates, ": ", status.message()));
      }
      return Replace(roots->view(), &roots_, &roots_digest_);
    }
    return absl::OkStatus();
  }

  static absl::Status Replace(absl::string_view bytes, MemoryFile* file, std::string* digest) {
    std::string now = Sha256(bytes);
    if (now == *digest) return absl::OkStatus();
    absl::Status status = file->Write(bytes);
    if (!status.ok()) return status;
    // gRPC opens it by this path, which a process without /proc does not have.
    const int reader = open(file->path().c_str(), O_RDONLY | O_CLOEXEC);
    if (reader < 0) {
      return absl::FailedPreconditionError(absl::StrCat(
          file->path(),
          " cannot be opened: reloading TLS files needs /proc, readable by this user"));
    }
    close(reader);
    *digest = std::move(now);
    return absl::OkStatus();
  }

  // The other side ends the handshake, so that no call tells of it here.
  void NoteExpiry() {
    const bool expired = absl::Now() >= NotAfter();
    if (expired && !was_expired_) {
      LogLine(absl::StrCat("ALARM: ", files_.certificate_chain, ": the certificate expired at ",
                           UtcText(NotAfter()), ", and whoever checks it refuses the connection"));
    }
    was_expired_ = expired;
  }

  void Poll() {
    const absl::Status status = Reload();
    NoteExpiry();
    const std::string error(status.message());
    if (error == LastError()) return;
    LogLine(status.ok() ? "TLS files are well again"
                        : absl::StrCat("TLS files not reloaded, the last good ones stay: ", error));
    std::lock_guard<std::mutex> lock(mutex_);
    last_error_ = error;
  }

  const TlsFiles files_;
  mutable std::mutex mutex_;
  // Guarded by mutex_, down to the error.
  MemoryFile pair_{MemoryFile::Kind::kPair};
  MemoryFile roots_{MemoryFile::Kind::kRoots};
  std::string pair_digest_, roots_digest_;
  std::string first_;  // Both digests as they were first.
  absl::Time not_after_ = absl::InfiniteFuture();
  std::string last_error_;
  bool was_expired_ = false;  // The poller's alone.
  std::shared_ptr<grpc::experimental::CertificateProviderInterface> provider_;
  std::optional<PeriodicThread> poller_;  // Last: its thread uses the rest.
};

}  // namespace

absl::StatusOr<std::shared_ptr<TlsReloader>> TlsReloader::Create(const TlsFiles& files) {
  if (files.certificate_chain.empty() != files.private_key.empty()) {
    return absl::InvalidArgumentError(
        "TlsFiles: certificate_chain and private_key go together; one of them is empty");
  }
  KeepOpenSslAtExit();
  auto reloader = std::make_shared<FileTlsReloader>(files);
  if (absl::Status status = reloader->Start(); !status.ok()) return status;
  return reloader;
}

}  // namespace lanyard::internal
