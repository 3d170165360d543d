// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_OPEN_METHODS_H_
#define LANYARD_SDK_INTERNAL_OPEN_METHODS_H_

#include "absl/strings/string_view.h"

namespace lanyard::internal {

// Whether the annotation of a method, "/package.Service/Method", lets in anyone, with or without a
// token, as its .proto is compiled into this program. False for what is not. Thread-safe; remembers
// what it has looked up.
bool IsOpenByAnnotation(absl::string_view path);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_OPEN_METHODS_H_
