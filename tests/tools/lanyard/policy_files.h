// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_TOOLS_LANYARD_POLICY_FILES_H_
#define LANYARD_TESTS_TOOLS_LANYARD_POLICY_FILES_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/sdk/annotated_service.h"
#include "tests/tools/lanyard/command_runner.h"

namespace lanyard::testing {

// A trusted issuer with that name, in a config.
inline std::string IssuerText(const std::string& name, const std::string& more = "") {
  return absl::StrCat("issuers { name: \"", name, "\" issuer: \"https://", name,
                      ".example.test\" audiences: \"orders\" algorithms: ES256 ", more, " }\n");
}

// "rules { method: … }" on one line.
inline std::string RuleText(const std::string& method, const std::string& rest) {
  return absl::StrCat("rules { method: \"", method, "\" ", rest, " }\n");
}

// A file of these services as protoc --include_imports writes it, in the test's own folder.
inline std::string DescriptorFile(const std::vector<AnnotatedService>& services) {
  google::protobuf::FileDescriptorSet set;
  for (const char* name : {"google/protobuf/descriptor.proto", "google/protobuf/duration.proto",
                           "lanyard/v1/annotations.proto"}) {
    google::protobuf::DescriptorPool::generated_pool()->FindFileByName(name)->CopyTo(
        set.add_file());
  }
  for (const AnnotatedService& service : services) *set.add_file() = AnnotatedFile(service);
  return TempFile("services.pb", set.SerializeAsString());
}

// The service of most tests: Get is for a scope, List for anyone, Purge for nobody.
inline AnnotatedService OrdersService() {
  return {"Orders",
          {{"Get", "[lanyard.v1.allow] { all_scopes: \"orders.read\" }"},
           {"List", "[lanyard.v1.allow] { anyone: true }"},
           {"Purge", ""}}};
}

// "lanyard policy NAME CONFIG …", with the config in a file "auth.textproto".
inline Outcome RunPolicy(const std::string& name, absl::string_view config,
                         const std::vector<std::string>& more = {}, absl::string_view input = "") {
  std::vector<std::string> args = {"policy", name, TempFile("auth.textproto", config)};
  args.insert(args.end(), more.begin(), more.end());
  return RunTool(args, input);
}

}  // namespace lanyard::testing

#endif  // LANYARD_TESTS_TOOLS_LANYARD_POLICY_FILES_H_
