// SPDX-License-Identifier: Apache-2.0
//
// : annotations of a newer Lanyard, and what a comparison of policies does not see.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "lanyard/sdk/config.h"
#include "lanyard/sdk/internal/descriptor_files.h"
#include "lanyard/sdk/internal/rule_compare.h"
#include "lanyard/sdk/policy.h"
#include "lanyard/testing/matchers.h"
#include "lanyard/v1/annotations.pb.h"
#include "tests/sdk/annotated_service.h"
#include "tests/sdk/temp_folder.h"

namespace lanyard {
namespace {

using ::lanyard::testing::IsOk;

// A condition that this Lanyard does not know (descriptor sets are compiled by others, at other
// times) is dropped, and what is left is wider than what was written. In a config the same is a
// load error.
TEST(AnnotationTest, AConditionThatIsNotKnownIsALoadError) {
  google::protobuf::FileDescriptorSet set;
  for (const char* name : {"google/protobuf/descriptor.proto", "google/protobuf/duration.proto",
                           "lanyard/v1/annotations.proto"}) {
    google::protobuf::DescriptorPool::generated_pool()->FindFileByName(name)->CopyTo(
        set.add_file());
  }
  *set.add_file() = testing::AnnotatedFile(
      {"Orders", {{"GetOrder", "[lanyard.v1.allow] { any_authenticated: true }"}}, ""});
  v1::Allow* allow = set.mutable_file(3)
                         ->mutable_service(0)
                         ->mutable_method(0)
                         ->mutable_options()
                         ->MutableExtension(v1::allow, 0);
  allow->GetReflection()->MutableUnknownFields(allow)->AddLengthDelimited(99, "only-this-network");
  const testing::TempFolder folder;
  const auto files =
      internal::DescriptorFiles::Read({folder.Write("set.pb", set.SerializeAsString())});
  ASSERT_THAT(files, IsOk());
  const auto config =
      LoadConfig({},
                 "issuers { name: 'a' issuer: 'https://a.test' audiences: 'o' algorithms: "
                 "ES256 jwks_file: 'a' }");
  ASSERT_THAT(config, IsOk());
  const auto policy = Policy::Create(*config, (*files)->services(), absl::Now());
  EXPECT_FALSE(policy.ok()) << "loaded without the condition";
}

// `lanyard policy diff` says "nobody gains, nobody loses", policy list "the same as its
// annotation".
TEST(CompareTest, BadTokensAreCallersToo) {
  v1::Rule strict, tolerant;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString("allow { anyone: true }", &strict));
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      "allow { anyone: true bad_token: TREAT_AS_ANONYMOUS }", &tolerant));
  EXPECT_EQ(internal::Compare(strict, tolerant), internal::RuleChange::kWider);
  EXPECT_EQ(internal::Compare(tolerant, strict), internal::RuleChange::kNarrower);
}

}  // namespace
}  // namespace lanyard
