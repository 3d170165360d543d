// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/keys/https.h"

#include <curl/curl.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "lanyard/sdk/internal/http.h"
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
      return internal::HttpFailure::kTls;
    default:
      return internal::HttpFailure::kOther;
  }
}

int OnProgress(void* opaque, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Transfer*>(opaque)->stop ? 1 : 0;
}

class CurlFetcher final : public internal::HttpFetcher {
 public:
  absl::StatusOr<HttpResponse> Get(const HttpRequest& request,
                                   const std::atomic<bool>& stop) const override {
    const auto url = internal::ParseHttpUrl(request.url, request.plaintext_http_is_trusted);
    if (!url.ok()) return url.status();
    const std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
    if (curl == nullptr) return absl::InternalError("libcurl has no memory");
    const std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(HeadersOf(request),
                                                                     curl_slist_free_all);
    Transfer transfer{request, stop, {}};
    char reason[CURL_ERROR_SIZE] = "";
    bool set = true;
    const auto option = [&](CURLoption name, auto value) {
      set = curl_easy_setopt(curl.get(), name, value) == CURLE_OK && set;
    };
    option(CURLOPT_URL, request.url.c_str());
    option(CURLOPT_HTTPHEADER, headers.get());
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
    option(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
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
    option(CURLOPT_LOW_SPEED_LIMIT, kSlowestBytesPerSecond);
    option(CURLOPT_LOW_SPEED_TIME, kSlowSeconds);
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

 private:
  static curl_slist* HeadersOf(const HttpRequest& request) {
    curl_slist* list = curl_slist_append(nullptr, "accept: application/json");
    if (!request.if_none_match.empty()) {
      list =
          curl_slist_append(list, absl::StrCat("if-none-match: ", request.if_none_match).c_str());
    }
    if (!request.bearer.empty()) {
      std::string header = absl::StrCat("authorization: Bearer ", request.bearer.view());
      const internal::ScopedCleanse cleanse(&header);
      list = curl_slist_append(list, header.c_str());
    }
    return list;
  }
};

}  // namespace

std::shared_ptr<const internal::HttpFetcher> Https() {
  // Once a process, before other threads use libcurl.
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  // A libcurl that cannot start fails each request with a reason.
  (void)ready;
  return std::make_shared<CurlFetcher>();
}

}  // namespace lanyard
