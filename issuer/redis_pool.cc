// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/redis_pool.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard::internal {
namespace {

constexpr int kMaxInUse = 32;
constexpr size_t kMaxIdle = 8;
constexpr size_t kMaxPemBytes = 256 * 1024, kMaxPasswordBytes = 4096;
// The first with users (ACL).
constexpr int kOldestVersion = 6;

// A line "name:value" of what INFO says; empty if there is none.
absl::string_view Said(absl::string_view info, absl::string_view name) {
  for (absl::string_view line : absl::StrSplit(info, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (absl::StartsWith(line, name) && absl::StartsWith(line.substr(name.size()), ":")) {
      return line.substr(name.size() + 1);
    }
  }
  return "";
}

absl::Status CheckSettings(absl::string_view info, const std::string& where) {
  const auto refusal = [&where](absl::string_view what) {
    return absl::FailedPreconditionError(absl::StrCat(where, ": ", what));
  };
  int version = 0;
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(Said(info, "redis_version"), absl::MaxSplits('.', 1));
  if (!absl::SimpleAtoi(parts.first, &version) || version < kOldestVersion) {
    return refusal(absl::StrCat("version \"", Printable(Said(info, "redis_version"), 32),
                                "\"; at least ", kOldestVersion, " is needed"));
  }
  if (const auto policy = Said(info, "maxmemory_policy"); policy != "noeviction") {
    return refusal(absl::StrCat("maxmemory-policy is \"", Printable(policy, 64),
                                "\", so it would forget revocations when memory is short; set "
                                "\"maxmemory-policy noeviction\""));
  }
  if (Said(info, "aof_enabled") != "1") {
    return refusal(
        "appendonly is off, so it would forget when it restarts; set \"appendonly yes\"");
  }
  if (Said(info, "loading") == "1") {
    return absl::UnavailableError(absl::StrCat(where, ": still reads its data"));
  }
  if (Said(info, "role") != "master") {
    return absl::UnavailableError(absl::StrCat(where, ": is a replica, and takes no changes"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status RedisPool::ErrorOf(const RedisReply& reply) const {
  const std::string where = absl::StrCat("Redis at ", Printable(options_.address, 256));
  const absl::string_view text = reply.text;
  const absl::string_view word = text.substr(0, text.find(' '));
  if (word == "NOPERM" || word == "NOAUTH" || word == "WRONGPASS") {
    return absl::PermissionDeniedError(absl::StrCat(where, ": ", Printable(text, 256)));
  }
  // From within a script there is no such word.
  if (absl::StrContains(text, "can't run this command")) {
    return absl::PermissionDeniedError(
        absl::StrCat(where, ": the user lacks a right; redis_store.h lists them"));
  }
  for (const absl::string_view passing :
       {"BUSY", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "MISCONF", "NOREPLICAS", "OOM", "READONLY",
        "TRYAGAIN", "UNKILLABLE"}) {
    if (word == passing) return absl::UnavailableError(absl::StrCat(where, ": ", word));
  }
  return absl::InternalError(absl::StrCat(where, ": answers with the error ", Printable(word, 32)));
}

absl::StatusOr<std::unique_ptr<RedisConnection>> RedisPool::Connect(
    const Deadline& deadline) const {
  // Files are read each time: they may have been renewed.
  RedisEndpoint endpoint;
  endpoint.address = options_.address;
  endpoint.ca_file = options_.ca_file;
  if (!options_.tls_certificate_file.empty()) {
    const auto certificate = ReadFile(options_.tls_certificate_file, kMaxPemBytes);
    if (!certificate.ok()) return certificate.status();
    endpoint.client_certificate = std::string(certificate->view());
    auto key = ReadPrivateFile(options_.tls_private_key_file, kMaxPemBytes);
    if (!key.ok()) return key.status();
    endpoint.client_key = *std::move(key);
  }
  auto connection = RedisConnection::Connect(endpoint, deadline);
  if (!connection.ok()) return connection.status();
  if (!options_.password_file.empty()) {
    const auto file = ReadPrivateFile(options_.password_file, kMaxPasswordBytes);
    if (!file.ok()) return file.status();
    const absl::string_view password = absl::StripTrailingAsciiWhitespace(file->view());
    const auto reply = (*connection)->Call({"AUTH", options_.user, password}, deadline);
    if (!reply.ok()) return reply.status();
    if (reply->kind == RedisReply::Kind::kError) return ErrorOf(*reply);
  }
  // INFO, not CONFIG GET: a user who may look at the configuration sees passwords.
  const auto info = (*connection)->Call({"INFO"}, deadline);
  if (!info.ok()) return info.status();
  if (info->kind == RedisReply::Kind::kError) return ErrorOf(*info);
  if (absl::Status status =
          CheckSettings(info->text, absl::StrCat("Redis at ", Printable(options_.address, 256)));
      !status.ok()) {
    return status;
  }
  return connection;
}

absl::StatusOr<std::unique_ptr<RedisConnection>> RedisPool::Take(const Deadline& deadline) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (!one_is_back_.wait_until(lock, deadline.at(), [this] { return in_use_ < kMaxInUse; })) {
    return absl::UnavailableError(absl::StrCat("Redis at ", Printable(options_.address, 256),
                                               ": too many calls wait for an answer"));
  }
  ++in_use_;
  while (!idle_.empty()) {
    std::unique_ptr<RedisConnection> connection = std::move(idle_.back());
    idle_.pop_back();
    // One that was closed meanwhile would leave it unknown whether a change was made.
    if (connection->IsOpen()) return connection;
  }
  return nullptr;
}

absl::Status RedisPool::With(const Deadline& deadline,
                             const std::function<absl::Status(RedisConnection&)>& work) {
  auto connection = Take(deadline);
  if (!connection.ok()) return connection.status();
  absl::Status status;
  if (*connection == nullptr) {
    connection = Connect(deadline);
    status = connection.status();
  }
  if (status.ok()) status = work(**connection);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    --in_use_;
    if (status.ok() && idle_.size() < kMaxIdle) idle_.push_back(*std::move(connection));
  }
  one_is_back_.notify_one();
  return status;
}

}  // namespace lanyard::internal
