// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_ISSUER_STORE_CALLS_H_
#define LANYARD_TESTS_ISSUER_STORE_CALLS_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "lanyard/issuer/issuer_store.h"
#include "lanyard/testing/matchers.h"

// Short words for what tests ask of an IssuerStore.
namespace lanyard::test {

using Kind = IssuerStore::Kind;

inline IssuerStore::Write Put(Kind kind, std::string key, std::string value,
                              uint64_t expected_version = 0,
                              absl::Time expires_at = absl::InfiniteFuture()) {
  return {kind, std::move(key), expected_version, std::move(value), expires_at};
}
inline IssuerStore::Write Delete(Kind kind, std::string key, uint64_t expected_version) {
  return {kind, std::move(key), expected_version, std::nullopt, absl::InfiniteFuture()};
}
inline v1::Revocation RevocationOf(const std::string& session_id, absl::Time expires_at) {
  v1::Revocation revocation;
  revocation.set_issuer("https://tokens.example.com");
  revocation.set_session_id(session_id);
  revocation.mutable_expires_at()->set_seconds(absl::ToUnixSeconds(expires_at));
  return revocation;
}

inline absl::Status Apply(IssuerStore& store, std::vector<IssuerStore::Write> writes,
                          std::vector<v1::Revocation> revocations = {}) {
  return store.Apply({std::move(writes), std::move(revocations)});
}
// The record, or one of version 0.
inline IssuerStore::Record Get(const IssuerStore& store, Kind kind, const std::string& key) {
  const auto record = store.Get(kind, key);
  EXPECT_TRUE(record.ok()) << record.status();
  return record.ok() && record->has_value() ? **record : IssuerStore::Record{};
}
inline uint64_t Version(const IssuerStore& store, Kind kind, const std::string& key) {
  return Get(store, kind, key).version;
}
inline std::vector<std::string> Keys(const IssuerStore& store, Kind kind,
                                     const std::string& after = "", size_t limit = 100) {
  const auto keys = store.Keys(kind, after, limit);
  EXPECT_TRUE(keys.ok()) << keys.status();
  return keys.ok() ? *keys : std::vector<std::string>{};
}
inline IssuerStore::RevocationLog Log(const IssuerStore& store, uint64_t after = 0) {
  const auto log = store.RevocationsAfter(after);
  EXPECT_TRUE(log.ok()) << log.status();
  return log.ok() ? *log : IssuerStore::RevocationLog{};
}
inline std::vector<std::string> SessionIds(const IssuerStore::RevocationLog& log) {
  std::vector<std::string> ids;
  for (const auto& revocation : log.revocations) ids.push_back(revocation.session_id());
  return ids;
}
inline uint64_t Number(const std::string& text) {
  uint64_t number = 0;
  EXPECT_TRUE(absl::SimpleAtoi(text, &number)) << text;
  return number;
}
// Adds 1 to the number in a record, unless somebody was faster: the new number, or 0.
inline uint64_t Increment(IssuerStore& store, Kind kind, const std::string& key) {
  const IssuerStore::Record record = Get(store, kind, key);
  const uint64_t next = record.version == 0 ? 1 : Number(record.value) + 1;
  const absl::Status status = Apply(store, {Put(kind, key, absl::StrCat(next), record.version)});
  EXPECT_TRUE(status.ok() || absl::IsAborted(status)) << status;
  return status.ok() ? next : 0;
}
// Every byte there is, again and again.
inline std::string AnyBytes(size_t size) {
  std::string bytes;
  for (size_t i = 0; i < size; ++i) bytes += static_cast<char>(i);
  return bytes;
}

MATCHER_P(HasCode, code, "has the code " + absl::StatusCodeToString(code)) {
  *result_listener << "status is " << testing::StatusOf(arg).ToString();
  return testing::StatusOf(arg).code() == code;
}
inline auto IsAborted() { return HasCode(absl::StatusCode::kAborted); }
inline auto IsInvalid() { return HasCode(absl::StatusCode::kInvalidArgument); }

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_ISSUER_STORE_CALLS_H_
