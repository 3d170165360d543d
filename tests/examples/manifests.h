// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_EXAMPLES_MANIFESTS_H_
#define LANYARD_TESTS_EXAMPLES_MANIFESTS_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/json.h"
#include "tests/interop/program.h"

namespace lanyard::test {

// What lies at a path of member names and numbers of elements. It must be there.
inline internal::JsonValue At(internal::JsonValue value, const std::vector<std::string>& path) {
  for (const std::string& step : path) {
    bool found = false;
    int index = 0;
    const bool is_number = absl::SimpleAtoi(step, &index);
    for (const internal::JsonValue member : value) {
      if (is_number ? index-- != 0 : member.name() != step) continue;
      value = member;
      found = true;
      break;
    }
    if (!found) {
      ADD_FAILURE() << "the manifests have no " << step;
      std::abort();
    }
  }
  return value;
}

inline std::string TextAt(internal::JsonValue value, const std::vector<std::string>& path) {
  return std::string(At(value, path).string());
}

// The manifests of examples/kubernetes, read by PyYAML: YAML 1.1, as kubectl reads them.
class Manifests {
 public:
  static bool CanBeRead() { return testing::Succeeds(absl::StrCat(kPython, " -c 'import yaml'")); }

  // The object of that kind and name, which must be there.
  internal::JsonValue Find(const std::string& kind, const std::string& name) const {
    for (const internal::JsonValue object : At(document_.root(), {"objects"})) {
      if (TextAt(object, {"kind"}) == kind && object.Find("metadata").has_value() &&
          TextAt(object, {"metadata", "name"}) == name) {
        return object;
      }
    }
    ADD_FAILURE() << "no " << kind << " " << name;
    std::abort();
  }

 private:
  // Debian's own, beside which another may stand in the path.
  static constexpr char kPython[] = "/usr/bin/python3";

  static internal::JsonDocument Read() {
    auto document = internal::JsonDocument::ParseObject(testing::Printed(
        absl::StrCat(kPython,
                     " -c 'import json, sys, yaml; print(json.dumps({\"objects\": [o for f in "
                     "sys.argv[1:] for o in yaml.safe_load_all(open(f))]}))' "
                     "examples/kubernetes/manifests/*.yaml")));
    if (!document.ok()) {
      ADD_FAILURE() << document.status();
      std::abort();
    }
    return *std::move(document);
  }

  const internal::JsonDocument document_ = Read();
};

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_EXAMPLES_MANIFESTS_H_
