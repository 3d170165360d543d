// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_HTTP_H_
#define LANYARD_SDK_INTERNAL_HTTP_H_

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lanyard/sdk/internal/secret.h"

namespace lanyard::internal {

struct HttpRequest {
  // As ParseHttpUrl() takes it.
  std::string url;

  // Sent as "authorization: Bearer …" unless empty.
  Secret bearer;

  // An ETag that was seen; sent unless empty.
  std::string if_none_match;

  // What Post() sends, as application/x-www-form-urlencoded; and a user and password in base64,
  // sent as "authorization: Basic …" unless empty.
  Secret form;
  Secret basic;

  // PEM: the certificate, with its chain, that the client shows, and its key. Both or neither.
  std::string client_certificate;
  Secret client_key;

  // PEM certificates to trust in place of the system's, a path; and a proxy's URL. The
  // environment's are never used.
  std::string ca_file;
  std::string proxy;

  bool plaintext_http_is_trusted = false;

  // Of the body, after decompression.
  size_t max_bytes = 256 * 1024;
  absl::Duration timeout = absl::Seconds(5);
};

struct HttpResponse {
  int status = 0;
  std::string body;
  std::string etag;
  // From Cache-Control; zero for no-store and no-cache.
  std::optional<absl::Duration> max_age;
  // What time it is for the server (RFC 9110 section 6.6.1).
  std::optional<absl::Time> date;
};

// Why there was no answer, as far as it changes what is to be done.
enum class HttpFailure { kName, kConnection, kTls, kTimeout, kOther };
absl::Status WithHttpFailure(absl::Status status, HttpFailure failure);
HttpFailure HttpFailureOf(const absl::Status& status);

// Makes HTTP requests. Thread-safe. Here, so that only who needs HTTPS links libcurl.
class HttpFetcher {
 public:
  virtual ~HttpFetcher() = default;

  // A GET; blocks, so it is for threads of one's own. Follows no redirect: that is an answer like
  // any other. An error that names the host and what is wrong if there is no answer, or one over a
  // limit; CANCELLED soon after `stop` became true.
  virtual absl::StatusOr<HttpResponse> Get(const HttpRequest& request,
                                           const std::atomic<bool>& stop) const = 0;

  // The same as a POST of `form`. The answer may hold secrets: no copy of its body stays behind,
  // but for what passed through libcurl's own buffers.
  virtual absl::StatusOr<HttpResponse> Post(const HttpRequest& request,
                                            const std::atomic<bool>& stop) const = 0;
};

// What a URL points at, after strict checks.
struct HttpUrl {
  // "https://sso.example.com:443": lower case, with the port. What may be sent a secret, and where
  // keys may come from, is compared by it.
  std::string origin;
  // Whether anything but "/" follows it.
  bool has_path = false;
};

// An absolute https URL (RFC 3986) of printable ASCII, without user, password and fragment. http
// only if `plaintext_http_is_trusted`. The error does not repeat the URL.
absl::StatusOr<HttpUrl> ParseHttpUrl(absl::string_view url, bool plaintext_http_is_trusted);

// The origins of hosts that a config lists, each a URL without a path: trusted whole, or not at
// all. Errors name `field`.
absl::StatusOr<std::vector<std::string>> ParseHttpOrigins(const std::vector<std::string>& hosts,
                                                          absl::string_view field,
                                                          bool plaintext_http_is_trusted);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_HTTP_H_
