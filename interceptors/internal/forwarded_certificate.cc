// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/forwarded_certificate.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "lanyard/sdk/internal/crypto/certificate.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard::internal {
namespace {

constexpr size_t kMaxHeaderBytes = 16 * 1024;
constexpr size_t kMaxUriBytes = 2048;
constexpr size_t kMaxDnsBytes = 255;

// Of a header, in an error.
constexpr size_t kMaxShownBytes = 64;

template <typename... Parts>
absl::Status Error(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat("x-forwarded-client-cert: ", parts...));
}

std::string Shown(absl::string_view text) {
  return absl::StrCat("\"", Printable(text, kMaxShownBytes), "\"");
}

absl::Status StrayQuote() { return Error("there is a quote that is not around a whole value"); }

// Both point into the header.
struct Pair {
  absl::string_view key;
  std::optional<absl::string_view> value;  // With its quotes; nothing where there is no "=".
};

// Takes a pair off the text, up to the "," or ";" behind it.
absl::StatusOr<Pair> TakePair(absl::string_view* text) {
  const auto take = [text](size_t size) {
    const absl::string_view taken = text->substr(0, size);
    text->remove_prefix(taken.size());
    return taken;
  };
  Pair pair;
  pair.key = absl::StripAsciiWhitespace(take(text->find_first_of("=;,\"")));
  if (absl::StartsWith(*text, "\"")) return StrayQuote();
  if (!absl::ConsumePrefix(text, "=")) return pair;
  if (!absl::StartsWith(*text, "\"")) {
    pair.value = absl::StripAsciiWhitespace(take(text->find_first_of(";,\"")));
    if (absl::StartsWith(*text, "\"")) return StrayQuote();
    return pair;
  }
  size_t end = 1;
  while (end < text->size() && (*text)[end] != '"') end += (*text)[end] == '\\' ? 2 : 1;
  if (end >= text->size()) return Error("a quote is never closed");
  pair.value = take(end + 1);
  if (!text->empty() && text->front() != ',' && text->front() != ';') return StrayQuote();
  return pair;
}

// The pairs of the last element.
//
// What a client sends stands before it, so a client can leave a quote open there. The first quote
// that the proxy wrote would close it, and from there on what is quoted and what is not would be
// exchanged. But the proxy's quotes are even in number, so such a header ends inside of quotes and
// is refused. Quotes behind a backslash, which the proxy does not count, cannot make up for that:
// outside of quotes one is refused, as is every other that does not stand right behind a "=".
absl::StatusOr<std::vector<Pair>> LastElement(absl::string_view header) {
  std::vector<Pair> element;
  for (;;) {
    auto pair = TakePair(&header);
    if (!pair.ok()) return pair.status();
    element.push_back(*pair);
    if (header.empty()) return element;
    if (header.front() == ',') element.clear();
    header.remove_prefix(1);
  }
}

std::string Unquoted(absl::string_view value) {
  if (!absl::ConsumePrefix(&value, "\"")) return std::string(value);
  value.remove_suffix(1);
  std::string text;
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\\') ++i;
    text += value[i];
  }
  return text;
}

absl::StatusOr<std::string> Sha256FromHex(const std::string& hex) {
  if (hex.size() != 64 || !std::all_of(hex.begin(), hex.end(), absl::ascii_isxdigit)) {
    return Error("Hash is not SHA-256 in 64 hexadecimal digits: ", Shown(hex));
  }
  return absl::HexStringToBytes(hex);
}

// RFC 3986 section 2.1; a "+" is a "+".
absl::StatusOr<std::string> PercentDecoded(absl::string_view text) {
  std::string decoded;
  while (!text.empty()) {
    if (text.front() != '%') {
      decoded += text.front();
      text.remove_prefix(1);
      continue;
    }
    const absl::string_view digits = text.substr(1, 2);
    if (digits.size() != 2 || !std::all_of(digits.begin(), digits.end(), absl::ascii_isxdigit)) {
      return Error("Cert has a \"%\" that two hexadecimal digits do not follow");
    }
    decoded += absl::HexStringToBytes(digits);
    text.remove_prefix(3);
  }
  return decoded;
}

absl::StatusOr<std::string> Sha256OfEscapedPem(absl::string_view text) {
  const auto pem = PercentDecoded(text);
  if (!pem.ok()) return pem.status();
  auto sha256 = CertificateSha256(*pem);
  if (!sha256.ok()) return Error("Cert is not a certificate in PEM, with %-escapes");
  return sha256;
}

absl::Status CheckName(absl::string_view key, absl::string_view name, size_t max_bytes) {
  if (name.size() > max_bytes) {
    return Error("a name under ", key, " is longer than ", max_bytes, " bytes: ", Shown(name));
  }
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c)) && c != '"' && c != '\\';
  });
  if (!plain) return Error("a name under ", key, " has characters that none has: ", Shown(name));
  return absl::OkStatus();
}

// What an element says, before it is known to be one story.
struct Element {
  std::optional<std::string> hash, certificate;
  PeerNames names;
};

absl::Status Read(const Pair& pair, Element* element) {
  if (!pair.value.has_value()) {
    return Error("in the last element there is no \"=\" in ", Shown(pair.key));
  }
  const auto once = [&](std::optional<std::string>* value) {
    if (value->has_value()) return Error("the last element has two of ", Shown(pair.key));
    *value = Unquoted(*pair.value);
    return absl::OkStatus();
  };
  const auto name = [&](absl::string_view key, size_t max_bytes, std::vector<std::string>* names) {
    const std::string value = Unquoted(*pair.value);
    if (value.empty()) return absl::OkStatus();
    names->push_back(value);
    return CheckName(key, value, max_bytes);
  };
  if (absl::EqualsIgnoreCase(pair.key, "Hash")) return once(&element->hash);
  if (absl::EqualsIgnoreCase(pair.key, "Cert")) return once(&element->certificate);
  if (absl::EqualsIgnoreCase(pair.key, "URI")) {
    return name("URI", kMaxUriBytes, &element->names.uris);
  }
  if (absl::EqualsIgnoreCase(pair.key, "DNS")) {
    return name("DNS", kMaxDnsBytes, &element->names.dns);
  }
  return absl::OkStatus();
}

// 32 bytes, or none.
absl::StatusOr<std::string> Sha256Of(const Element& element) {
  const std::string hash = element.hash.value_or("");
  const std::string certificate = element.certificate.value_or("");
  absl::StatusOr<std::string> said = std::string(), made = std::string();
  if (!hash.empty()) said = Sha256FromHex(hash);
  if (!said.ok() || certificate.empty()) return said;
  made = Sha256OfEscapedPem(certificate);
  if (made.ok() && !said->empty() && *said != *made) {
    return Error("Hash is not that of Cert");
  }
  return made;
}

}  // namespace

absl::StatusOr<ForwardedCertificate> ParseForwardedCertificate(absl::string_view header) {
  if (header.size() > kMaxHeaderBytes) return Error("longer than ", kMaxHeaderBytes, " bytes");
  if (std::any_of(header.begin(), header.end(), absl::ascii_iscntrl)) {
    return Error("there is a control character");
  }
  const auto pairs = LastElement(header);
  if (!pairs.ok()) return pairs.status();
  if (pairs->size() == 1 && pairs->front().key.empty() && !pairs->front().value.has_value()) {
    return Error("the last element is empty");
  }
  Element element;
  for (const Pair& pair : *pairs) {
    if (absl::Status read = Read(pair, &element); !read.ok()) return read;
  }
  auto sha256 = Sha256Of(element);
  if (!sha256.ok()) return sha256.status();
  return ForwardedCertificate{*std::move(sha256), std::move(element.names)};
}

}  // namespace lanyard::internal
