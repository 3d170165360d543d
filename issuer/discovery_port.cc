// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/discovery_port.h"

#include <chrono>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "lanyard/issuer/discovery_pages.h"
#include "lanyard/issuer/http_request.h"
#include "lanyard/issuer/https_server.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/crypto/tls_server.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/listen_address.h"
#include "lanyard/sdk/internal/log.h"
#include "lanyard/sdk/internal/periodic_thread.h"
#include "lanyard/sdk/internal/redaction.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard {
namespace {

using internal::TlsServerContext;

constexpr size_t kMaxFileBytes = 1 << 20;
constexpr std::chrono::seconds kPoll(1);

// An answer on the wire, whole.
std::string HttpText(absl::string_view status, absl::string_view headers, absl::string_view body,
                     bool is_head) {
  const std::string date =
      absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", absl::Now(), absl::UTCTimeZone());
  return absl::StrCat("HTTP/1.1 ", status, "\r\nDate: ", date, "\r\n", headers,
                      "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
                      is_head ? "" : body);
}

std::string ErrorText(absl::string_view status, absl::string_view headers, bool is_head) {
  const std::string body = absl::StrCat(status.substr(4), "\n");
  return HttpText(status,
                  absl::StrCat("Content-Type: text/plain\r\nContent-Length: ", body.size(),
                               "\r\nCache-Control: no-store\r\n", headers),
                  body, is_head);
}

std::string AnswerTo(const internal::DiscoveryPages& pages,
                     const internal::ReceivedRequest& request) {
  const bool is_head = request.method == "HEAD";
  const auto page = pages.At(request.path);
  if (!page.has_value()) return ErrorText("404 Not Found", "", is_head);
  if (request.method != "GET" && !is_head) {
    return ErrorText("405 Method Not Allowed", "Allow: GET, HEAD\r\n", is_head);
  }
  if (!page->ok()) return ErrorText("503 Service Unavailable", "Retry-After: 5\r\n", is_head);
  const std::string caching =
      absl::StrCat("ETag: ", (*page)->etag, "\r\nCache-Control: public, max-age=300\r\n");
  if (internal::MatchesEtag(request.if_none_match, (*page)->etag)) {
    return HttpText("304 Not Modified", caching, "", is_head);
  }
  return HttpText("200 OK",
                  absl::StrCat("Content-Type: application/json\r\nContent-Length: ",
                               (*page)->body.size(), "\r\n", caching),
                  (*page)->body, is_head);
}

}  // namespace

struct DiscoveryPort::Impl {
  // Reads both files, and says in `digest` which they are.
  absl::StatusOr<std::shared_ptr<const TlsServerContext>> ReadTls(std::string* digest) const {
    const auto chain = internal::ReadFile(options.certificate_chain, kMaxFileBytes);
    if (!chain.ok()) return chain.status();
    const auto key = internal::ReadPrivateFile(options.private_key, kMaxFileBytes);
    if (!key.ok()) return key.status();
    auto tls = TlsServerContext::Create(chain->view(), key->view());
    if (!tls.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(internal::PrintablePath(options.certificate_chain), " and ",
                       internal::PrintablePath(options.private_key), ": ", tls.status().message()));
    }
    *digest = internal::Sha256(chain->view()) + internal::Sha256(key->view());
    return tls;
  }

  absl::Status Reload() {
    std::string digest;
    const std::lock_guard<std::mutex> lock(mutex);
    auto tls = ReadTls(&digest);
    if (!tls.ok()) return tls.status();
    if (digest == used_digest) return absl::OkStatus();
    server->SetTls(*std::move(tls));
    used_digest = std::move(digest);
    return absl::OkStatus();
  }

  void Poll() {
    const absl::Status status = Reload();
    const std::string error(status.message());
    if (error == last_error) return;
    internal::LogLine(
        status.ok() ? "the discovery port's TLS files are well again"
                    : absl::StrCat("the discovery port's TLS files are not reloaded, the last good "
                                   "ones stay: ",
                                   error));
    last_error = error;
  }

  DiscoveryPortOptions options;
  std::mutex mutex;
  std::string used_digest;  // Guarded by mutex.
  std::unique_ptr<internal::HttpsServer> server;
  std::string last_error;                          // The poller's alone.
  std::optional<internal::PeriodicThread> poller;  // Last: its thread uses the rest.
};

absl::StatusOr<std::unique_ptr<DiscoveryPort>> DiscoveryPort::Create(DiscoveryPortOptions options) {
  const auto missing = [](absl::string_view field) {
    return absl::InvalidArgumentError(absl::StrCat("DiscoveryPortOptions.", field, " is missing"));
  };
  if (options.issuer.empty()) return missing("issuer");
  if (options.keys == nullptr) return missing("keys");
  if (options.address.empty()) return missing("address");
  if (options.certificate_chain.empty()) return missing("certificate_chain");
  if (options.private_key.empty()) return missing("private_key");
  auto pages = internal::DiscoveryPages::Create(options.issuer, options.keys);
  if (!pages.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("DiscoveryPortOptions.", pages.status().message()));
  }
  const auto address = internal::ParseListenAddress(options.address);
  if (!address.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("DiscoveryPortOptions.address is \"", internal::Printable(options.address),
                     "\", it must be an IP address and a port, as \"0.0.0.0:8443\""));
  }
  auto impl = std::make_unique<Impl>();
  impl->options = std::move(options);
  auto tls = impl->ReadTls(&impl->used_digest);
  if (!tls.ok()) return tls.status();
  internal::HttpsServerOptions server_options;
  server_options.address = *address;
  server_options.tls = *std::move(tls);
  server_options.answer = [pages = *std::move(pages)](const internal::ReceivedRequest& request) {
    return AnswerTo(pages, request);
  };
  auto server = internal::HttpsServer::Create(std::move(server_options));
  if (!server.ok()) {
    return absl::UnavailableError(absl::StrCat("the discovery port cannot listen on ",
                                               impl->options.address, ": ",
                                               server.status().message()));
  }
  impl->server = *std::move(server);
  impl->poller.emplace(kPoll, [raw = impl.get()] { raw->Poll(); });
  return std::unique_ptr<DiscoveryPort>(new DiscoveryPort(std::move(impl)));
}

DiscoveryPort::DiscoveryPort(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

DiscoveryPort::~DiscoveryPort() = default;

int DiscoveryPort::port() const { return impl_->server->port(); }

absl::Status DiscoveryPort::Reload() { return impl_->Reload(); }

}  // namespace lanyard
