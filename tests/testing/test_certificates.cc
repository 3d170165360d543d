// SPDX-License-Identifier: Apache-2.0
#include "lanyard/testing/test_certificates.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "lanyard/sdk/internal/crypto/certificate.h"

namespace lanyard::testing {
namespace {

[[noreturn]] void Die(const std::string& text) {
  std::fprintf(stderr, "lanyard::testing: %s\n", text.c_str());
  std::abort();
}

template <typename T>
T OrDie(absl::StatusOr<T> value) {
  if (!value.ok()) Die(value.status().ToString());
  return *std::move(value);
}

std::string NewFolder() {
  // Not Bazel's TEST_TMPDIR: its paths are too long for Unix sockets.
  const char* parent = std::getenv("TMPDIR");
  std::string path = absl::StrCat(parent == nullptr ? "/tmp" : parent, "/lanyard.XXXXXX");
  if (mkdtemp(&path[0]) == nullptr) Die(absl::StrCat("no folder can be made: ", path));
  return path;
}

}  // namespace

struct TestCertificates::Ca {
  internal::ThrowAwayCa ca;
};

TestCertificates::TestCertificates()
    : ca_(new Ca{OrDie(internal::ThrowAwayCa::Create("Lanyard test CA"))}), folder_(NewFolder()) {
  Write("ca.pem", ca_->ca.certificate_pem());
  Issue("server", {"DNS:localhost", "IP:127.0.0.1", "IP:::1"});
}

TestCertificates::~TestCertificates() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
  delete ca_;
}

TlsFiles TestCertificates::Server(bool mutual) const {
  TlsFiles files;
  files.certificate_chain = Path("server.crt");
  files.private_key = Path("server.key");
  if (mutual) files.root_certificates = Path("ca.pem");
  return files;
}

TlsFiles TestCertificates::Client(absl::string_view name) const {
  TlsFiles files;
  files.root_certificates = Path("ca.pem");
  if (!name.empty()) {
    files.certificate_chain = Path(absl::StrCat(name, ".crt"));
    files.private_key = Path(absl::StrCat(name, ".key"));
  }
  return files;
}

void TestCertificates::Issue(absl::string_view name,
                             const std::vector<std::string>& alternative_names,
                             absl::Duration life) {
  const auto pair = OrDie(ca_->ca.Issue(alternative_names, absl::Now() + life));
  Write(absl::StrCat(name, ".crt"), pair.certificate_pem);
  Write(absl::StrCat(name, ".key"), pair.key_pem.view());
}

std::string TestCertificates::Sha256Of(absl::string_view name) const {
  return OrDie(internal::CertificateSha256(Read(absl::StrCat(name, ".crt"))));
}

std::string TestCertificates::Path(absl::string_view file) const {
  return absl::StrCat(folder_, "/", file);
}

std::string TestCertificates::Write(absl::string_view file, absl::string_view content) const {
  const std::string path = Path(file);
  const std::string fresh = absl::StrCat(path, ".new");
  std::ofstream(fresh, std::ios::binary) << content;
  if (chmod(fresh.c_str(), 0600) != 0 || rename(fresh.c_str(), path.c_str()) != 0) {
    Die(absl::StrCat(path, " cannot be written"));
  }
  return path;
}

std::string TestCertificates::Read(absl::string_view file) const {
  std::ifstream stream(Path(file), std::ios::binary);
  std::stringstream content;
  content << stream.rdbuf();
  return content.str();
}

}  // namespace lanyard::testing
