// SPDX-License-Identifier: Apache-2.0
#if __has_include(<jwt/jwt.hpp>)
#include <jwt/jwt.hpp>
#include <system_error>

#include "peer.h"

namespace peers {

// exp and nbf are checked whenever they are there.
Check CppJwt(const Expected& expected) {
  // It knows no name of EdDSA.
  if (jwt::str_to_alg(expected.algorithm) == jwt::algorithm::UNKN) return nullptr;
  return [=](const std::string& token) {
    std::error_code error;
    jwt::decode(token, jwt::params::algorithms({expected.algorithm}), error,
                jwt::params::secret(expected.key), jwt::params::issuer(expected.issuer),
                jwt::params::aud(expected.audience));
    return !error;
  };
}

}  // namespace peers
#endif
