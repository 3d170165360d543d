// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_READABLE_JSON_H_
#define LANYARD_SDK_INTERNAL_READABLE_JSON_H_

#include <string>

#include "absl/strings/string_view.h"

namespace lanyard::internal {

// A JSON object as lines to read: "name: value", what lies deeper indented, lists of names on one
// line, each phrase or object of a list after "- ". Whatever acts on a terminal is taken out. Empty
// if it is no object.
std::string ReadableJson(absl::string_view json);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_READABLE_JSON_H_
