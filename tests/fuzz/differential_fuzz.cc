// SPDX-License-Identifier: Apache-2.0
//
// VerifyToken against the slow path over tokens that are signed right: the bytes pick the issuer's
// rules and the members of the claims, many of them at a boundary.
#include "absl/strings/str_cat.h"
#include "lanyard/fuzz/check.h"
#include "lanyard/fuzz/fixed_keys.h"
#include "lanyard/fuzz/input.h"
#include "lanyard/fuzz/slow_verify.h"
#include "lanyard/sdk/internal/jws.h"

namespace {

using namespace lanyard;

constexpr int64_t kNow = 1900000000;
constexpr size_t kMaxBytes = 8192;

class OneIssuer final : public internal::IssuerLookup {
 public:
  explicit OneIssuer(const fuzz::SlowIssuer& issuer)
      : rules_(std::make_shared<const internal::IssuerRules>(issuer.rules)),
        keys_(std::make_shared<const KeySet>(issuer.keys)) {}
  internal::IssuerKeys Find(absl::string_view issuer) const override {
    if (issuer != rules_->issuer) return {};
    return {rules_, keys_};
  }

 private:
  std::shared_ptr<const internal::IssuerRules> rules_;
  std::shared_ptr<const KeySet> keys_;
};

internal::IssuerRules PickRules(fuzz::Input* input) {
  internal::IssuerRules rules;
  rules.name = "name";
  rules.issuer = "iss";
  rules.audiences = {"us", "we"};
  rules.algorithms = {Algorithm::kHs256};
  rules.types = {"at+jwt", "jwt"};
  const uint8_t flags = input->Byte();
  rules.accept_no_type = (flags & 1) != 0;
  rules.require_subject = (flags & 2) == 0;
  rules.require_issued_at = (flags & 4) != 0;
  rules.require_token_id = (flags & 8) != 0;
  rules.require_client_id = (flags & 16) != 0;
  rules.refuse_other_kinds = (flags & 32) == 0;
  rules.single_audience_only = (flags & 64) != 0;
  rules.any_type_unchecked = (flags & 128) != 0;
  constexpr int64_t kLeeways[] = {30, 0, 1, 300};
  constexpr int64_t kLifetimes[] = {86400, 1, 60, 31 * 86400};
  rules.leeway = absl::Seconds(kLeeways[input->Pick(4)]);
  rules.max_lifetime = absl::Seconds(kLifetimes[input->Pick(4)]);
  return rules;
}

// Any JSON value, mostly well-formed.
std::string PickValue(fuzz::Input* input, int depth = 0) {
  static constexpr const char* kValues[] = {
      "null",
      "true",
      "false",
      "0",
      "-0",
      "-0.0",
      "1",
      "-1",
      "0.5",
      "1e0",
      "1E+2",
      "1e-400",
      "9223372036854775807",
      "9223372036854775808",
      "18446744073709551615",
      "18446744073709551616",
      "-9223372036854775808",
      "-9223372036854775809",
      "1e308",
      "1e309",
      "1.7976931348623157e308",
      "1.7976931348623159e308",
      "4.9e-324",
      "01",
      "1.",
      ".5",
      "+1",
      "NaN",
      "\"\"",
      "\"iss\"",
      "\"us\"",
      "[\"us\"]",
      "[\"us\",\"us\"]",
      "[\"x\",\"we\"]",
      "[\"us\",\"\"]",
      "[\"us\",1]",
      "\"\\u0000\"",
      "\"\\ud83d\\ude00\"",
      "\"\\ud83d\"",
      "\"\\ude00\"",
      "\"\\ud83d\\u0041\"",
      "\"\\udbff\\udfff\"",
      "\"\x7f\"",
      "\"\t\"",
      "\"\xc3\xa9\"",
      "\"\xff\"",
      "\"\xed\xa0\x80\"",
      "\"\xf4\x90\x80\x80\"",
      "\"\xc0\x80\"",
      "\"a b\"",
      "\"a  b\"",
      "\" \"",
      "\"a\\\\b\"",
      "{\"sub\":\"x\"}",
      "{\"sub\":\"x\",\"act\":{\"sub\":\"y\"}}",
      "{}",
      "[]",
      "{\"a\":1,\"\\u0061\":2}",
      "{\"x5t#S256\":\"\"}",
      "{\"x5t#S256\":\"YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE\"}",
      "{\"x5t#S256\":\"YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWF\"}",
      "253402300799",
      "253402300799.5",
      "253402300800",
      "2.534023007990000001e11"};
  constexpr size_t kCount = sizeof(kValues) / sizeof(kValues[0]);
  static_assert(kCount == 65, "make_seeds.py counts on it");
  const size_t what = input->Pick(kCount + 6);
  if (what < kCount) return kValues[what];
  if (what == kCount) return std::string(input->Take(input->Pick(24)));
  if (what == kCount + 1) return absl::StrCat("\"", input->Take(input->Pick(24)), "\"");
  if (what == kCount + 2) return absl::StrCat("\"", std::string(250 + input->Pick(10), 's'), "\"");
  if (what == kCount + 3) {
    const size_t levels = 28 + input->Pick(8);
    return absl::StrCat(std::string(levels, '['), input->Flag() ? "1" : "",
                        std::string(levels, ']'));
  }
  if (what == kCount + 4) {
    std::string chain = "{\"sub\":\"s\"}";
    for (size_t i = input->Pick(6); i > 0; --i) {
      chain = absl::StrCat("{\"sub\":\"s\",\"act\":", chain, "}");
    }
    return chain;
  }
  if (depth > 3) return "1";
  return absl::StrCat("[", PickValue(input, depth + 1), ",", PickValue(input, depth + 1), "]");
}

// A time near one of the limits.
std::string PickTime(const internal::IssuerRules& rules, fuzz::Input* input) {
  const int64_t leeway = absl::ToInt64Seconds(rules.leeway);
  const int64_t lifetime = absl::ToInt64Seconds(rules.max_lifetime);
  const int64_t bases[] = {kNow,
                           kNow + leeway,
                           kNow - leeway,
                           kNow + 60,
                           kNow + lifetime,
                           kNow + lifetime + leeway,
                           kNow - lifetime,
                           0};
  static constexpr const char* kFractions[] = {
      "", "", "", ".0", ".5", ".999999999", ".0000000001", ".25e0", ".00000012", "e0", "e1"};
  const int64_t base = bases[input->Pick(8)];
  const int64_t offset = static_cast<int64_t>(input->Pick(5)) - 2;
  return absl::StrCat(base + offset, kFractions[input->Pick(11)]);
}

std::string PickHeader(fuzz::Input* input) {
  static constexpr const char* kHeaders[] = {
      R"({"alg":"HS256","typ":"at+jwt","kid":"k"})",
      R"({"alg":"HS256","typ":"application/AT+JWT"})",
      R"({"typ":"JWT","alg":"HS256"})",
      R"({"alg":"HS256"})",
      R"({"alg":"HS256","typ":"","kid":"k"})",
      R"({"alg":"HS256","typ":"application/application/jwt"})",
      R"({"alg":"HS256","typ":"at+jwt","kid":"other"})",
      R"({"alg":"HS384","typ":"at+jwt"})",
      R"({"alg":"none","typ":"at+jwt"})",
      R"({"alg":"hs256","typ":"at+jwt"})",
      R"({"\u0061lg":"HS256","typ":"at\u002bjwt"})",
      R"({"alg":"HS256","typ":"at+jwt","kid":null})",
      R"({"alg":"HS256","typ":"at+jwt","kid":""})",
      R"({"alg":"HS256","typ":"at+jwt","crit":[]})",
      R"({"alg":"HS256","typ":"at+jwt","x":{"a":[1,{}]}})",
  };
  constexpr size_t kCount = sizeof(kHeaders) / sizeof(kHeaders[0]);
  const size_t what = input->Pick(kCount + 2);
  if (what < kCount) return kHeaders[what];
  if (what == kCount) {
    return absl::StrCat(R"({"alg":"HS256","typ":"at+jwt","kid":")", std::string(255, 'k'),
                        std::string(input->Pick(3), 'k'), "\"}");
  }
  return absl::StrCat(R"({"alg":"HS256","typ":"at+jwt","x":)", PickValue(input), "}");
}

std::string PickClaims(const internal::IssuerRules& rules, fuzz::Input* input) {
  std::string text;
  auto add = [&text](absl::string_view name, absl::string_view json) {
    absl::StrAppend(&text, text.empty() ? "{" : ",", "\"", name, "\":", json);
  };
  // A good token first, of which a bit leaves a member out or makes it anything.
  const struct {
    const char* name;
    std::string good;
  } members[] = {
      {"iss", "\"iss\""},          {"sub", "\"sub\""},
      {"aud", "\"us\""},           {"exp", absl::StrCat(kNow + 1)},
      {"iat", absl::StrCat(kNow)}, {"jti", "\"jti\""},
      {"client_id", "\"client\""},
  };
  for (const auto& member : members) {
    const size_t what = input->Pick(8);
    if (what == 5) continue;
    const bool time = member.name == std::string("exp") || member.name == std::string("iat");
    if (what == 6 || (what >= 3 && time)) {
      add(member.name, what != 6 ? PickTime(rules, input) : PickValue(input));
    } else {
      add(member.name, member.good);
    }
  }
  static constexpr const char* kMore[] = {"scope",     "scp",     "nbf",    "azp",    "act", "cnf",
                                          "nonce",     "at_hash", "c_hash", "events", "x",   "iss",
                                          "\\u0069ss", "sub",     "exp",    "",       "ISS"};
  for (size_t more = input->Pick(6); more > 0; --more) {
    const char* name = kMore[input->Pick(16)];
    if (name == std::string("nbf") && !input->Rarely(4)) {
      add(name, PickTime(rules, input));
    } else if (name == std::string("azp") && !input->Rarely(4)) {
      add(name, "\"client\"");
    } else {
      add(name, PickValue(input));
    }
  }
  // Enough members for the other way in which duplicates are found.
  if (input->Rarely(8)) {
    for (size_t i = input->Pick(24); i > 0; --i) add(absl::StrCat("m", i), "1");
    if (input->Flag()) add("m1", "1");
  }
  return absl::StrCat(text.empty() ? "{" : text, "}");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Key* const key = new Key(fuzz::FixedKey(Algorithm::kHs256, "k"));
  fuzz::Input input(fuzz::TextOf(data, size));
  const fuzz::SlowIssuer issuer{PickRules(&input), KeySet({*key})};
  const std::string header = PickHeader(&input);
  std::string claims = PickClaims(issuer.rules, &input);
  const bool edit_token = input.Flag();
  if (!edit_token) claims = input.Edit(claims);
  auto token = internal::SignCompact(*key, Algorithm::kHs256, header, claims);
  FUZZ_CHECK(token.ok());
  if (edit_token) token = input.Edit(*token);

  const absl::Time now = absl::FromUnixSeconds(kNow);
  TokenConnection connection;
  const auto fast = internal::VerifyToken(*token, kMaxBytes, OneIssuer(issuer), connection, now);
  const auto slow = fuzz::SlowVerify(*token, kMaxBytes, {issuer}, now);
  if (slow.failure.has_value()) {
    FUZZ_CHECK(!fast.ok() && FailureOf(fast.status()) == slow.failure);
  } else {
    FUZZ_CHECK(fast.ok() && fuzz::SaysTheSame(fast->identity, slow));
    FUZZ_CHECK(internal::CheckTime(fast->identity, issuer.rules, now).ok());
  }
  return 0;
}
