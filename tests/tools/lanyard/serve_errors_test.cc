// SPDX-License-Identifier: Apache-2.0

// What `lanyard serve` says where it cannot start.

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "lanyard/sdk/keys/key_rotation.h"
#include "lanyard/testing/command_runner.h"
#include "lanyard/testing/test_certificates.h"

namespace lanyard::tools {
namespace {

using ::lanyard::testing::Outcome;
using ::lanyard::testing::RunTool;
using ::lanyard::testing::TempFile;
using ::lanyard::testing::TempPath;
using ::lanyard::testing::TestCertificates;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// A port of loopback that somebody else has.
class TakenPort {
 public:
  TakenPort() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(listen(socket_, 1), 0);
    socklen_t size = sizeof(address);
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    address_ = absl::StrCat("127.0.0.1:", ntohs(address.sin_port));
  }
  ~TakenPort() { close(socket_); }
  TakenPort(const TakenPort&) = delete;
  TakenPort& operator=(const TakenPort&) = delete;

  const std::string& address() const { return address_; }

 private:
  const int socket_;
  std::string address_;
};

class ServeErrorsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    RotationOptions rotation;
    rotation.algorithm = Algorithm::kEs256;
    ASSERT_TRUE(RotateKeys(TempPath("keys"), rotation, absl::Now()).ok());
    secret_ = TempFile("session-secret", std::string(32, '\x81'));
    ASSERT_EQ(chmod(secret_.c_str(), 0600), 0);
    files_.Issue("other", {"DNS:other"});
  }

  // The error of a server whose config is good but for the words that are replaced.
  Outcome Serve(const std::vector<std::pair<std::string, std::string>>& replaced) {
    std::string config = absl::StrCat(
        "issuer: \"https://tokens.example.com\"\n"               // Line 1.
        "key_directory: \"keys\"\n"                              // 2
        "sqlite { file: \"issuer.db\" }\n"                       // 3
        "sign_in { session_secret_file: \"session-secret\" }\n"  // 4
        "serve { listen: \"127.0.0.1:0\"\n"                      // 5
        "certificate_chain: \"",
        files_.Server().certificate_chain, "\" private_key: \"", files_.Server().private_key,
        "\" }\n");
    for (const auto& [from, to] : replaced) {
      EXPECT_THAT(config, HasSubstr(from));
      config = absl::StrReplaceAll(config, {{from, to}});
    }
    return RunTool({"serve", TempFile("issuer.textproto", config)});
  }

  TestCertificates files_;
  std::string secret_;
};

TEST_F(ServeErrorsTest, EachNamesTheFileTheLineTheFieldAndWhatWouldBeRight) {
  const TakenPort taken;
  const std::string key = files_.Server().private_key;
  const std::vector<std::pair<std::vector<std::pair<std::string, std::string>>, std::string>>
      mistakes = {
          {{{"keys", "nokeys"}}, ":2: key_directory: "},
          {{{"keys", "nokeys"}}, "`lanyard key rotate "},
          {{{"session-secret", "none"}}, ":4: sign_in.session_secret_file: "},
          {{{"session-secret", "none"}}, "`(umask 077; head -c 32 /dev/urandom > "},
          {{{"issuer.db", "no/issuer.db"}}, ":3: sqlite: "},
          {{{key, "/nowhere.key"}}, ":5: serve.private_key: /nowhere.key: not there"},
          {{{files_.Server().certificate_chain, "/nowhere.crt"}},
           ":5: serve.certificate_chain: /nowhere.crt: not there"},
          {{{key, files_.Path("other.key")}},
           "the private key does not belong to the first certificate"},
          {{{"127.0.0.1:0", taken.address()}},
           absl::StrCat(":5: serve.listen: cannot listen on ", taken.address())},
          {{{"127.0.0.1:0", "nonsense"}}, ":5: serve.listen: "},
          {{{"certificate_chain",
             absl::StrCat("website_listen: \"", taken.address(), "\" certificate_chain")}},
           ":5: serve.website_listen: "},
          {{{"certificate_chain",
             absl::StrCat("health_listen: \"", taken.address(), "\" certificate_chain")}},
           ":5: serve.health_listen: the health port cannot listen on "},
          {{{"certificate_chain", "client_roots: \"/nowhere.pem\" certificate_chain"}},
           "/nowhere.pem"},
          {{{"sign_in {", "sign_in { parallel_derivations: 257"}}, ":4: sign_in.parallel"},
          {{{"listen:", "listne:"}}, ":5"},
      };
  for (const auto& [replaced, error] : mistakes) {
    const Outcome outcome = Serve(replaced);
    EXPECT_EQ(outcome.code, 1) << error << ": " << outcome;
    EXPECT_THAT(outcome.err, StartsWith("lanyard serve: "));
    EXPECT_THAT(outcome.err, HasSubstr("issuer.textproto"));
    EXPECT_THAT(outcome.err, HasSubstr(error));
    EXPECT_THAT(outcome.out, IsEmpty());
  }
}

TEST_F(ServeErrorsTest, ASecretThatOthersCanReadIsRefused) {
  ASSERT_EQ(chmod(secret_.c_str(), 0644), 0);
  const Outcome outcome = Serve({});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr(":4: sign_in.session_secret_file: "));
  EXPECT_THAT(outcome.err, HasSubstr("0600"));
}

TEST_F(ServeErrorsTest, ATlsKeyThatOthersCanReadIsRefused) {
  ASSERT_EQ(chmod(files_.Server().private_key.c_str(), 0640), 0);
  const Outcome outcome = Serve({});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr(":5: serve.private_key: "));
  EXPECT_THAT(outcome.err, HasSubstr("make its mode 0600"));
}

TEST_F(ServeErrorsTest, AConfigWithoutServeSaysWhatServeWouldBe) {
  const Outcome outcome =
      RunTool({"serve", TempFile("only.textproto",
                                 "issuer: \"https://tokens.example.com\" key_directory: \"keys\" "
                                 "memory {}")});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("only.textproto: serve: required, as in `serve { listen: "));
}

TEST_F(ServeErrorsTest, TheAuditGoesToAFile) {
  EXPECT_EQ(RunTool({"serve", "x", "--audit", "-"}).code, 2);
  const Outcome outcome = RunTool({"serve", "x", "--audit", "/nowhere/audit"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("--audit: "));
}

}  // namespace
}  // namespace lanyard::tools
