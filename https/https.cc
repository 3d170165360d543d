// SPDX-License-Identifier: Apache-2.0
#include "lanyard/https/https.h"

#include <curl/curl.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "lanyard/sdk/internal/http.h"
#include "lanyard/sdk/internal/openssl_at_exit.h"
#include "lanyard/sdk/internal/secret.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard {
namespace {

using internal::HttpRequest;
using internal::HttpResponse;

constexpr size_t kMaxHeaderBytes = 64 * 1024;
// Slower than this for four seconds is given up.
constexpr long kSlowestBytesPerSecond = 1024, kSlowSeconds = 4;

// One transfer: what libcurl's callbacks see.
struct Transfer {
  const HttpRequest& request;
  const std::atomic<bool>& stop;
  HttpResponse response;
  size_t header_bytes = 0;
  bool too_long = false;
};

size_t OnBody(char* data, size_t, size_t size, void* opaque) {
  auto& transfer = *static_cast<Transfer*>(opaque);
  if (transfer.response.body.size() + size > transfer.request.max_bytes) {
    transfer.too_long = true;
    return 0;
  }
  transfer.response.body.append(data, size);
  return size;
}

// RFC 9111 section 5.2.2, as far as it says how long.
void ReadCacheControl(absl::string_view value, HttpResponse* response) {
  for (absl::string_view directive : absl::StrSplit(value, ',')) {
    directive = absl::StripAsciiWhitespace(directive);
    int64_t seconds = 0;
    if (absl::EqualsIgnoreCase(directive, "no-store") ||
        absl::EqualsIgnoreCase(directive, "no-cache")) {
      response->max_age = absl::ZeroDuration();
    } else if (absl::StartsWithIgnoreCase(directive, "max-age=") &&
               absl::SimpleAtoi(directive.substr(8), &seconds) && seconds >= 0) {
      const absl::Duration age = absl::Seconds(seconds);
      response->max_age = std::min(response->max_age.value_or(age), age);
    }
  }
}

// Whether it can be sent back as it is (RFC 9110 section 8.8.3).
bool IsEchoable(absl::string_view etag) {
  return etag.size() <= 256 &&
         std::all_of(etag.begin(), etag.end(), [](char c) { return c > ' ' && c <= '~'; });
}

size_t OnHeader(char* data, size_t, size_t size, void* opaque) {
  auto& transfer = *static_cast<Transfer*>(opaque);
  transfer.header_bytes += size;
  if (transfer.header_bytes > kMaxHeaderBytes) {
    transfer.too_long = true;
    return 0;
  }
  const absl::string_view line(data, size);
  if (absl::StartsWith(line, "HTTP/")) {  // Another answer begins.
    transfer.response.etag.clear();
    transfer.response.max_age.reset();
    transfer.response.date.reset();
  }
  const size_t colon = line.find(':');
  if (colon == line.npos) return size;
  const absl::string_view name = line.substr(0, colon);
  const absl::string_view value = absl::StripAsciiWhitespace(line.substr(colon + 1));
  if (absl::EqualsIgnoreCase(name, "etag") && IsEchoable(value)) {
    transfer.response.etag = std::string(value);
  } else if (absl::EqualsIgnoreCase(name, "cache-control")) {
    ReadCacheControl(value, &transfer.response);
  } else if (absl::EqualsIgnoreCase(name, "date")) {
    const time_t date = curl_getdate(std::string(value).c_str(), nullptr);
    if (date >= 0) transfer.response.date = absl::FromTimeT(date);
  }
  return size;
}

internal::HttpFailure FailureOf(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return internal::HttpFailure::kName;
    case CURLE_COULDNT_CONNECT:
      return internal::HttpFailure::kConnection;
    case CURLE_OPERATION_TIMEDOUT:
      return internal::HttpFailure::kTimeout;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
      return internal::HttpFailure::kTls;
    default:
      return internal::HttpFailure::kOther;
  }
}

int OnProgress(void* opaque, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(opaque)->stop ? 1 : 0;
}

// The headers of a request, of which libcurl makes copies.
class Headers {
 public:
  explicit Headers(const HttpRequest& request) {
    Append("accept: application/json");
    if (!request.if_none_match.empty()) {
      Append(absl::StrCat("if-none-match: ", request.if_none_match));
    }
    if (!request.bearer.empty()) {
      Append(absl::StrCat("authorization: Bearer ", request.bearer.view()));
    }
    if (!request.basic.empty()) {
      Append(absl::StrCat("authorization: Basic ", request.basic.view()));
    }
  }
  ~Headers() {
    for (curl_slist* one = list_; one != nullptr; one = one->next) {
      internal::Cleanse(one->data, std::strlen(one->data));
    }
    curl_slist_free_all(list_);
  }
  Headers(const Headers&) = delete;
  Headers& operator=(const Headers&) = delete;

  curl_slist* list() const { return list_; }

 private:
  void Append(std::string header) {
    const internal::ScopedCleanse cleanse(&header);
    list_ = curl_slist_append(list_, header.c_str());
  }

  curl_slist* list_ = nullptr;
};

// For libcurl to read where it is; it is not written to.
curl_blob BlobOf(absl::string_view bytes) {
  return {const_cast<char*>(bytes.data()), bytes.size(), CURL_BLOB_NOCOPY};
}

class CurlFetcher final : public internal::HttpFetcher {
 public:
  absl::StatusOr<HttpResponse> Get(const HttpRequest& request,
                                   const std::atomic<bool>& stop) const override {
    return Perform(request, stop, /*post=*/false);
  }
  absl::StatusOr<HttpResponse> Post(const HttpRequest& request,
                                    const std::atomic<bool>& stop) const override {
    return Perform(request, stop, /*post=*/true);
  }

 private:
  static absl::StatusOr<HttpResponse> Perform(const HttpRequest& request,
                                              const std::atomic<bool>& stop, bool post) {
    const auto url = internal::ParseHttpUrl(request.url, request.plaintext_http_is_trusted);
    if (!url.ok()) return url.status();
    const std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
    if (curl == nullptr) return absl::InternalError("libcurl has no memory");
    const Headers headers(request);
    Transfer transfer{request, stop, {}};
    const internal::ScopedCleanse cleanse(&transfer.response.body);
    char reason[CURL_ERROR_SIZE] = "";
    bool set = true;
    const auto option = [&](CURLoption name, auto value) {
      set = curl_easy_setopt(curl.get(), name, value) == CURLE_OK && set;
    };
    option(CURLOPT_URL, request.url.c_str());
    option(CURLOPT_HTTPHEADER, headers.list());
    option(CURLOPT_ERRORBUFFER, reason);
    option(CURLOPT_WRITEFUNCTION, OnBody);
    option(CURLOPT_WRITEDATA, &transfer);
    option(CURLOPT_HEADERFUNCTION, OnHeader);
    option(CURLOPT_HEADERDATA, &transfer);
    option(CURLOPT_XFERINFOFUNCTION, OnProgress);
    option(CURLOPT_XFERINFODATA, &transfer);
    option(CURLOPT_NOPROGRESS, 0L);
    option(CURLOPT_NOSIGNAL, 1L);
    option(CURLOPT_FOLLOWLOCATION, 0L);
    // A server that answers a POST before it has read all of it resets its HTTP/2 stream, and
    // libcurl then has no answer.
    option(CURLOPT_HTTP_VERSION,
           static_cast<long>(post ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS));
    option(CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
    option(CURLOPT_PROTOCOLS_STR, request.plaintext_http_is_trusted ? "https,http" : "https");
    option(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    option(CURLOPT_SSL_VERIFYPEER, 1L);
    option(CURLOPT_SSL_VERIFYHOST, 2L);
    // Empty strings switch off what the environment says of proxies.
    option(CURLOPT_PROXY, request.proxy.c_str());
    option(CURLOPT_NOPROXY, "");
    option(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    option(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    option(CURLOPT_TIMEOUT_MS, static_cast<long>(absl::ToInt64Milliseconds(request.timeout)));
    if (post) {
      // Room for all of it, so that growing leaves no copies.
      transfer.response.body.reserve(request.max_bytes);
      option(CURLOPT_POSTFIELDS, request.form.view().data());
      option(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.form.view().size()));
    } else {
      // Not for a POST: its server may think for as long as the timeout lets it.
      option(CURLOPT_LOW_SPEED_LIMIT, kSlowestBytesPerSecond);
      option(CURLOPT_LOW_SPEED_TIME, kSlowSeconds);
    }
    const curl_blob certificate = BlobOf(request.client_certificate);
    const curl_blob key = BlobOf(request.client_key.view());
    if (!request.client_certificate.empty()) {
      option(CURLOPT_SSLCERT_BLOB, &certificate);
      option(CURLOPT_SSLKEY_BLOB, &key);
    }
    if (!request.ca_file.empty()) {
      option(CURLOPT_CAINFO, request.ca_file.c_str());
      // Without this the system's certificates count as well.
      option(CURLOPT_CAPATH, static_cast<char*>(nullptr));
    }
#if LIBCURL_VERSION_NUM >= 0x075700
    // A name server that does not answer must not hold up the end.
    option(CURLOPT_QUICK_EXIT, 1L);
#endif
    if (!set) return absl::InternalError("this libcurl lacks an option that is needed");
    const CURLcode code = curl_easy_perform(curl.get());
    if (code != CURLE_OK) {
      if (stop) return absl::CancelledError("stopped");
      const std::string what =
          transfer.too_long
              ? absl::StrCat("the answer is longer than ", request.max_bytes, " bytes")
              : absl::StrCat(curl_easy_strerror(code), *reason == '\0' ? "" : ": ",
                             internal::Printable(reason, 256));
      return internal::WithHttpFailure(
          absl::UnavailableError(absl::StrCat(url->origin, ": ", what)), FailureOf(code));
    }
    long status = 0;
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
    transfer.response.status = static_cast<int>(status);
    return std::move(transfer.response);
  }
};

}  // namespace

std::shared_ptr<const internal::HttpFetcher> Https() {
  internal::KeepOpenSslAtExit();
  // Once a process, before other threads use libcurl.
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  // A libcurl that cannot start fails each request with a reason.
  (void)ready;
  return std::make_shared<CurlFetcher>();
}

}  // namespace lanyard
