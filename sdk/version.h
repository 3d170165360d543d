// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_VERSION_H_
#define LANYARD_SDK_VERSION_H_

namespace lanyard {

// Of this library.
inline constexpr char kLanyardVersion[] = "0.1.0";

}  // namespace lanyard

#endif  // LANYARD_SDK_VERSION_H_
