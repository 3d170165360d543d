// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_KEYS_ISSUER_KEYS_H_
#define LANYARD_SDK_KEYS_ISSUER_KEYS_H_

#include <memory>

#include "absl/status/statusor.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/keys/key_source.h"
#include "lanyard/sdk/keys/remote_key_source.h"
#include "lanyard/v1/config.pb.h"

namespace lanyard {
// The key source that a config gives an issuer. `https` may be null where no issuer has a URL. A
// file must be readable now; what is fetched need not be there yet.
absl::StatusOr<std::shared_ptr<const KeySource>> KeysOf(
    const v1::Issuer& issuer, std::shared_ptr<const internal::HttpFetcher> https,
    std::shared_ptr<const Clock> clock);

// How the keys of an issuer with a URL are fetched.
RemoteKeySourceOptions RemoteKeysOf(const v1::Issuer& issuer,
                                    std::shared_ptr<const internal::HttpFetcher> https,
                                    std::shared_ptr<const Clock> clock);

}  // namespace lanyard

#endif  // LANYARD_SDK_KEYS_ISSUER_KEYS_H_
