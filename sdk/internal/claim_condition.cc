// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/claim_condition.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace lanyard::internal {
namespace {

// What has a check, or a condition, of its own.
constexpr absl::string_view kRegistered[] = {"iss", "sub", "aud", "exp", "nbf",
                                             "iat", "jti", "cnf", "act"};
constexpr int kMaxPath = 8;

absl::Status Error(absl::string_view what) { return absl::InvalidArgumentError(what); }

template <typename Values>
bool HasEmptyText(const Values& values) {
  return std::any_of(values.begin(), values.end(), [](const auto& text) { return text.empty(); });
}

bool IsText(const JsonValue& value, absl::string_view text) {
  return value.is(JsonValue::Kind::kString) && value.string() == text;
}

bool IsInteger(const JsonValue& value, int64_t integer) {
  return value.is(JsonValue::Kind::kInteger) && value.integer() == integer;
}

// Whether the value, or an element of it if it is an array, is so.
template <typename Predicate>
bool Holds(const JsonValue& value, const Predicate& is) {
  if (!value.is(JsonValue::Kind::kArray)) return is(value);
  for (const JsonValue element : value) {
    if (is(element)) return true;
  }
  return false;
}

}  // namespace

absl::Status ValidateClaimPath(const ClaimPath& path) {
  if (path.empty()) {
    return Error("path: required: the claim's name, or names from the outside in");
  }
  if (path.size() > kMaxPath) return Error(absl::StrCat("path: at most ", kMaxPath, " names"));
  if (HasEmptyText(path)) return Error("path: an empty name");
  for (const absl::string_view registered : kRegistered) {
    if (path[0] == registered) {
      return Error(absl::StrCat("path: \"", registered, "\" has a check of its own"));
    }
  }
  return absl::OkStatus();
}

std::optional<JsonValue> FindClaim(const JsonValue& claims, const ClaimPath& path) {
  std::optional<JsonValue> found = claims;
  for (const std::string& name : path) {
    // Find() is for any kind of value, and finds nothing where there are no members.
    found = found->Find(name);
    if (!found.has_value()) break;
  }
  return found;
}

absl::Status ValidateClaimCondition(const v1::ClaimCondition& condition) {
  if (absl::Status status = ValidateClaimPath(condition.path()); !status.ok()) return status;
  const int kinds = !condition.any_of().empty() + !condition.all_of().empty() +
                    !condition.any_of_integers().empty() + condition.has_boolean() +
                    condition.exists();
  if (kinds != 1) {
    return Error(absl::StrCat("claim ", PathText(condition), ": give one of any_of, all_of, ",
                              "any_of_integers, boolean, or exists: true"));
  }
  if (HasEmptyText(condition.any_of()) || HasEmptyText(condition.all_of())) {
    return Error(absl::StrCat("claim ", PathText(condition), ": an empty string matches nothing"));
  }
  return absl::OkStatus();
}

bool Meets(const JsonValue& claims, const v1::ClaimCondition& condition) {
  const auto found = FindClaim(claims, condition.path());
  if (!found.has_value()) return false;
  const JsonValue& value = *found;
  if (condition.exists()) return !value.is(JsonValue::Kind::kNull);
  if (condition.has_boolean()) {
    return value.is(JsonValue::Kind::kBool) && value.boolean() == condition.boolean();
  }
  const auto has_text = [&value](const std::string& text) {
    return Holds(value, [&text](const JsonValue& element) { return IsText(element, text); });
  };
  if (!condition.all_of().empty()) {
    return std::all_of(condition.all_of().begin(), condition.all_of().end(), has_text);
  }
  if (!condition.any_of().empty()) {
    return std::any_of(condition.any_of().begin(), condition.any_of().end(), has_text);
  }
  const auto& integers = condition.any_of_integers();
  return std::any_of(integers.begin(), integers.end(), [&value](int64_t integer) {
    return Holds(value, [integer](const JsonValue& e) { return IsInteger(e, integer); });
  });
}

std::string PathText(const v1::ClaimCondition& condition) {
  return absl::StrJoin(condition.path(), ".", [](std::string* out, const std::string& name) {
    const bool plain = name.find_first_of(".\"") == name.npos;
    absl::StrAppend(out, plain ? "" : "\"", name, plain ? "" : "\"");
  });
}

}  // namespace lanyard::internal
