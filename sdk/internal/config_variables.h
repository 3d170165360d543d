// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_CONFIG_VARIABLES_H_
#define LANYARD_SDK_INTERNAL_CONFIG_VARIABLES_H_

#include "absl/status/status.h"

namespace google::protobuf {
class Message;
}

namespace lanyard::internal {

// Puts the values of environment variables in place of ${NAME} in the fields of a config that are
// marked for it (lanyard.v1.expands_variables), in messages inside it too. Fails, naming the field,
// for variables that are not set or empty, and for ${ in any other field.
absl::Status ExpandVariables(google::protobuf::Message* config);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_CONFIG_VARIABLES_H_
