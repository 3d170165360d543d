// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_DESCRIPTION_H_
#define LANYARD_SDK_DESCRIPTION_H_

#include <string>

namespace lanyard {

// The state of something as it is now: for a debug page, a support ticket, a look at three in the
// morning. It holds no token, no key and no secret. What it says may change between versions;
// metrics and audit events are for programs.
struct Description {
  std::string json;  // One object, on one line.
  std::string text;  // The same, to read.
};

}  // namespace lanyard

#endif  // LANYARD_SDK_DESCRIPTION_H_
