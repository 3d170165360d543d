// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/redis_connection.h"

#include <curl/curl.h>
#include <hiredis/hiredis.h>
#include <poll.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/openssl_at_exit.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard::internal {
namespace {

constexpr absl::string_view kUnix = "unix:";
// A page of revocations is the longest answer that there should be.
constexpr size_t kMaxReplyBytes = 64 * 1024 * 1024;

// poll() rounds down, and 0 would be no waiting at all.
int Milliseconds(absl::Duration time) {
  return static_cast<int>(absl::ToInt64Milliseconds(absl::Ceil(time, absl::Milliseconds(1))));
}

RedisReply ReplyOf(const redisReply& reply) {
  RedisReply result;
  switch (reply.type) {
    case REDIS_REPLY_INTEGER:
      result.kind = RedisReply::Kind::kInteger;
      result.integer = reply.integer;
      break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      result.kind = RedisReply::Kind::kText;
      result.text.assign(reply.str, reply.len);
      break;
    case REDIS_REPLY_ERROR:
      result.kind = RedisReply::Kind::kError;
      result.text.assign(reply.str, reply.len);
      break;
    case REDIS_REPLY_ARRAY:
      result.kind = RedisReply::Kind::kArray;
      result.elements.reserve(reply.elements);
      for (size_t i = 0; i < reply.elements; ++i) {
        result.elements.push_back(ReplyOf(*reply.element[i]));
      }
      break;
    default:
      break;
  }
  return result;
}

// A command as the protocol has it, overwritten afterwards: AUTH holds a password.
class Command {
 public:
  explicit Command(const std::vector<absl::string_view>& words) {
    std::vector<const char*> starts;
    std::vector<size_t> sizes;
    for (const absl::string_view word : words) {
      starts.push_back(word.empty() ? "" : word.data());
      sizes.push_back(word.size());
    }
    size_ =
        redisFormatCommandArgv(&text_, static_cast<int>(words.size()), starts.data(), sizes.data());
  }
  ~Command() {
    if (text_ == nullptr) return;
    Cleanse(text_, bytes().size());
    redisFreeCommand(text_);
  }
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  // Empty where there was no memory.
  absl::string_view bytes() const {
    return size_ > 0 ? absl::string_view(text_, static_cast<size_t>(size_)) : absl::string_view();
  }

 private:
  char* text_ = nullptr;
  long long size_ = 0;
};

// For libcurl to read where it is; it is not written to.
curl_blob BlobOf(absl::string_view bytes) {
  return {const_cast<char*>(bytes.data()), bytes.size(), CURL_BLOB_NOCOPY};
}

}  // namespace

absl::Duration Deadline::left() const {
  const auto left = at_ - std::chrono::steady_clock::now();
  return std::max(absl::FromChrono(left), absl::ZeroDuration());
}

absl::Status CheckRedisAddress(absl::string_view address) {
  const auto error = [&address] {
    return absl::InvalidArgumentError(
        absl::StrCat("address \"", Printable(address, 256),
                     "\": neither \"unix:/path\" nor \"host:port\", which is TLS"));
  };
  if (absl::StartsWith(address, kUnix)) {
    const absl::string_view path = address.substr(kUnix.size());
    if (!absl::StartsWith(path, "/") || path.find('\0') != path.npos) return error();
    return absl::OkStatus();
  }
  const size_t colon = address.rfind(':');
  int port = 0;
  if (colon == address.npos || !absl::SimpleAtoi(address.substr(colon + 1), &port) || port < 1 ||
      port > 65535) {
    return error();
  }
  absl::string_view host = address.substr(0, colon);
  const bool is_v6 = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (is_v6) host = host.substr(1, host.size() - 2);
  const bool is_host = std::all_of(host.begin(), host.end(), [is_v6](char c) {
    const bool is_digit =
        is_v6 && (absl::ascii_isxdigit(static_cast<unsigned char>(c)) || c == ':');
    const bool is_letter =
        !is_v6 && (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-');
    return is_digit || is_letter || c == '.';
  });
  return is_host && !host.empty() ? absl::OkStatus() : error();
}

struct RedisConnection::State {
  std::string address;
  std::unique_ptr<CURL, void (*)(CURL*)> curl{nullptr, curl_easy_cleanup};
  std::unique_ptr<redisReader, void (*)(redisReader*)> reader{nullptr, redisReaderFree};
  curl_socket_t socket = CURL_SOCKET_BAD;

  absl::Status Error(absl::string_view what) const {
    return absl::UnavailableError(absl::StrCat("Redis at ", Printable(address, 256), ": ", what));
  }
  absl::Status Error(CURLcode code) const { return Error(curl_easy_strerror(code)); }
  absl::Status TimedOut() const { return Error("does not answer in time"); }

  // Until the socket is ready, or the time has come.
  absl::Status Await(short events, const Deadline& deadline) const {
    for (;;) {
      const absl::Duration left = deadline.left();
      if (left <= absl::ZeroDuration()) return TimedOut();
      pollfd file{socket, events, 0};
      if (poll(&file, 1, Milliseconds(left)) > 0) return absl::OkStatus();
    }
  }
};

RedisConnection::RedisConnection(std::unique_ptr<State> state) : state_(std::move(state)) {}
RedisConnection::~RedisConnection() = default;

absl::StatusOr<std::unique_ptr<RedisConnection>> RedisConnection::Connect(
    const RedisEndpoint& endpoint, const Deadline& deadline) {
  if (absl::Status status = CheckRedisAddress(endpoint.address); !status.ok()) return status;
  KeepOpenSslAtExit();
  // Once a process. What it returns, curl_easy_init() finds out as well.
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)ready;
  auto state = std::make_unique<State>();
  state->address = endpoint.address;
  state->curl.reset(curl_easy_init());
  state->reader.reset(redisReaderCreate());
  if (state->curl == nullptr || state->reader == nullptr) return state->Error("no memory");
  const absl::Duration left = deadline.left();
  // libcurl takes 0 for its own default.
  if (left <= absl::ZeroDuration()) return state->TimedOut();

  const bool is_unix = absl::StartsWith(endpoint.address, kUnix);
  char reason[CURL_ERROR_SIZE] = "";
  bool set = true;
  const auto option = [&](CURLoption name, auto value) {
    set = curl_easy_setopt(state->curl.get(), name, value) == CURLE_OK && set;
  };
  // libcurl makes the connection, with TLS and all, and hands it over. No HTTP is spoken.
  option(CURLOPT_CONNECT_ONLY, 1L);
  option(CURLOPT_ERRORBUFFER, reason);
  option(CURLOPT_NOSIGNAL, 1L);
  option(CURLOPT_PROXY, "");
  option(CURLOPT_NOPROXY, "");
  option(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  option(CURLOPT_TIMEOUT_MS, static_cast<long>(Milliseconds(left)));
  option(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(Milliseconds(left)));
  const curl_blob certificate = BlobOf(endpoint.client_certificate);
  const curl_blob key = BlobOf(endpoint.client_key.view());
  if (is_unix) {
    option(CURLOPT_PROTOCOLS_STR, "http");
    option(CURLOPT_URL, "http://localhost/");
    option(CURLOPT_UNIX_SOCKET_PATH, endpoint.address.c_str() + kUnix.size());
  } else {
    option(CURLOPT_PROTOCOLS_STR, "https");
    option(CURLOPT_URL, absl::StrCat("https://", endpoint.address, "/").c_str());
    option(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    option(CURLOPT_SSL_ENABLE_ALPN, 0L);
    option(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    option(CURLOPT_SSL_VERIFYPEER, 1L);
    option(CURLOPT_SSL_VERIFYHOST, 2L);
    option(CURLOPT_CAINFO, endpoint.ca_file.c_str());
    // Without this the system's certificates count as well.
    option(CURLOPT_CAPATH, static_cast<char*>(nullptr));
    option(CURLOPT_TCP_KEEPALIVE, 1L);
    if (!endpoint.client_certificate.empty()) {
      option(CURLOPT_SSLCERT_BLOB, &certificate);
      option(CURLOPT_SSLKEY_BLOB, &key);
    }
  }
#if LIBCURL_VERSION_NUM >= 0x075700
  // A name server that does not answer must not hold up the end.
  option(CURLOPT_QUICK_EXIT, 1L);
#endif
  if (!set) return absl::InternalError("this libcurl lacks an option that is needed");
  const CURLcode code = curl_easy_perform(state->curl.get());
  if (code != CURLE_OK) {
    return state->Error(absl::StrCat(curl_easy_strerror(code), *reason == '\0' ? "" : ": ",
                                     Printable(reason, 256)));
  }
  // It is gone with this call.
  curl_easy_setopt(state->curl.get(), CURLOPT_ERRORBUFFER, static_cast<char*>(nullptr));
  curl_easy_getinfo(state->curl.get(), CURLINFO_ACTIVESOCKET, &state->socket);
  if (state->socket == CURL_SOCKET_BAD) return state->Error("closed at once");
  return std::unique_ptr<RedisConnection>(new RedisConnection(std::move(state)));
}

absl::Status RedisConnection::Send(absl::string_view bytes, const Deadline& deadline) {
  while (!bytes.empty()) {
    size_t sent = 0;
    const CURLcode code = curl_easy_send(state_->curl.get(), bytes.data(), bytes.size(), &sent);
    if (code == CURLE_AGAIN) {
      if (absl::Status status = state_->Await(POLLOUT, deadline); !status.ok()) return status;
      continue;
    }
    if (code != CURLE_OK) return state_->Error(code);
    bytes.remove_prefix(sent);
  }
  return absl::OkStatus();
}

absl::StatusOr<RedisReply> RedisConnection::Call(const std::vector<absl::string_view>& words,
                                                 const Deadline& deadline) {
  {
    const Command command(words);
    if (command.bytes().empty()) return absl::InternalError("no memory for a command");
    if (absl::Status status = Send(command.bytes(), deadline); !status.ok()) return status;
  }
  std::vector<char> buffer(16 * 1024);
  for (size_t received = 0;;) {
    void* reply = nullptr;
    if (redisReaderGetReply(state_->reader.get(), &reply) != REDIS_OK) {
      return state_->Error("answers with something else than Redis's protocol");
    }
    if (reply != nullptr) {
      RedisReply result = ReplyOf(*static_cast<redisReply*>(reply));
      freeReplyObject(reply);
      return result;
    }
    size_t got = 0;
    const CURLcode code = curl_easy_recv(state_->curl.get(), buffer.data(), buffer.size(), &got);
    if (code == CURLE_AGAIN) {
      if (absl::Status status = state_->Await(POLLIN, deadline); !status.ok()) return status;
      continue;
    }
    if (code != CURLE_OK) return state_->Error(code);
    if (got == 0) return state_->Error("closed the connection");
    received += got;
    if (received > kMaxReplyBytes) return state_->Error("the answer is too long");
    if (redisReaderFeed(state_->reader.get(), buffer.data(), got) != REDIS_OK) {
      return state_->Error("no memory for the answer");
    }
  }
}

bool RedisConnection::IsOpen() {
  pollfd file{state_->socket, POLLIN, 0};
  if (poll(&file, 1, 0) == 0) return true;
  // The end, or something of TLS's own. What else comes unasked would be taken for an answer.
  char byte = 0;
  size_t got = 0;
  return curl_easy_recv(state_->curl.get(), &byte, 1, &got) == CURLE_AGAIN;
}

}  // namespace lanyard::internal
