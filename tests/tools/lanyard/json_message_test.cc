// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/json_message.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "lanyard/testing/matchers.h"
#include "lanyard/v1/claims.pb.h"

namespace lanyard::tools {
namespace {

using ::lanyard::testing::IsError;
using ::testing::AllOf;
using ::testing::HasSubstr;

const google::protobuf::Descriptor& Type() { return *v1::Claims::descriptor(); }

TEST(JsonMessageTest, ReadsAndWritesTheSame) {
  const std::string json = R"({"issuer":"a","issuedAt":"2026-01-02T03:04:05Z","scopes":["b","c"]})";
  const auto bytes = MessageFromJson(Type(), json);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  v1::Claims claims;
  ASSERT_TRUE(claims.ParseFromString(*bytes));
  EXPECT_EQ(claims.issuer(), "a");
  EXPECT_EQ(claims.scopes_size(), 2);
  EXPECT_EQ(*JsonFromMessage(Type(), *bytes, JsonStyle::kOneLine), json);
  EXPECT_THAT(*JsonFromMessage(Type(), *bytes, JsonStyle::kIndented),
              HasSubstr("{\n \"issuer\": \"a\",\n"));
}

TEST(JsonMessageTest, NamesTheFieldThatDoesNotFit) {
  EXPECT_THAT(MessageFromJson(Type(), R"({"isuer":"a"})"),
              IsError(AllOf(HasSubstr("lanyard.v1.Claims"), HasSubstr("isuer"))));
  EXPECT_THAT(MessageFromJson(Type(), R"({"issuedAt":"noon"})"), IsError(HasSubstr("issued")));
  EXPECT_THAT(MessageFromJson(Type(), "{"), IsError(HasSubstr("lanyard.v1.Claims")));
}

TEST(JsonMessageTest, EscapesWhatActsOnATerminal) {
  v1::Claims claims;
  claims.set_issuer("a\x1b[31m\n\u202e\U000e0001\u00e9");
  for (const JsonStyle style : {JsonStyle::kOneLine, JsonStyle::kIndented}) {
    EXPECT_THAT(*JsonFromMessage(Type(), claims.SerializeAsString(), style),
                HasSubstr("\"a\\u001b[31m\\n\\u202e\\udb40\\udc01\u00e9\""));
  }
}

TEST(JsonMessageTest, AnAnswerOfAnotherKindIsAnError) {
  EXPECT_THAT(JsonFromMessage(Type(), "\x0f", JsonStyle::kOneLine),
              IsError(HasSubstr("the answer is no lanyard.v1.Claims")));
}

// As a server could describe them: protobuf alone would recurse as deep as the types go.
TEST(JsonMessageTest, TypesBeyondAnyRealServicesAreRefused) {
  google::protobuf::FileDescriptorProto file;
  file.set_name("chain.proto");
  for (int i = 0; i < 20'000; ++i) {
    auto* type = file.add_message_type();
    type->set_name(absl::StrCat("M", i));
    if (i + 1 == 20'000) break;
    auto* field = type->add_field();
    field->set_name("f");
    field->set_number(1);
    field->set_label(google::protobuf::FieldDescriptorProto::LABEL_OPTIONAL);
    field->set_type(google::protobuf::FieldDescriptorProto::TYPE_MESSAGE);
    field->set_type_name(absl::StrCat(".M", i + 1));
  }
  google::protobuf::DescriptorPool pool;
  const auto* built = pool.BuildFile(file);
  ASSERT_NE(built, nullptr);
  EXPECT_THAT(MessageFromJson(*built->message_type(0), "{}"),
              IsError(HasSubstr("M0 leads to more than 2000 types")));
  EXPECT_THAT(JsonFromMessage(*built->message_type(0), "", JsonStyle::kOneLine),
              IsError(HasSubstr("M0 leads to more than 2000 types")));
  EXPECT_TRUE(MessageFromJson(*built->message_type(19'000), "{}").ok());
}

// A type that holds itself, by a field or a group, and has many other fields; with that enum.
const google::protobuf::Descriptor* Wide(google::protobuf::DescriptorPool* pool, int fields,
                                         const std::string& value = "A") {
  google::protobuf::FileDescriptorProto file;
  file.set_name("wide.proto");
  auto* kinds = file.add_enum_type();
  kinds->set_name("Kinds");
  kinds->add_value()->set_name(value);
  kinds->mutable_value(0)->set_number(0);
  auto* type = file.add_message_type();
  type->set_name("Wide");
  for (int i = 0; i < fields; ++i) {
    auto* field = type->add_field();
    field->set_name(absl::StrCat("f", i));
    field->set_number(i + 1);
    field->set_label(google::protobuf::FieldDescriptorProto::LABEL_REPEATED);
    field->set_type(i == 0   ? google::protobuf::FieldDescriptorProto::TYPE_MESSAGE
                    : i == 1 ? google::protobuf::FieldDescriptorProto::TYPE_GROUP
                    : i == 2 ? google::protobuf::FieldDescriptorProto::TYPE_ENUM
                             : google::protobuf::FieldDescriptorProto::TYPE_INT32);
    if (i < 2) field->set_type_name(".Wide");
    if (i == 2) field->set_type_name(".Kinds");
  }
  const auto* built = pool->BuildFile(file);
  return built == nullptr ? nullptr : built->message_type(0);
}

std::string Many(int count, const std::string& bytes) {
  std::string all;
  for (int i = 0; i < count; ++i) all += bytes;
  return all;
}

TEST(JsonMessageTest, AnAnswerThatIsSmallOnTheWireAndHugeInMemoryIsRefused) {
  google::protobuf::DescriptorPool pool;
  const auto* type = Wide(&pool, 10'000);
  ASSERT_NE(type, nullptr);
  const std::string field("\x0a\x00", 2), group("\x13\x14", 2);
  for (const std::string& one : {field, group}) {
    EXPECT_THAT(JsonFromMessage(*type, Many(1'000'000, one), JsonStyle::kOneLine),
                IsError(HasSubstr("2000000 bytes, would take more than 1 GiB")));
    EXPECT_TRUE(JsonFromMessage(*type, Many(100, one), JsonStyle::kOneLine).ok());
  }
  // Deeper down, and among fields that nobody knows.
  std::string inner = "\x0a\x80\x89\x7a" + Many(1'000'000, field);
  EXPECT_THAT(JsonFromMessage(*type, "\xfa\xff\x7f\x01x" + inner, JsonStyle::kOneLine),
              IsError(HasSubstr("1 GiB")));
  // Of the parser's errors none is taken for this one.
  for (const char* broken : {"\x0a", "\x0a\x05", "\x13", "\x0f", "\x14"}) {
    EXPECT_THAT(JsonFromMessage(*type, broken, JsonStyle::kOneLine),
                IsError(HasSubstr("the answer is no Wide")));
  }
}

TEST(JsonMessageTest, ManySmallMessagesAreNoReasonToRefuse) {
  google::protobuf::DescriptorPool pool;
  const auto* type = Wide(&pool, 4);
  ASSERT_NE(type, nullptr);
  EXPECT_TRUE(
      JsonFromMessage(*type, Many(100'000, std::string("\x0a\x00", 2)), JsonStyle::kOneLine).ok());
}

TEST(JsonMessageTest, NamesBeyondAnyRealServicesAreRefused) {
  google::protobuf::DescriptorPool pool;
  const auto* type = Wide(&pool, 4, std::string(251, 'a'));
  ASSERT_NE(type, nullptr);
  EXPECT_THAT(JsonFromMessage(*type, "", JsonStyle::kOneLine),
              IsError(HasSubstr("Wide has a name of more than 250 bytes")));
}

}  // namespace
}  // namespace lanyard::tools
