// SPDX-License-Identifier: Apache-2.0
//
// Roles, from the claims that an issuer's config names.
#include "tests/sdk/verifier_fixture.h"

namespace lanyard {
namespace {

using ::lanyard::testing::ClaimsText;
using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::VerifierFixture;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RolesTest : public VerifierFixture {
 protected:
  using Path = std::vector<std::string>;

  v1::Issuer ConfigWith(const std::vector<Path>& paths) const {
    v1::Issuer config = issuer_.Config();
    for (const Path& path : paths) {
      v1::RolesClaim* claim = config.add_roles();
      for (const std::string& name : path) claim->add_path(name);
    }
    return config;
  }
  std::vector<std::string> Roles(const std::vector<Path>& paths, const ClaimsText& claims) const {
    const auto caller = MakeFor(ConfigWith(paths))->Verify(SignClaims(claims.str()));
    EXPECT_THAT(caller, IsOk());
    for (const std::string& role : caller->roles()) EXPECT_TRUE(caller->HasRole(role));
    return caller->roles();
  }
};

TEST_F(RolesTest, StandWhereTheConfigSays) {
  const ClaimsText claims =
      Claims()
          .Add("realm_access", R"({"roles":["buyer","admin"]})")
          .Add("resource_access", R"({"orders":{"roles":["cancel"]},"other":{"roles":["root"]}})")
          .Add("https://example.com/roles", R"(["auditor"])")
          .Add("role", R"("operator")");
  EXPECT_THAT(Roles({}, claims), IsEmpty()) << "none where the config names none";
  EXPECT_THAT(Roles({{"realm_access", "roles"}}, claims), ElementsAre("buyer", "admin"));
  EXPECT_THAT(Roles({{"realm_access", "roles"}, {"resource_access", "orders", "roles"}}, claims),
              ElementsAre("buyer", "admin", "cancel"));
  EXPECT_THAT(Roles({{"https://example.com/roles"}}, claims), ElementsAre("auditor"));
  EXPECT_THAT(Roles({{"role"}}, claims), ElementsAre("operator"));
  EXPECT_THAT(Roles({{"realm_access.roles"}}, claims), IsEmpty()) << "a dot is a dot";
  EXPECT_THAT(Roles({{"realm_access"}}, claims), IsEmpty());
  EXPECT_THAT(Roles({{"none"}, {"role", "x"}}, claims), IsEmpty());
}

TEST_F(RolesTest, OnlyStringsAreRoles) {
  for (const char* json :
       {"1", "true", "null", "{}", "[]", "[1,true,null,{},[\"admin\"]]", R"({"admin":true})"}) {
    EXPECT_THAT(Roles({{"roles"}}, Claims().Add("roles", json)), IsEmpty()) << json;
  }
  EXPECT_THAT(Roles({{"roles"}}, Claims().Add("roles", R"([1,"a",null,"b"])")),
              ElementsAre("a", "b"));
  EXPECT_THAT(Roles({{"roles"}}, Claims().Add("roles", R"("a b,c")")), ElementsAre("a b,c"))
      << "a string is one role";
}

TEST_F(RolesTest, CachedVerdictHasThemToo) {
  const auto verifier = MakeFor(ConfigWith({{"role"}}));
  const std::string token = SignClaims(Claims().Add("role", R"("a")").str());
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(verifier->Verify(token)->HasRole("a"));
  EXPECT_FALSE(Identity().HasRole("a"));
  EXPECT_FALSE(Identity().HasRole(""));
}

TEST_F(RolesTest, PathsThatMeanNothingDoNotLoad) {
  for (const auto& [path, says] : std::vector<std::pair<Path, const char*>>{
           {{}, "path: required"},
           {{""}, "an empty name"},
           {{"sub"}, "a check of its own"},
           {{"a", "b", "c", "d", "e", "f", "g", "h", "i"}, "at most 8"}}) {
    VerifierOptions options;
    options.issuers = {{ConfigWith({path}), issuer_.Keys()}};
    EXPECT_THAT(Verifier::Create(std::move(options)),
                IsError(::testing::AllOf(HasSubstr("roles: "), HasSubstr(says))));
  }
}

}  // namespace
}  // namespace lanyard
