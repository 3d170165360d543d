// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_JSON_MESSAGE_H_
#define LANYARD_TOOLS_LANYARD_JSON_MESSAGE_H_

#include <google/protobuf/descriptor.h>

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lanyard::tools {

// A message known only by its descriptor, from JSON (protobuf's mapping) to what goes over the
// wire. The error names the field that does not fit. Types beyond any real service's are refused.
absl::StatusOr<std::string> MessageFromJson(const google::protobuf::Descriptor& type,
                                            absl::string_view json);

enum class JsonStyle { kOneLine, kIndented };

// And back. In strings whatever acts on a terminal is escaped. An answer whose
// messages would take more than 1 GiB of memory is refused.
absl::StatusOr<std::string> JsonFromMessage(const google::protobuf::Descriptor& type,
                                            const std::string& bytes, JsonStyle style);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_JSON_MESSAGE_H_
