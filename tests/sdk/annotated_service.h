// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_SDK_ANNOTATED_SERVICE_H_
#define LANYARD_TESTS_SDK_ANNOTATED_SERVICE_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/v1/annotations.pb.h"

namespace lanyard::testing {

// A service that is made at run time. The options of a method, and of the service, are text format,
// as in "[lanyard.v1.allow] { anyone: true }".
struct AnnotatedService {
  std::string name;                                          // In the package "shop".
  std::vector<std::pair<std::string, std::string>> methods;  // Names and options.
  std::string options = "";
};

// The .proto of a service, "shop/NAME.proto".
inline google::protobuf::FileDescriptorProto AnnotatedFile(const AnnotatedService& service) {
  v1::Allow::descriptor();  // Linked in, so that its file is in the generated pool.
  std::string text = absl::StrCat("name: \"shop/", service.name,
                                  ".proto\" package: \"shop\" syntax: \"proto3\" "
                                  "dependency: \"lanyard/v1/annotations.proto\" "
                                  "message_type { name: \"M",
                                  service.name, "\" } service { name: \"", service.name,
                                  "\" options { ", service.options, " } ");
  for (const auto& [method, options] : service.methods) {
    absl::StrAppend(&text, "method { name: \"", method, "\" input_type: \".shop.M", service.name,
                    "\" output_type: \".shop.M", service.name, "\" options { ", options, " } } ");
  }
  google::protobuf::FileDescriptorProto file;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text + "}", &file)) << text;
  return file;
}

// Keeps services that are made at run time; their descriptors live as long as this object.
class AnnotatedServices {
 public:
  const google::protobuf::ServiceDescriptor* Add(const AnnotatedService& service) {
    pools_.push_back(std::make_unique<google::protobuf::DescriptorPool>(
        google::protobuf::DescriptorPool::generated_pool()));
    return pools_.back()->BuildFile(AnnotatedFile(service))->service(0);
  }

 private:
  std::vector<std::unique_ptr<google::protobuf::DescriptorPool>> pools_;
};

}  // namespace lanyard::testing

#endif  // LANYARD_TESTS_SDK_ANNOTATED_SERVICE_H_
