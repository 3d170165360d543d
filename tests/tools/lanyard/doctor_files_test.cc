// SPDX-License-Identifier: Apache-2.0
// Files that are missing, open to others, out of date or mounted so that they never change.
#include "lanyard/tools/doctor_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "absl/time/clock.h"
#include "lanyard/sdk/keys/key.h"
#include "lanyard/tools/doctor_environment.h"
#include "tests/tools/lanyard/doctor_fixture.h"

namespace lanyard::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using tools::Findings;
using tools::Mounts;
using tools::ServerFile;
using Result = tools::Finding::Result;

constexpr char kFetch[] =
    "jwks_url: \"https://sso.example.test/jwks\" fetch { ca_file: \"ca.pem\" "
    "bearer_token_file: \"token\" bearer_hosts: \"https://sso.example.test\" }";

TEST_F(DoctorTest, FilesThatAreMissingAreFailures) {
  const Outcome outcome = Doctor(Issuer(kFetch) + Rule(), {"--offline"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome, HasFinding(absl::StrCat("FAIL files: ", files_.Path("token"),
                                               ": No such file or directory (issuer sso: "
                                               "fetch.bearer_token_file)"),
                                  "put it there, or correct the path"));
  EXPECT_THAT(outcome.out, HasSubstr(absl::StrCat("ok   files: ", files_.Path("ca.pem"),
                                                  " (issuer sso: fetch.ca_file)\n")));
}

TEST_F(DoctorTest, FoldersAndFifosInAFilesPlaceAreFailures) {
  ASSERT_EQ(mkfifo(files_.Path("token").c_str(), 0600), 0);
  EXPECT_THAT(Doctor(Issuer(kFetch) + Rule(), {"--offline"}).out,
              HasSubstr(": not a regular file (issuer sso: fetch.bearer_token_file)\n"));
}

TEST_F(DoctorTest, TheFilesOfAFolderOfKeysCountEach) {
  std::filesystem::create_directory(files_.Path("keys"));
  files_.Write("keys/a.jwks", issuer_.PublicJwks());
  files_.Write("keys/README", "not a key");
  EXPECT_THAT(Doctor(Issuer("jwks_file: \"keys\"") + Rule()),
              AllOf(FindsNothing(),
                    ::testing::Field(&Outcome::out, AllOf(HasSubstr("keys/a.jwks (issuer sso"),
                                                          Not(HasSubstr("README"))))));
}

TEST_F(DoctorTest, FileOfRevocationsMustBeOne) {
  const std::string config = Issuer("jwks_file: \"sso.jwks\" revocations { file: \"revoked\" }");
  EXPECT_THAT(Doctor(config + Rule()).out, HasSubstr("(issuer sso: revocations.file)\n"));
  files_.Write("revoked", "");
  EXPECT_THAT(Doctor(config + Rule()), FindsNothing());
  files_.Write("revoked", "revocations { issuer: \"https://sso.example.test\" token_id: \"a\" }");
  EXPECT_THAT(Doctor(config + Rule()),
              HasFinding(absl::StrCat("FAIL files: ", files_.Path("revoked"),
                                      ":1: expires_at: required: from when on no token that it "
                                      "concerns can be valid (issuer sso: revocations.file)"),
                         "correct the file; "));
}

TEST_F(DoctorTest, FilesThatAnyoneCanChangeAreFailures) {
  ASSERT_EQ(chmod(files_.Path("sso.jwks").c_str(), 0666), 0);
  EXPECT_THAT(Doctor(Issuer() + Rule()),
              HasFinding(absl::StrCat("FAIL files: ", files_.Path("sso.jwks"),
                                      " (issuer sso: jwks_file): every user of this machine can "
                                      "change it"),
                         absl::StrCat("chmod o-w ", files_.Path("sso.jwks"))));
}

TEST_F(DoctorTest, SecretsThatOthersCanReadAreWarnings) {
  const std::string remedy = "; in Kubernetes defaultMode: 0400 for the volume of the Secret";
  ASSERT_EQ(chmod(files_.Path("orders.key").c_str(), 0640), 0);
  EXPECT_THAT(DoctorOfTls("orders"),
              HasFinding(absl::StrCat("WARN files: ", files_.Path("orders.key"),
                                      " (--tls-key): other users can read it, and it is secret"),
                         absl::StrCat("chmod 600 ", files_.Path("orders.key"), remedy)));

  const TestIssuer hmac(Algorithm::kHs256);
  const auto secret = hmac.key().ExportPrivateJwk();
  ASSERT_TRUE(secret.ok());
  files_.Write("hmac.jwk", *secret);
  const std::string config =
      "issuers { name: \"sso\" issuer: \"https://sso.example.test\" audiences: \"orders\" "
      "algorithms: HS256 every_verifier_can_mint: true jwks_file: \"hmac.jwk\" }";
  EXPECT_THAT(Doctor(config + Rule()), FindsNothing());
  const size_t k = secret->find("\"k\":\"");
  ASSERT_NE(k, secret->npos);
  const std::string nameless =
      absl::StrCat("{\"kty\":\"oct\",", secret->substr(k, secret->find('"', k + 5) + 1 - k), "}");
  const auto unnamed = Key::FromJwk(nameless);
  ASSERT_TRUE(unnamed.ok()) << unnamed.status();
  files_.Write("hmac.jwk", nameless);
  EXPECT_THAT(Doctor(config + Rule()).out, AllOf(HasSubstr("issuer sso: 1 key: no kid (HS256)\n"),
                                                 Not(HasSubstr(unnamed->Thumbprint()))));
  ASSERT_EQ(chmod(files_.Path("hmac.jwk").c_str(), 0604), 0);
  EXPECT_THAT(Doctor(config + Rule()).out, HasSubstr("hmac.jwk (issuer sso: jwks_file): other "));

  ASSERT_EQ(chmod(files_.Path("sso.jwks").c_str(), 0644), 0);
  EXPECT_THAT(Doctor(Issuer() + Rule()), FindsNothing()) << "public keys are for everybody";
}

TEST_F(DoctorTest, AnIssuersPrivateKeyIsTooMuch) {
  const auto key = issuer_.key().ExportPrivateJwk();
  ASSERT_TRUE(key.ok());
  files_.Write("sso.jwks", *key);
  EXPECT_THAT(Doctor(Issuer() + Rule()),
              HasFinding("(issuer sso: jwks_file): a private key, and so this server could make "
                         "tokens",
                         "lanyard key public "));
}

TEST_F(DoctorTest, CertificatesThatExpireAreTold) {
  files_.Issue("over", {"DNS:a.example.test"}, absl::Hours(-1));
  files_.Issue("soon", {"DNS:a.example.test"}, absl::Hours(13 * 24));
  files_.Issue("later", {"DNS:a.example.test"}, absl::Hours(15 * 24));
  const std::string remedy = "renew it; the server reads the file again by itself";
  EXPECT_EQ(DoctorOfTls("over").code, 1);
  EXPECT_THAT(DoctorOfTls("over").out,
              ::testing::ContainsRegex("FAIL files: .*over.crt .--tls-certificate.: certificate 1 "
                                       "expired at 20[0-9T:-]*Z\n     renew it"));
  EXPECT_EQ(DoctorOfTls("soon").code, 0);
  EXPECT_THAT(DoctorOfTls("soon").out,
              ::testing::ContainsRegex("WARN files: .*certificate 1 expires soon, at 20[0-9T:-]*Z\n"
                                       "     renew it"));
  EXPECT_THAT(DoctorOfTls("later"), FindsNothing());
  files_.Write("ca.pem", files_.Read("ca.pem") + files_.Read("over.crt"));
  files_.Write("token", "opaque");
  EXPECT_THAT(Doctor(Issuer(kFetch) + Rule(), {"--offline"}).out,
              HasSubstr("(issuer sso: fetch.ca_file): certificate 2 expired at "));
}

TEST_F(DoctorTest, AKeyInAnOldCertificateIsStillBelieved) {
  files_.Issue("over", {"DNS:a.example.test"}, absl::Hours(-1));
  EXPECT_THAT(Doctor(Issuer("jwks_file: \"over.crt\"") + Rule()),
              HasFinding("over.crt (issuer sso: jwks_file): a certificate in it has expired, and "
                         "its key is still believed",
                         "take it out of the file"));
}

TEST_F(DoctorTest, TokensThatHaveExpiredAreFailuresAndNeverShown) {
  const std::string token = issuer_.Token().ExpiresIn(absl::Seconds(-1)).Sign();
  files_.Write("token", token + "\n");
  const Outcome outcome = Doctor(Issuer(kFetch) + Rule(), {"--offline"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, ::testing::ContainsRegex(
                               "FAIL files: .*/token .issuer sso: fetch.bearer_token_file.: the "
                               "token expired at 20[0-9T:-]*Z\n     renew it"));
  EXPECT_THAT(outcome.out, Not(HasSubstr(token.substr(0, 20))));
  files_.Write("token", issuer_.Token().Sign());
  EXPECT_THAT(Doctor(Issuer(kFetch) + Rule(), {"--offline"}), FindsNothing());
  files_.Write("token", "secret words");
  EXPECT_THAT(Doctor(Issuer() + Rule(), {"--token-file", files_.Path("token")}),
              HasFinding("/token (--token-file): holds no bearer token", "let the program"));
}

// As Kubernetes mounts a volume, and one file of it.
class VolumeTest : public DoctorTest {
 protected:
  VolumeTest() {
    std::filesystem::create_directories(files_.Path("etc/..2027_01_31"));
    files_.Write("etc/..2027_01_31/sso.jwks", issuer_.PublicJwks());
    std::filesystem::create_directory_symlink("..2027_01_31", files_.Path("etc/..data"));
    std::filesystem::create_symlink("..data/sso.jwks", files_.Path("etc/sso.jwks"));
  }
  tools::Finding Look(const std::string& path, const std::string& mountinfo) const {
    Findings findings;
    tools::CheckFile({"issuer sso: jwks_file", files_.Path(path), ServerFile::Kind::kKeys},
                     Mounts(mountinfo), absl::Now(), &findings);
    EXPECT_EQ(findings.all().size(), 1u);
    return findings.all().at(0);
  }
  // A line of mountinfo.
  std::string Mounted(const std::string& root, const std::string& path) const {
    return absl::StrCat("36 35 98:0 ", root, " ", files_.Path(path),
                        " ro,relatime shared:1 - tmpfs tmpfs rw\n");
  }
  static constexpr char kRoot[] = "22 1 8:1 / / rw - ext4 /dev/sda rw\n";
};

TEST_F(VolumeTest, AVolumeThatIsMountedAsADirectoryIsFollowed) {
  const tools::Finding finding = Look("etc/sso.jwks", kRoot + Mounted("/", "etc"));
  EXPECT_EQ(finding.result, Result::kOk);
  EXPECT_THAT(finding.text, HasSubstr("(issuer sso: jwks_file), follows its ConfigMap or Secret"));
}

TEST_F(VolumeTest, AFileThatIsAMountOfItsOwnNeverChanges) {
  for (const std::string& root : {std::string("/..2027_01_31/sso.jwks"),
                                  std::string("/var/lib/kubelet/volume-subpaths/keys/0")}) {
    const tools::Finding finding = Look("sso.jwks", kRoot + Mounted(root, "sso.jwks"));
    EXPECT_EQ(finding.result, Result::kWarn);
    EXPECT_THAT(finding.text,
                HasSubstr("a mount of its own, as by subPath: it never changes when its ConfigMap "
                          "or Secret does"));
    EXPECT_THAT(finding.remedy, HasSubstr("mount the volume as a directory, without subPath"));
  }
}

TEST_F(VolumeTest, ADirectoryOfOneVersionOfAVolumeNeverChanges) {
  std::filesystem::create_directory(files_.Path("sub"));
  files_.Write("sub/sso.jwks", issuer_.PublicJwks());
  EXPECT_EQ(Look("sub/sso.jwks", kRoot + Mounted("/..2027_01_31/sub", "sub")).result,
            Result::kWarn);
  EXPECT_EQ(Look("sub/sso.jwks", kRoot + Mounted("/sub", "sub")).result, Result::kOk);
}

TEST_F(VolumeTest, OtherMountsAndStrangeLinesSayNothing) {
  EXPECT_EQ(
      Look("sso.jwks", kRoot + Mounted("/..x", "sso.jwks2") + Mounted("/..x", "other")).result,
      Result::kOk);
  EXPECT_EQ(Look("sso.jwks", "").result, Result::kOk);
  EXPECT_EQ(Look("sso.jwks", "\n1 2 3\n\\040 / / / /\n").result, Result::kOk);
}

TEST_F(VolumeTest, PathsInMountinfoAreEscaped) {
  std::filesystem::create_directory(files_.Path("a b"));
  files_.Write("a b/sso.jwks", issuer_.PublicJwks());
  EXPECT_EQ(Look("a b/sso.jwks", Mounted("/k", "a\\040b/sso.jwks")).result, Result::kWarn);
}

TEST(CheckEnvironmentTest, WithoutProcNoTlsFileCanBeLoaded) {
  Findings findings;
  tools::CheckEnvironment(v1::ServerConfig(), absl::Now(), TempPath("no-proc"), &findings);
  ASSERT_TRUE(findings.HasFailed());
  EXPECT_THAT(findings.all()[0].text, HasSubstr("/self/fd cannot be read"));
}

}  // namespace
}  // namespace lanyard::testing
