// SPDX-License-Identifier: Apache-2.0
// What the doctor says as a user who is not root. Only root can become one, and only outside of a
// sandbox that has no other users.
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "absl/time/clock.h"
#include "lanyard/tools/doctor_files.h"
#include "tests/tools/lanyard/doctor_fixture.h"

namespace lanyard::testing {
namespace {

using Result = tools::Finding::Result;

constexpr uid_t kNobody = 65534;

class DoctorUsersTest : public DoctorTest {
 protected:
  void SetUp() override {
    ASSERT_EQ(chmod(files_.folder().c_str(), 0755), 0);
    const std::string open_to_all = files_.Write("open", "");
    ASSERT_EQ(chmod(open_to_all.c_str(), 0644), 0);
    if (geteuid() != 0 || seteuid(kNobody) != 0) {
      GTEST_SKIP() << "SKIPPED: this process cannot become another user";
    }
    // Not by access(), which asks for the real user.
    const bool reaches_files = std::ifstream(open_to_all).good();
    ASSERT_EQ(seteuid(0), 0);
    if (!reaches_files) {
      GTEST_SKIP() << "SKIPPED: another user reaches no file here; a folder above is root's alone";
    }
  }
  void Become(uid_t user, gid_t group) {
    ASSERT_EQ(seteuid(0), 0);
    ASSERT_EQ(setegid(group), 0);
    ASSERT_EQ(seteuid(user), 0);
  }
  void TearDown() override {
    if (geteuid() != 0) Become(0, 0);
  }
};

TEST_F(DoctorUsersTest, FilesThatThisUserCannotReadAreFailures) {
  const std::string config = files_.Write("auth.textproto", Issuer() + Rule());
  ASSERT_EQ(chmod(config.c_str(), 0644), 0);
  ASSERT_NO_FATAL_FAILURE(Become(kNobody, kNobody));
  const Outcome outcome = RunTool({"doctor", config});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome, HasFinding(absl::StrCat("FAIL files: ", files_.Path("sso.jwks"),
                                               ": Permission denied (issuer sso: jwks_file)"),
                                  "let this user, number 65534, read it"));
}

// fsGroup makes the files of a Secret root's, and readable by the pod's own group.
TEST_F(DoctorUsersTest, AFileOfRootsForTheServersGroupIsNotOpen) {
  const std::string key = files_.Path("orders.key");
  ASSERT_EQ(chown(key.c_str(), 0, kNobody), 0);
  ASSERT_EQ(chmod(key.c_str(), 0440), 0);
  ASSERT_NO_FATAL_FAILURE(Become(kNobody, kNobody));
  tools::Findings findings;
  tools::CheckFile({"--tls-key", key, tools::ServerFile::Kind::kPrivateKey}, tools::Mounts(),
                   absl::Now(), &findings);
  ASSERT_EQ(findings.all().size(), 1u);
  EXPECT_EQ(findings.all()[0].result, Result::kOk) << findings.all()[0].text;
}

}  // namespace
}  // namespace lanyard::testing
