// SPDX-License-Identifier: Apache-2.0
//
// x-forwarded-client-cert: whatever a client puts before the element of its proxy, that element is
// what is read, or the header is refused. A reader that starts at the end, where no client can
// write, finds the same last element.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "lanyard/fuzz/check.h"
#include "lanyard/fuzz/input.h"
#include "lanyard/interceptors/internal/forwarded_certificate.h"

namespace {

using lanyard::internal::ForwardedCertificate;
using lanyard::internal::ParseForwardedCertificate;

bool Same(const ForwardedCertificate& a, const ForwardedCertificate& b) {
  return a.certificate_sha256 == b.certificate_sha256 && a.names.uris == b.names.uris &&
         a.names.dns == b.names.dns;
}

bool IsEscaped(absl::string_view text, size_t at) {
  size_t backslashes = 0;
  while (backslashes < at && text[at - backslashes - 1] == '\\') ++backslashes;
  return backslashes % 2 == 1;
}

// What follows the last comma outside of quotes, read from the end.
absl::string_view LastElement(absl::string_view header) {
  for (size_t at = header.size(); at-- > 0;) {
    if (header[at] == ',') return header.substr(at + 1);
    if (header[at] != '"') continue;
    do {
      FUZZ_CHECK(at > 0);
      --at;
    } while (header[at] != '"' || IsEscaped(header, at));
  }
  return header;
}

void Check(absl::string_view header) {
  const auto read = ParseForwardedCertificate(header);
  if (!read.ok()) {
    FUZZ_CHECK(read.status().code() == absl::StatusCode::kInvalidArgument);
    const absl::string_view text = read.status().message();
    FUZZ_CHECK(text.size() < 200 && std::none_of(text.begin(), text.end(), absl::ascii_iscntrl));
    return;
  }
  FUZZ_CHECK(read->certificate_sha256.empty() || read->certificate_sha256.size() == 32);
  for (const auto* names : {&read->names.uris, &read->names.dns}) {
    for (const std::string& name : *names) {
      FUZZ_CHECK(!name.empty() && name.size() <= 2048);
      FUZZ_CHECK(std::all_of(name.begin(), name.end(), absl::ascii_isgraph));
    }
  }
  const auto alone = ParseForwardedCertificate(LastElement(header));
  FUZZ_CHECK(alone.ok() && Same(*alone, *read));
}

// Any text as a value in quotes.
std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}}), "\"");
}

struct Known {
  std::string element;
  ForwardedCertificate certificate;
};

// An element as a proxy writes it, with a subject that the client has chosen.
Known KnownElement(lanyard::fuzz::Input& input) {
  Known known;
  std::vector<std::string> pairs;
  if (input.Flag()) pairs.push_back("By=spiffe://d/proxy");
  if (!input.Rarely(3)) {
    const std::string sha256(32, static_cast<char>(input.size()));
    pairs.push_back(absl::StrCat("Hash=", absl::BytesToHexString(sha256)));
    known.certificate.certificate_sha256 = sha256;
  }
  const bool has_subject = input.Flag(), has_dns = input.Flag();
  std::string subject(input.Line());
  // The proxy's TLS does not hand on what no header may have.
  subject.erase(std::remove_if(subject.begin(), subject.end(), absl::ascii_iscntrl), subject.end());
  if (has_subject) pairs.push_back("Subject=" + Quoted(subject));
  pairs.push_back("URI=spiffe://d/client");
  known.certificate.names.uris = {"spiffe://d/client"};
  if (has_dns) {
    pairs.push_back("DNS=\"client.test\"");
    known.certificate.names.dns = {"client.test"};
  }
  known.element = absl::StrJoin(pairs, ";");
  return known;
}

// Elements of anything, each with its quotes in order.
std::string BalancedElements(lanyard::fuzz::Input input) {
  std::string elements;
  while (!input.empty()) {
    std::string text(input.Take(input.Pick(32) + 1));
    text.erase(std::remove_if(text.begin(), text.end(), absl::ascii_iscntrl), text.end());
    if (input.Flag()) {
      absl::StrAppend(&elements, "URI=", Quoted(text), input.Flag() ? ";" : ",");
    } else {
      absl::StrAppend(&elements, absl::StrReplaceAll(text, {{"\"", ""}}), ",");
    }
  }
  return elements;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text = lanyard::fuzz::TextOf(data, size);
  Check(text);

  lanyard::fuzz::Input input(text);
  const Known known = KnownElement(input);
  const std::string balanced = BalancedElements(input) + "X=1,";
  if (balanced.size() + known.element.size() <= 16 * 1024) {
    const auto read = ParseForwardedCertificate(balanced + known.element);
    FUZZ_CHECK(read.ok() && Same(*read, known.certificate));
  }
  const std::string client(input.Take(input.size()));
  Check(client);
  for (const char* separator : {",", ", "}) {
    const auto read = ParseForwardedCertificate(absl::StrCat(client, separator, known.element));
    FUZZ_CHECK(!read.ok() || Same(*read, known.certificate));
  }
  return 0;
}
