// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/descriptor_files.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lanyard/testing/matchers.h"
#include "lanyard/v1/annotations.pb.h"
#include "tests/sdk/annotated_service.h"
#include "tests/sdk/temp_folder.h"

namespace lanyard::internal {
namespace {

using ::google::protobuf::FileDescriptorProto;
using ::google::protobuf::FileDescriptorSet;
using ::lanyard::testing::AnnotatedFile;
using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::TempFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const FileDescriptorProto& Orders() {
  static const auto* file = new FileDescriptorProto(AnnotatedFile(
      {"Orders",
       {{"GetOrder", "[lanyard.v1.allow] { all_scopes: \"orders.read\" }"}, {"Other", ""}},
       "[lanyard.v1.default_allow] { subjects: \"svc:a\" }"}));
  return *file;
}

class DescriptorFilesTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::vector<FileDescriptorProto>& files) {
    FileDescriptorSet set;
    for (const FileDescriptorProto& file : files) *set.add_file() = file;
    return folder_.Write(name, set.SerializeAsString());
  }
  // With what --include_imports brings along, in protoc's order.
  static std::vector<FileDescriptorProto> WithImports(const FileDescriptorProto& file) {
    std::vector<FileDescriptorProto> all;
    for (const char* name : {"google/protobuf/descriptor.proto", "google/protobuf/duration.proto",
                             "lanyard/v1/annotations.proto"}) {
      google::protobuf::DescriptorPool::generated_pool()->FindFileByName(name)->CopyTo(
          &all.emplace_back());
    }
    all.push_back(file);
    return all;
  }

  TempFolder folder_;
};

TEST_F(DescriptorFilesTest, ReadsServicesWithTheirAnnotations) {
  const auto files = DescriptorFiles::Read({Write("a.pb", WithImports(Orders()))});
  ASSERT_THAT(files, IsOk());
  ASSERT_EQ((*files)->services().size(), 1u);
  const auto* service = (*files)->services()[0];
  EXPECT_EQ(std::string(service->full_name()), "shop.Orders");
  ASSERT_EQ(service->options().ExtensionSize(v1::default_allow), 1);
  EXPECT_EQ(service->options().GetExtension(v1::default_allow, 0).subjects(0), "svc:a");
  ASSERT_EQ(service->method(0)->options().ExtensionSize(v1::allow), 1);
  EXPECT_EQ(service->method(0)->options().GetExtension(v1::allow, 0).all_scopes(0), "orders.read");
  EXPECT_EQ(service->method(1)->options().ExtensionSize(v1::allow), 0);
}

TEST_F(DescriptorFilesTest, FindsServicesByTheirFullName) {
  const auto files = DescriptorFiles::Read({Write("a.pb", WithImports(Orders()))});
  ASSERT_THAT(files, IsOk());
  EXPECT_EQ((*files)->Find("shop.Orders"), (*files)->services()[0]);
  for (const char* name : {"Orders", "shop.orders", "shop.Orders.GetOrder", "shop.MOrders", ""}) {
    EXPECT_EQ((*files)->Find(name), nullptr) << name;
  }
}

TEST_F(DescriptorFilesTest, WhatThisProgramHasNeedNotBeInTheFile) {
  EXPECT_THAT(DescriptorFiles::Read({Write("a.pb", {Orders()})}), IsOk());
}

TEST_F(DescriptorFilesTest, SeveralFilesKeepTheirOrder) {
  const auto files = DescriptorFiles::Read(
      {Write("b.pb", {AnnotatedFile({"Stock", {{"Take", ""}}})}), Write("a.pb", {Orders()})});
  ASSERT_THAT(files, IsOk());
  ASSERT_EQ((*files)->services().size(), 2u);
  EXPECT_EQ(std::string((*files)->services()[0]->full_name()), "shop.Stock");
  EXPECT_EQ(std::string((*files)->services()[1]->full_name()), "shop.Orders");
  EXPECT_NE((*files)->Find("shop.Stock"), nullptr);
  EXPECT_NE((*files)->Find("shop.Orders"), nullptr);
}

TEST_F(DescriptorFilesTest, NoFileHasNoServices) {
  const auto files = DescriptorFiles::Read({});
  ASSERT_THAT(files, IsOk());
  EXPECT_TRUE((*files)->services().empty());
  EXPECT_EQ((*files)->Find("shop.Orders"), nullptr);
}

TEST_F(DescriptorFilesTest, NamesTheImportThatIsMissing) {
  FileDescriptorProto file = Orders();
  file.add_dependency("shop/money.proto");
  const std::string path = Write("a.pb", WithImports(file));
  EXPECT_THAT(
      DescriptorFiles::Read({path}),
      IsError(AllOf(StartsWith(path), HasSubstr("lacks shop/money.proto"),
                    HasSubstr("shop/Orders.proto imports"), HasSubstr("--include_imports"))));
}

TEST_F(DescriptorFilesTest, ImportsStandBeforeWhatImportsThem) {
  FileDescriptorProto money = AnnotatedFile({"Money", {}});
  FileDescriptorProto file = Orders();
  file.add_dependency(money.name());
  EXPECT_THAT(DescriptorFiles::Read({Write("a.pb", {money, file})}), IsOk());
  EXPECT_THAT(DescriptorFiles::Read({Write("b.pb", {file, money})}),
              IsError(HasSubstr("lacks shop/Money.proto")));
}

TEST_F(DescriptorFilesTest, SaysThatAFileIsNoDescriptorSet) {
  for (const std::string& content :
       {std::string(), std::string("syntax = \"proto3\";\n"), std::string("\xff\xff\xff\xff", 4),
        Orders().SerializeAsString().substr(0, 40), std::string(1000, '\0')}) {
    const std::string path = folder_.Write("a.pb", content);
    EXPECT_THAT(DescriptorFiles::Read({path}),
                IsError(AllOf(StartsWith(path), HasSubstr("not a FileDescriptorSet"),
                              HasSubstr("--descriptor_set_out=FILE"))))
        << content;
  }
}

TEST_F(DescriptorFilesTest, CutSetIsNoSet) {
  FileDescriptorSet set;
  *set.add_file() = Orders();
  const std::string whole = set.SerializeAsString();
  for (const size_t size : {size_t{1}, whole.size() / 2, whole.size() - 1}) {
    EXPECT_THAT(DescriptorFiles::Read({folder_.Write("a.pb", whole.substr(0, size))}),
                IsError(HasSubstr("not a FileDescriptorSet")))
        << size;
  }
}

TEST_F(DescriptorFilesTest, NamesTheFileThatIsNotConsistent) {
  FileDescriptorProto file = Orders();
  file.mutable_service(0)->mutable_method(0)->set_input_type(".shop.Unknown");
  const std::string path = Write("a.pb", {file});
  EXPECT_THAT(DescriptorFiles::Read({path}),
              IsError(AllOf(StartsWith(path), HasSubstr("shop/Orders.proto in it is not "
                                                        "consistent"))));
}

TEST_F(DescriptorFilesTest, NamesTheFileThatIsNotThere) {
  const std::string good = Write("a.pb", {Orders()}), missing = folder_.Path("missing.pb");
  EXPECT_THAT(DescriptorFiles::Read({missing}), IsError(HasSubstr(missing)));
  EXPECT_THAT(DescriptorFiles::Read({good, missing}), IsError(HasSubstr(missing)));
}

// A set cannot pass off another meaning of what this program knows.
TEST_F(DescriptorFilesTest, AnnotationsFileOfTheSetIsNotBelieved) {
  FileDescriptorProto forged = AnnotatedFile({"Forged", {}});
  forged.set_name("lanyard/v1/annotations.proto");
  forged.clear_dependency();
  const auto files = DescriptorFiles::Read({Write("a.pb", {forged, Orders()})});
  ASSERT_THAT(files, IsOk());
  EXPECT_EQ((*files)->Find("shop.Forged"), nullptr);
  ASSERT_EQ((*files)->services().size(), 1u);
  EXPECT_EQ((*files)->services()[0]->method(0)->options().ExtensionSize(v1::allow), 1);
}

}  // namespace
}  // namespace lanyard::internal
