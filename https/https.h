// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_HTTPS_HTTPS_H_
#define LANYARD_HTTPS_HTTPS_H_

#include <memory>

namespace lanyard {
namespace internal {
class HttpFetcher;
}

// What makes requests over HTTPS, with libcurl: for ServerAuthOptions.https, RemoteKeySource and
// OAuthClient. @lanyard_https//:https is a module of its own, so that only who wants it has
// libcurl.
//
// TLS 1.2 or newer, hosts verified; no redirects, cookies, alternative services, or proxies and
// passwords from the environment.
std::shared_ptr<const internal::HttpFetcher> Https();

}  // namespace lanyard

#endif  // LANYARD_HTTPS_HTTPS_H_
