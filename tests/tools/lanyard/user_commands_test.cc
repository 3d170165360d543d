// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/issuer/accounts.h"
#include "lanyard/sdk/internal/json.h"
#include "tests/tools/lanyard/issuer_files.h"

namespace lanyard::tools {
namespace {

using ::lanyard::testing::CheapHash;
using ::lanyard::testing::IssuerConfigFile;
using ::lanyard::testing::kIssuer;
using ::lanyard::testing::kPassword;
using ::lanyard::testing::OpenStore;
using ::lanyard::testing::Outcome;
using ::lanyard::testing::RevocationsIn;
using ::lanyard::testing::RunTool;
using ::lanyard::testing::RunWith;
using ::lanyard::testing::TempFile;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

v1::User UserIn(const std::string& config, const std::string& name) {
  auto user = Accounts(kIssuer, OpenStore(config)).FindUser(name);
  EXPECT_TRUE(user.ok()) << user.status();
  return user.ok() ? *user : v1::User();
}

TEST(UserAddTest, AddsAUserWhosePasswordIsRight) {
  const std::string config = IssuerConfigFile();
  const Outcome outcome = RunWith(
      config,
      {"user", "add", "ada", "--password-stdin", "--grant", "orders=orders.read,orders.write",
       "--grant", "https://a.example?b=c=d", "--claim", "roles=[\"operator\"]"},
      absl::StrCat(kPassword, "\n"));
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_EQ(outcome.out, "user ada is there\n");
  const v1::User user = UserIn(config, "ada");
  ASSERT_THAT(user.grants(), SizeIs(2));
  EXPECT_EQ(user.grants(0).audience(), "orders");
  EXPECT_THAT(user.grants(0).scopes(), ::testing::ElementsAre("orders.read", "orders.write"));
  EXPECT_EQ(user.grants(1).audience(), "https://a.example?b=c");
  EXPECT_EQ(user.claims().at("roles").list_value().values(0).string_value(), "operator");
  const auto hashes = internal::PasswordHashes::Create({});
  const auto verdict = (*hashes)->Check(user.password_hash(), *internal::PasswordText(kPassword));
  ASSERT_TRUE(verdict.ok()) << verdict.status();
  EXPECT_TRUE(verdict->matches);
  EXPECT_FALSE(verdict->needs_rehash);
}

TEST(UserAddTest, LeavesNobodyBehindWhosePasswordIsRefused) {
  const std::string config = IssuerConfigFile();
  const std::string password = std::string(600, 'p');
  for (const auto& [input, why] : std::vector<std::pair<std::string, std::string>>{
           {"", "standard input is empty"},
           {"\n", "standard input is empty"},
           {"s3cret\n", "15 to 128 bytes"},
           {"s3cret\nand another line of it", "more than one line"},
           {std::string("s3cret and then a NUL\0 in it", 28), "NUL character"},
           {"s3cret, which is Latin-1: \xe9\n", "UTF-8"},
           {password, "at most 128 bytes"}}) {
    const Outcome outcome = RunWith(config, {"user", "add", "ada", "--password-stdin"}, input);
    EXPECT_EQ(outcome.code, 1) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr(why));
    EXPECT_THAT(outcome.err, AllOf(Not(HasSubstr("s3cret")), Not(HasSubstr("ppp"))));
  }
  EXPECT_THAT(RunWith(config, {"user", "list"}).out, IsEmpty());
}

TEST(UserAddTest, AsksForNoPasswordInVain) {
  const std::string config = IssuerConfigFile();
  ASSERT_EQ(RunWith(config, {"user", "add", "ada", "--no-password"}).code, 0);
  // Standard input is empty, which would be the error.
  EXPECT_THAT(RunWith(config, {"user", "add", "ada", "--password-stdin"}).err,
              HasSubstr("there is a \"ada\" already; `lanyard user list`"));
  EXPECT_THAT(
      RunWith(config, {"user", "add", "bob", "--password-stdin", "--claim", "sub=\"root\""}).err,
      HasSubstr("--claim: \"sub\" means something to JWT or OAuth"));
}

TEST(UserAddTest, TakesAPasswordFromNoArgument) {
  const std::string config = IssuerConfigFile();
  for (const std::vector<std::string>& more : {std::vector<std::string>{"--password", "s3cret"},
                                               {"--password=s3cret"},
                                               {"--password-stdin=s3cret"},
                                               {"s3cret"}}) {
    std::vector<std::string> args = {"user", "add", "ada"};
    args.insert(args.end(), more.begin(), more.end());
    const Outcome outcome = RunWith(config, args, kPassword);
    EXPECT_EQ(outcome.code, 2) << outcome;
    EXPECT_THAT(outcome.err, Not(HasSubstr("s3cret")));
  }
}

TEST(UserAddTest, AListOfRefusedPasswordsMakesShorterOnesGood) {
  TempFile("blocked", "password\n");
  const std::string config = TempFile(
      "blocking.textproto", absl::StrCat("issuer: \"", kIssuer,
                                         "\" key_directory: \"keys\" sqlite { file: \"a.db\" } "
                                         "sign_in { session_secret_file: \"s\" "
                                         "password_blocklist_file: \"blocked\" }"));
  EXPECT_EQ(RunWith(config, {"user", "add", "ada", "--password-stdin"}, "PassWord").code, 1);
  EXPECT_EQ(RunWith(config, {"user", "add", "ada", "--password-stdin"}, "eightbyt").code, 0);
}

struct Mistake {
  std::vector<std::string> args;
  int code;
  const char* error;
};

TEST(UserCommandsTest, MistakesNameTheOptionAndWhatWouldBeRight) {
  const std::string config = IssuerConfigFile();
  ASSERT_EQ(RunWith(config, {"user", "add", "ada", "--no-password", "--grant", "orders=a"}).code,
            0);
  const std::vector<Mistake> mistakes = {
      {{"add", "Ada", "--no-password"}, 1, "NAME: \"Ada\" is none: a-z 0-9"},
      {{"add", "svc:x", "--no-password"}, 1, "NAME: "},
      {{"add", "bob", "--no-password", "--password-stdin"}, 2, "--no-password and"},
      {{"add", "bob", "--grant", "orders"}, 2, "is not AUDIENCE=SCOPE,SCOPE"},
      {{"add", "bob", "--grant", "=a"}, 2, "is not AUDIENCE=SCOPE,SCOPE"},
      {{"add", "bob", "--grant", "o=a", "--grant", "o=b"}, 2, "\"o\" stands there twice"},
      {{"add", "bob", "--no-password", "--grant", "o=a b"}, 1, "--grant: \"a b\" is no scope"},
      {{"add", "bob", "--claim", "team"}, 2, "is not NAME=JSON"},
      {{"add", "bob", "--claim", "team=sales"}, 2, "a text stands in quotes of its own"},
      {{"add", "bob", "--claim", "a=1,\"b\":2"}, 2, "more than one value"},
      {{"add", "bob", "--claim", "a=1}, {\"claim\":1"}, 2, "is no JSON value"},
      {{"add", "bob", "--claim", "a=1", "--claim", "a=2"}, 2, "\"a\" stands there twice"},
      {{"set", "ada"}, 2, "nothing to change: --grant"},
      {{"set", "bob", "--grant", "a=b"}, 1, "there is no \"bob\"; `lanyard user list`"},
      {{"set", "ada", "--remove-grant", "x"}, 1, "--remove-grant: there is nothing for"},
      {{"set", "ada", "--remove-claim", "x"}, 1, "--remove-claim: there is no claim \"x\""},
      {{"set", "ada", "--claim", "scope=1"}, 1, "--claim: \"scope\" means something"},
      {{"show", "bob"}, 1, "there is no \"bob\""},
      {{"show"}, 2, "missing NAME"},
      {{"disable", "bob"}, 1, "there is no \"bob\""},
      {{"enable", "bob"}, 1, "there is no \"bob\""},
      {{"passwd", "bob", "--password-stdin"}, 1, "there is no \"bob\""},
  };
  for (const Mistake& mistake : mistakes) {
    std::vector<std::string> args = mistake.args;
    args.insert(args.begin(), "user");
    const Outcome outcome = RunWith(config, args, kPassword);
    EXPECT_EQ(outcome.code, mistake.code) << mistake.error << ": " << outcome;
    EXPECT_THAT(outcome.err, HasSubstr(mistake.error));
    EXPECT_THAT(outcome.err, StartsWith(absl::StrCat("lanyard user ", mistake.args[0], ": ")));
    EXPECT_THAT(outcome.out, IsEmpty());
  }
  EXPECT_EQ(RunWith(config, {"user", "list"}).out, "ada\n");
}

TEST(UserCommandsTest, EachNeedsTheConfigOfAnIssuerWhoseStoreLasts) {
  EXPECT_THAT(RunTool({"user", "list"}).err, HasSubstr("missing --config FILE"));
  EXPECT_EQ(RunTool({"user", "list"}).code, 2);
  EXPECT_THAT(RunWith("/nowhere.textproto", {"user", "list"}).err,
              HasSubstr("/nowhere.textproto: No such file"));
  const std::string start = absl::StrCat("issuer: \"", kIssuer, "\"\nkey_directory: \"keys\"\n");
  EXPECT_THAT(RunWith(TempFile("a", start + "memory {}"), {"user", "list"}).err,
              AllOf(HasSubstr("/a:3: memory: that store is inside the process that serves"),
                    HasSubstr("sqlite")));
  EXPECT_THAT(
      RunWith(TempFile("b", start + "sqlite { file: \"no/issuer.db\" }"), {"user", "list"}).err,
      AllOf(HasSubstr("/b:3: sqlite: "), HasSubstr("No such file")));
  const Outcome no_sign_in = RunWith(TempFile("c", start + "sqlite { file: \"c.db\" }"),
                                     {"user", "add", "ada", "--password-stdin"}, kPassword);
  EXPECT_EQ(no_sign_in.code, 1);
  EXPECT_THAT(no_sign_in.err, HasSubstr("no sign_in"));
}

TEST(UserCommandsTest, ShowSaysWhatThereIsButNothingOfThePassword) {
  const std::string config = IssuerConfigFile();
  v1::User ada;
  ada.set_name("ada");
  ada.set_password_hash(CheapHash(kPassword));
  ada.add_grants()->set_audience("orders\x1b[2J");
  (*ada.mutable_claims())["team"].set_string_value("sales\n");
  ASSERT_TRUE(Accounts(kIssuer, OpenStore(config)).AddUser(ada).ok());
  const Outcome text = RunWith(config, {"user", "show", "ada"});
  EXPECT_EQ(text.out,
            "user ada\n"
            "  disabled      no\n"
            "  password      set\n"
            "  grant         orders?[2J: no scope\n"
            "  claim         {\"team\":\"sales\\u000a\"}\n");
  const Outcome json = RunWith(config, {"user", "show", "ada", "--json"});
  const auto document = internal::JsonDocument::ParseObject(json.out);
  ASSERT_TRUE(document.ok()) << json;
  const auto user = document->root().Find("user");
  EXPECT_TRUE(user->Find("has_password")->boolean());
  EXPECT_FALSE(user->Find("disabled")->boolean());
  EXPECT_EQ(user->Find("claims")->Find("team")->string(), "sales\n");
  for (const Outcome& outcome : {text, json}) {
    EXPECT_THAT(outcome.out, AllOf(Not(HasSubstr("scrypt")), Not(HasSubstr("hash"))));
  }
}

TEST(UserCommandsTest, SetChangesWhatItNamesAndNothingElse) {
  const std::string config = IssuerConfigFile();
  ASSERT_EQ(RunWith(config, {"user", "add", "ada", "--no-password", "--grant", "a=1", "--grant",
                             "b=1", "--claim", "x=1", "--claim", "y=1"})
                .code,
            0);
  ASSERT_EQ(RunWith(config, {"user", "set", "ada", "--grant", "b=2", "--remove-grant", "a",
                             "--grant", "c=3", "--claim", "x=null", "--remove-claim", "y"})
                .code,
            0);
  const Outcome outcome = RunWith(config, {"user", "show", "ada", "--json"});
  EXPECT_THAT(outcome.out, HasSubstr("\"grants\":[{\"audience\":\"b\",\"scopes\":[\"2\"]},"
                                     "{\"audience\":\"c\",\"scopes\":[\"3\"]}],"
                                     "\"claims\":{\"x\":null}"));
  EXPECT_THAT(RevocationsIn(config), IsEmpty());
}

TEST(UserCommandsTest, DisableAndAnotherPasswordEndWhatTheUserHad) {
  const std::string config = IssuerConfigFile();
  ASSERT_EQ(RunWith(config, {"user", "add", "ada", "--no-password"}).code, 0);
  EXPECT_EQ(RunWith(config, {"user", "disable", "ada"}).out,
            "user ada is disabled, and all sessions are over\n");
  EXPECT_TRUE(UserIn(config, "ada").disabled());
  const size_t disabled = RevocationsIn(config).size();
  EXPECT_GE(disabled, 1u);
  EXPECT_EQ(RevocationsIn(config).back().subject(), "user:ada");
  EXPECT_EQ(RunWith(config, {"user", "enable", "ada", "--json"}).out,
            "{\"ok\":true,\"user\":\"ada\"}\n");
  EXPECT_FALSE(UserIn(config, "ada").disabled());
  EXPECT_EQ(RevocationsIn(config).size(), disabled);
  EXPECT_EQ(RunWith(config, {"user", "passwd", "ada", "--password-stdin"}, kPassword).code, 0);
  EXPECT_GT(RevocationsIn(config).size(), disabled);
  EXPECT_THAT(RunWith(config, {"user", "show", "ada"}).out, HasSubstr("  signed out    2"));
  EXPECT_THAT(RunWith(config, {"user", "passwd", "ada", "--password-stdin"}, "short").err,
              HasSubstr("15 to 128 bytes"));
}

TEST(UserCommandsTest, ListNamesAllInOrder) {
  const std::string config = IssuerConfigFile();
  for (const char* name : {"bob", "ada"}) {
    ASSERT_EQ(RunWith(config, {"user", "add", name, "--no-password"}).code, 0);
  }
  EXPECT_EQ(RunWith(config, {"user", "list"}).out, "ada\nbob\n");
  EXPECT_EQ(RunWith(config, {"user", "list", "--json"}).out,
            "{\"ok\":true,\"users\":[\"ada\",\"bob\"]}\n");
}

}  // namespace
}  // namespace lanyard::tools
