// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_KEYS_HTTPS_H_
#define LANYARD_SDK_KEYS_HTTPS_H_

#include <memory>

namespace lanyard {
namespace internal {
class HttpFetcher;
}

// What fetches keys over HTTPS, with libcurl: for ServerAuthOptions.https and RemoteKeySource. A
// target of its own, //:https, so that only who wants it links libcurl.
//
// TLS 1.2 or newer, hosts verified; no redirects, cookies, alternative services, or proxies and
// passwords from the environment.
std::shared_ptr<const internal::HttpFetcher> Https();

}  // namespace lanyard

#endif  // LANYARD_SDK_KEYS_HTTPS_H_
