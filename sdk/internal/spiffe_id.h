// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_SPIFFE_ID_H_
#define LANYARD_SDK_INTERNAL_SPIFFE_ID_H_

#include <optional>

#include "absl/strings/string_view.h"

namespace lanyard::internal {

// Whether a text is the name of a trust domain: 1 to 255 bytes of a-z 0-9 . _ - (SPIFFE ID and
// Verifiable Identity Document, section 2.1).
bool IsTrustDomain(absl::string_view text);

// The trust domain of a SPIFFE ID, "spiffe://domain/path", a view into `id`. None unless the whole
// is well formed to the letter (sections 2.1 to 2.3): at most 2048 bytes, no port, query, fragment
// or percent; no segment of the path is empty, "." or "..".
std::optional<absl::string_view> TrustDomainOf(absl::string_view id);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_SPIFFE_ID_H_
