// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_BENCH_RAW_SIGNATURE_H_
#define LANYARD_BENCH_RAW_SIGNATURE_H_

#include <functional>

#include "absl/strings/string_view.h"
#include "lanyard/sdk/algorithm.h"
#include "lanyard/sdk/keys/key.h"

namespace lanyard::bench {

// The check of a token's signature by BoringSSL alone, as the limit that no verifier can pass: the
// key is parsed, the signature decoded and in the library's own form before. Gives the verdict.
std::function<bool()> RawSignatureCheck(const Key& key, Algorithm algorithm,
                                        absl::string_view token);

}  // namespace lanyard::bench

#endif  // LANYARD_BENCH_RAW_SIGNATURE_H_
