// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/password_record.h"

#include <algorithm>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "lanyard/sdk/internal/base64url.h"

namespace lanyard::internal {
namespace {

constexpr size_t kMinSaltBytes = 16;
constexpr size_t kMinHashBytes = 32;
constexpr size_t kMaxBytes = 64;
// Memory has a limit elsewhere, and takes N and r with it. This is the one for time.
constexpr int kMaxP = 16;

// base64url in the alphabet of RFC 4648 section 4 and back: two letters differ.
void Exchange(absl::string_view from, absl::string_view to, std::string* text) {
  for (char& c : *text) {
    if (const size_t at = from.find(c); at != from.npos) c = to[at];
  }
}

std::string Base64(absl::string_view bytes) {
  std::string text = Base64UrlEncode(bytes);
  Exchange("-_", "+/", &text);
  return text;
}

bool FromBase64(absl::string_view base64, std::string* bytes) {
  if (base64.find_first_of("-_") != base64.npos) return false;
  std::string text(base64);
  Exchange("+/", "-_", &text);
  return Base64UrlDecode(text, bytes);
}

// NAME=NUMBER in the one way to write it.
std::optional<int> Number(absl::string_view text, absl::string_view name) {
  int number = 0;
  if (!absl::ConsumePrefix(&text, name) || text.empty() || text.size() > 5 || text[0] == '0' ||
      !std::all_of(text.begin(), text.end(), absl::ascii_isdigit) ||
      !absl::SimpleAtoi(text, &number)) {
    return std::nullopt;
  }
  return number;
}

absl::Status Error(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("a stored password hash ", what));
}

// What stands before the next `separator`, which is taken as well; everything if there is none.
absl::string_view Next(absl::string_view* rest, char separator) {
  const absl::string_view next = rest->substr(0, rest->find(separator));
  rest->remove_prefix(std::min(next.size() + 1, rest->size()));
  return next;
}

}  // namespace

std::string PasswordRecord::ToText() const {
  return absl::StrCat("$scrypt$ln=", cost.log2_n, ",r=", cost.r, ",p=", cost.p, "$", Base64(salt),
                      "$", Base64(hash.view()));
}

absl::StatusOr<PasswordRecord> PasswordRecord::FromText(absl::string_view text) {
  constexpr char kForm[] = "is not in the form $scrypt$ln=17,r=8,p=1$SALT$HASH";
  if (text.size() > 256 || std::count(text.begin(), text.end(), '$') != 4) return Error(kForm);
  absl::string_view rest = text;
  if (!absl::ConsumePrefix(&rest, "$scrypt$")) return Error(kForm);
  absl::string_view parameters = Next(&rest, '$');
  if (std::count(parameters.begin(), parameters.end(), ',') != 2) return Error(kForm);
  const auto log2_n = Number(Next(&parameters, ','), "ln=");
  const auto r = Number(Next(&parameters, ','), "r=");
  const auto p = Number(parameters, "p=");
  if (!log2_n.has_value() || !r.has_value() || !p.has_value()) return Error(kForm);
  PasswordRecord record;
  record.cost = {*log2_n, *r, *p};
  if (!ScryptMemory(record.cost).has_value() || *p > kMaxP)
    return Error("has parameters out of bounds");
  if (!FromBase64(Next(&rest, '$'), &record.salt) || record.salt.size() < kMinSaltBytes ||
      record.salt.size() > kMaxBytes) {
    return Error("has a salt that is not 16 to 64 bytes in base64 without padding");
  }
  std::string hash;
  ScopedCleanse cleanse(&hash);
  if (!FromBase64(rest, &hash) || hash.size() < kMinHashBytes || hash.size() > kMaxBytes) {
    return Error("has a hash that is not 32 to 64 bytes in base64 without padding");
  }
  record.hash = Secret(hash);
  return record;
}

}  // namespace lanyard::internal
