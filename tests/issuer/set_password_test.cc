// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/set_password.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "lanyard/issuer/accounts.h"
#include "lanyard/issuer/memory_store.h"
#include "lanyard/issuer/password_hash.h"
#include "lanyard/issuer/password_text.h"
#include "lanyard/testing/matchers.h"

namespace lanyard {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kPassword[] = "correct horse battery";

class SetPasswordTest : public ::testing::Test {
 protected:
  static v1::User Ada() {
    v1::User ada;
    ada.set_name("ada");
    return ada;
  }

  bool IsHers(const char* password) {
    const auto verdict =
        (*internal::PasswordHashes::Create({}))
            ->Check(accounts_.FindUser("ada")->password_hash(), *internal::PasswordText(password));
    return verdict.ok() && verdict->matches;
  }

  const std::shared_ptr<MemoryStore> store_ = std::make_shared<MemoryStore>();
  Accounts accounts_{"https://tokens.example.com", store_};
};

TEST_F(SetPasswordTest, AddsAUserWithAPasswordInOneStep) {
  EXPECT_THAT(AddUserWithPassword(accounts_, Ada(), kPassword, {}), IsOk());
  EXPECT_TRUE(IsHers(kPassword));
  EXPECT_THAT(store_->RevocationsAfter(0)->revocations, IsEmpty());
  EXPECT_TRUE(
      absl::IsAlreadyExists(AddUserWithPassword(accounts_, Ada(), "another horse battery", {})));
  EXPECT_TRUE(IsHers(kPassword));
}

TEST_F(SetPasswordTest, DoesNotAddAUserWhosePasswordIsRefused) {
  EXPECT_THAT(AddUserWithPassword(accounts_, Ada(), "s3cret", {}),
              IsError(AllOf(HasSubstr("15 to 128 bytes"), Not(HasSubstr("s3cret")))));
  EXPECT_THAT(*accounts_.UserNames(), IsEmpty());
}

TEST_F(SetPasswordTest, AnotherPasswordEndsSessions) {
  ASSERT_THAT(accounts_.AddUser(Ada()), IsOk());
  EXPECT_THAT(SetPassword(accounts_, "ada", kPassword, {}), IsOk());
  EXPECT_TRUE(IsHers(kPassword));
  EXPECT_TRUE(accounts_.FindUser("ada")->has_sessions_not_before());
  EXPECT_THAT(store_->RevocationsAfter(0)->revocations, Not(IsEmpty()));
}

TEST_F(SetPasswordTest, NamesAnUnknownUserBeforeTheWork) {
  EXPECT_TRUE(absl::IsNotFound(SetPassword(accounts_, "bob", kPassword, {})));
}

}  // namespace
}  // namespace lanyard
