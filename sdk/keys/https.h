// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_KEYS_HTTPS_H_
#define LANYARD_SDK_KEYS_HTTPS_H_

#include <memory>

namespace lanyard {
namespace internal {
class HttpFetcher;
}

// What makes requests over HTTPS, with libcurl: for ServerAuthOptions.https, RemoteKeySource and
// OAuthClient. Comes with targets of their own, //:https and //:oauth, so that only who wants it
// links libcurl.
//
// TLS 1.2 or newer, hosts verified; no redirects, cookies, alternative services, or proxies and
// passwords from the environment.
std::shared_ptr<const internal::HttpFetcher> Https();

}  // namespace lanyard

#endif  // LANYARD_SDK_KEYS_HTTPS_H_
