// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_FORM_H_
#define LANYARD_SDK_INTERNAL_FORM_H_

#include <string>

#include "absl/strings/string_view.h"
#include "lanyard/sdk/internal/secret.h"

namespace lanyard::internal {

// One name or value as application/x-www-form-urlencoded (RFC 6749 appendix B). A space becomes
// "%20" and not "+": every decoder knows the former.
Secret FormEncoded(absl::string_view text);

// A form of the same kind, whose values may be secrets.
class Form {
 public:
  void Add(absl::string_view name, absl::string_view value);

  const Secret& text() const { return text_; }

 private:
  Secret text_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_FORM_H_
