// SPDX-License-Identifier: Apache-2.0
// The page of `lanyard policy list --html` in a browser.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tests/interop/program.h"
#include "tests/tools/lanyard/policy_files.h"

namespace lanyard::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class PolicyPageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!Succeeds("command -v chromium")) {
      GTEST_SKIP() << "SKIPPED: there is no chromium; tests/interop/install installs it";
    }
    const Outcome outcome =
        RunPolicy("list",
                  IssuerText("sso") + RuleText("/shop.Orders/Purge",
                                               "allow { subjects: \"<script>document.title='run'"
                                               "</script>\" }"),
                  {"--descriptors", DescriptorFile({OrdersService()}), "--html", page_});
    ASSERT_EQ(outcome.code, 0) << outcome;
  }

  // Without a network, and with a profile of its own. No sandbox: it does not start inside another.
  static std::string Browse(const std::string& options, const std::string& file) {
    return Printed(absl::StrCat(
        "timeout 120 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage "
        "--hide-scrollbars --no-first-run --disable-background-networking "
        "--host-resolver-rules='MAP * ~NOTFOUND' --enable-logging=stderr --user-data-dir='",
        TempPath("profile"), "' ", options, " 'file://", file, "'"));
  }

  std::string Screenshot(const std::string& name, const std::string& options,
                         const std::string& file) {
    const std::string picture = TempPath(name);
    Browse(absl::StrCat(options, " --screenshot='", picture, "'"), file);
    const std::string png = ReadTextFile(picture);
    EXPECT_THAT(png.substr(0, 8), StartsWith("\x89PNG"));
    return png;
  }

  const std::string page_ = TempPath("policy.html");
};

TEST_F(PolicyPageTest, RendersWithoutAComplaint) {
  const std::string dom = Browse("--dump-dom", page_);
  for (const char* method : {"Get", "List", "Purge"}) {
    EXPECT_THAT(dom, HasSubstr(absl::StrCat("<span class=\"name\">", method, "</span>")));
  }
  EXPECT_THAT(dom, AllOf(HasSubstr("<title>Who may call what</title>"), Not(HasSubstr("CONSOLE")),
                         HasSubstr("&lt;script&gt;document.title"), Not(HasSubstr("<script"))));
}

TEST_F(PolicyPageTest, IsNotBlankInLightInDarkOrOnAPhone) {
  const std::string empty = TempFile("empty.html", "<!DOCTYPE html><title>empty</title>");
  const std::string wide = "--window-size=1200,900";
  const std::string blank = Screenshot("blank.png", wide, empty);
  const std::string light = Screenshot("light.png", wide, page_);
  const std::string dark =
      Screenshot("dark.png", wide + " --blink-settings=preferredColorScheme=0", page_);
  const std::string phone = Screenshot("phone.png", "--window-size=500,900", page_);
  // Text does not compress as one colour does.
  for (const std::string* shown : {&light, &dark, &phone}) {
    EXPECT_GT(shown->size(), 4 * blank.size());
  }
  EXPECT_NE(light, dark);
}

}  // namespace
}  // namespace lanyard::testing
