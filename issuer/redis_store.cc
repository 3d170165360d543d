// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/redis_store.h"

#include <algorithm>
#include <array>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "lanyard/issuer/redis_connection.h"
#include "lanyard/issuer/redis_pool.h"
#include "lanyard/issuer/redis_scripts.h"
#include "lanyard/issuer/store_change.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard {
namespace {

using internal::Deadline;
using internal::ExpiryMicros;
using internal::Micros;
using internal::RedisConnection;
using internal::RedisReply;

// How much a script goes through at a time: nobody else is served meanwhile.
constexpr size_t kKeysAtOnce = 1000;
constexpr absl::string_view kRemovedAtOnce = "500";

struct Script {
  explicit Script(const char* script) : text(internal::WholeRedisScript(script)) {}

  const std::string text;
  std::string digest;  // What the server calls it; constant once the store is made.
};

class Store final : public IssuerStore {
 public:
  explicit Store(RedisStoreOptions options)
      : options_(std::move(options)),
        prefix_(absl::StrCat("{", options_.key_prefix, "}")),
        pool_({options_.address, options_.ca_file, options_.tls_certificate_file,
               options_.tls_private_key_file, options_.user, options_.password_file}),
        id_(internal::NewEpoch()) {}

  // Whether the server can be used, and what it calls the scripts.
  absl::Status Start() {
    const Deadline deadline(options_.timeout);
    return pool_.With(deadline, [&](RedisConnection& connection) {
      for (Script* script : {&get_, &apply_, &keys_, &revocations_, &remove_}) {
        const auto reply = connection.Call({"SCRIPT", "LOAD", script->text}, deadline);
        if (!reply.ok()) return reply.status();
        if (reply->kind == RedisReply::Kind::kError) return pool_.ErrorOf(*reply);
        script->digest = reply->text;
      }
      // Makes the first epoch, and shows that the user may do that.
      std::vector<std::string> nobody = {Name("record:", "user:")};
      return Run(connection, deadline, get_, nobody, {"user"}).status();
    });
  }

  absl::StatusOr<std::optional<Record>> Get(Kind kind, absl::string_view key) const override {
    const auto reply = Ask(get_, {RecordName(kind, key)}, {std::string(internal::WordOf(kind))});
    if (!reply.ok()) return reply.status();
    if (reply->size() == 2) return std::nullopt;
    Record record;
    if (reply->size() != 4 || !absl::SimpleAtoi((*reply)[2].text, &record.version)) {
      return Unreadable();
    }
    record.value = (*reply)[3].text;
    return record;
  }

  absl::Status Apply(const Change& change) override {
    if (absl::Status status = internal::CheckChange(change); !status.ok()) return status;
    std::vector<std::string> names = {Name("revocations"), Name("revocations_by_expiry"),
                                      Name("records_by_expiry")};
    std::vector<std::string> arguments = {absl::StrCat(change.writes.size())};
    for (const Write& write : change.writes) {
      names.push_back(RecordName(write.kind, write.key));
      names.push_back(Name("keys:", internal::WordOf(write.kind)));
      arguments.insert(
          arguments.end(),
          {std::string(internal::WordOf(write.kind)), write.key,
           absl::StrCat(write.expected_version), write.value.has_value() ? "put" : "delete",
           absl::StrCat(ExpiryMicros(write.expires_at)), write.value.value_or("")});
    }
    for (const v1::Revocation& revocation : change.revocations) {
      arguments.push_back(absl::StrCat(ExpiryMicros(revocation)));
      arguments.push_back(revocation.SerializeAsString());
    }
    const Deadline deadline(options_.timeout);
    absl::Status refusal;
    absl::Status status = pool_.With(deadline, [&](RedisConnection& connection) {
      const auto reply = Run(connection, deadline, apply_, names, arguments);
      if (!reply.ok()) return reply.status();
      uint64_t commit = 0;
      if (reply->size() != 4 || !absl::SimpleAtoi((*reply)[3].text, &commit)) return Unreadable();
      const int64_t mismatch = (*reply)[2].integer;
      if (mismatch > 0) {
        refusal = internal::VersionMismatch(change.writes[static_cast<size_t>(mismatch) - 1].kind);
        return absl::OkStatus();
      }
      if (absl::Status replicated = AwaitReplicas(connection, deadline); !replicated.ok()) {
        return replicated;
      }
      Remember((*reply)[0].text, commit, /*is_ours=*/true);
      return absl::OkStatus();
    });
    return status.ok() ? refusal : status;
  }

  absl::StatusOr<std::vector<std::string>> Keys(Kind kind, absl::string_view after,
                                                size_t limit) const override {
    std::vector<std::string> keys;
    for (std::string from(after); keys.size() < limit; from = keys.back()) {
      const size_t page = std::min(limit - keys.size(), kKeysAtOnce);
      const auto reply = Ask(
          keys_, {Name("keys:", internal::WordOf(kind))},
          {std::string(internal::WordOf(kind)), RecordName(kind, ""), from, absl::StrCat(page)});
      if (!reply.ok()) return reply.status();
      if (reply->size() != 3) return Unreadable();
      for (const RedisReply& key : (*reply)[2].elements) keys.push_back(key.text);
      if ((*reply)[2].elements.size() < page) break;
    }
    return keys;
  }

  absl::StatusOr<RevocationLog> RevocationsAfter(uint64_t sequence) const override {
    const auto reply = Ask(revocations_, {Name("revocations")},
                           {absl::StrCat(sequence), absl::StrCat(internal::kMaxRevocationsAtOnce)});
    if (!reply.ok()) return reply.status();
    RevocationLog log;
    if (reply->size() != 4 || !absl::SimpleAtoi((*reply)[2].text, &log.sequence)) {
      return Unreadable();
    }
    log.epoch = (*reply)[0].text;
    for (const RedisReply& bytes : (*reply)[3].elements) {
      if (!log.revocations.emplace_back().ParseFromString(bytes.text)) return Unreadable();
    }
    return log;
  }

  absl::Status RemoveExpired() override {
    for (;;) {
      const auto reply = Ask(remove_,
                             {Name("revocations"), Name("revocations_by_expiry"),
                              Name("records_by_expiry"), Name("keys:", "session")},
                             {Name("record:"), Name("keys:"), std::string(kRemovedAtOnce)});
      if (!reply.ok()) return reply.status();
      if (reply->size() != 3) return Unreadable();
      if ((*reply)[2].integer == 0) return absl::OkStatus();
    }
  }

 private:
  std::string Name(absl::string_view what, absl::string_view which = "") const {
    return absl::StrCat(prefix_, what, which);
  }
  std::string RecordName(Kind kind, absl::string_view key) const {
    return absl::StrCat(prefix_, "record:", internal::WordOf(kind), ":", key);
  }
  absl::Status Unreadable() const {
    return absl::DataLossError(absl::StrCat("Redis at ", internal::Printable(options_.address, 256),
                                            ": what is kept there is no store of Lanyard's"));
  }

  // Runs a script that can be run twice; its answer.
  absl::StatusOr<std::vector<RedisReply>> Ask(const Script& script,
                                              const std::vector<std::string>& names,
                                              const std::vector<std::string>& arguments) const {
    const Deadline deadline(options_.timeout);
    std::vector<RedisReply> answer;
    absl::Status status = pool_.With(deadline, [&](RedisConnection& connection) {
      auto reply = Run(connection, deadline, script, names, arguments);
      if (!reply.ok()) return reply.status();
      answer = *std::move(reply);
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
    return answer;
  }

  // The same on a connection.
  absl::StatusOr<std::vector<RedisReply>> Run(RedisConnection& connection, const Deadline& deadline,
                                              const Script& script,
                                              const std::vector<std::string>& names,
                                              const std::vector<std::string>& arguments) const {
    const std::string state = Name("state"), writers = Name("writers");
    const std::string count = absl::StrCat(2 + names.size());
    const std::string next_epoch = internal::NewEpoch();
    const std::string now = absl::StrCat(Micros(options_.clock->Now()));
    std::string seen, ours, epoch;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      seen = absl::StrCat(seen_);
      ours = absl::StrCat(ours_);
      epoch = epoch_;
    }
    std::vector<absl::string_view> words = {"EVALSHA", script.digest, count, state, writers};
    words.insert(words.end(), names.begin(), names.end());
    words.insert(words.end(), {id_, seen, ours, epoch, next_epoch, now});
    words.insert(words.end(), arguments.begin(), arguments.end());
    auto reply = connection.Call(words, deadline);
    if (reply.ok() && reply->kind == RedisReply::Kind::kError &&
        absl::StartsWith(reply->text, "NOSCRIPT")) {
      // As after a restart. From now on it knows it.
      words[0] = "EVAL";
      words[1] = script.text;
      reply = connection.Call(words, deadline);
    }
    if (!reply.ok()) return reply.status();
    if (reply->kind == RedisReply::Kind::kError) return pool_.ErrorOf(*reply);
    if (reply->elements.size() < 2) return Unreadable();
    uint64_t acknowledged = 0;
    if (!absl::SimpleAtoi(reply->elements[1].text, &acknowledged)) return Unreadable();
    Remember(reply->elements[0].text, acknowledged, /*is_ours=*/false);
    return std::move(reply->elements);
  }

  // A change that was acknowledged, which the server must not have forgotten when it is asked
  // again.
  void Remember(const std::string& epoch, uint64_t commit, bool is_ours) const {
    std::lock_guard<std::mutex> lock(mutex_);
    if (epoch != epoch_) {
      // Not from an answer that another one has overtaken.
      if (commit < seen_) return;
      epoch_ = epoch;
      ours_ = 0;
    }
    seen_ = std::max(seen_, commit);
    if (is_ours) ours_ = std::max(ours_, commit);
  }

  // Until enough replicas have what this connection has written.
  absl::Status AwaitReplicas(RedisConnection& connection, const Deadline& deadline) const {
    if (options_.wait_replicas == 0) return absl::OkStatus();
    const std::string wanted = absl::StrCat(options_.wait_replicas);
    // A server looks at such times ten times a second, and its answer shall still come in time. 0
    // would be for ever.
    const absl::Duration left = deadline.left();
    const std::string milliseconds = absl::StrCat(std::max<int64_t>(
        1, absl::ToInt64Milliseconds(std::max(left - absl::Milliseconds(150), left / 2))));
    const auto reply = connection.Call({"WAIT", wanted, milliseconds}, deadline);
    if (!reply.ok()) return reply.status();
    if (reply->kind == RedisReply::Kind::kError) return pool_.ErrorOf(*reply);
    if (reply->integer >= options_.wait_replicas) return absl::OkStatus();
    return absl::UnavailableError(
        absl::StrCat("Redis at ", internal::Printable(options_.address, 256), ": ", reply->integer,
                     " of ", wanted, " replicas have the change in time"));
  }

  const RedisStoreOptions options_;
  const std::string prefix_;
  mutable internal::RedisPool pool_;
  const std::string id_;
  Script get_{internal::kRedisGet}, apply_{internal::kRedisApply}, keys_{internal::kRedisKeys},
      revocations_{internal::kRedisRevocations}, remove_{internal::kRedisRemove};

  mutable std::mutex mutex_;
  mutable std::string epoch_;
  mutable uint64_t seen_ = 0, ours_ = 0;
};

absl::Status CheckOptions(const RedisStoreOptions& options) {
  if (options.address.empty()) return absl::InvalidArgumentError("address is required");
  if (absl::Status status = internal::CheckRedisAddress(options.address); !status.ok()) {
    return status;
  }
  const bool is_tls = !absl::StartsWith(options.address, "unix:");
  const auto wrong = [](absl::string_view what) { return absl::InvalidArgumentError(what); };
  if (is_tls && options.ca_file.empty()) return wrong("ca_file is required for TLS");
  if (is_tls && options.password_file.empty()) return wrong("password_file is required for TLS");
  if (!is_tls && !options.ca_file.empty()) return wrong("ca_file: there is no TLS on a socket");
  if (options.tls_certificate_file.empty() != options.tls_private_key_file.empty()) {
    return wrong("tls_certificate_file and tls_private_key_file: both or neither");
  }
  if (!is_tls && !options.tls_certificate_file.empty()) {
    return wrong("tls_certificate_file: there is no TLS on a socket");
  }
  if (options.user.empty()) return wrong("user is required");
  if (options.user != "default" && options.password_file.empty()) {
    return wrong("password_file is required for a user");
  }
  if (options.key_prefix.empty() || options.key_prefix.find_first_of("{}") != std::string::npos) {
    return wrong("key_prefix: something without braces is needed");
  }
  if (options.wait_replicas < 0) return wrong("wait_replicas: at least 0");
  if (options.timeout <= absl::ZeroDuration() || options.timeout > absl::Minutes(1)) {
    return wrong("timeout: more than 0 and up to a minute is taken");
  }
  if (options.clock == nullptr) return wrong("clock is required");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<IssuerStore>> RedisStore::Create(RedisStoreOptions options) {
  if (absl::Status status = CheckOptions(options); !status.ok()) return status;
  auto store = std::make_unique<Store>(std::move(options));
  if (absl::Status status = store->Start(); !status.ok()) return status;
  return store;
}

}  // namespace lanyard
