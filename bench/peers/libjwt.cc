// SPDX-License-Identifier: Apache-2.0
#if __has_include(<jwt.h>)
#include <jwt.h>

#include <ctime>
#include <memory>

#include "peer.h"

namespace peers {
namespace {

struct Free {
  void operator()(jwt_t* jwt) const { jwt_free(jwt); }
};

bool Is(const char* claim, const std::string& expected) {
  return claim != nullptr && expected == claim;
}

}  // namespace

// jwt_decode() takes the algorithm from the token and checks no claim, so its users do.
Check Libjwt(const Expected& expected) {
  const jwt_alg_t algorithm = jwt_str_alg(expected.algorithm.c_str());
  if (algorithm == JWT_ALG_INVAL) return nullptr;
  return [=](const std::string& token) {
    jwt_t* decoded = nullptr;
    const auto* key = reinterpret_cast<const unsigned char*>(expected.key.data());
    if (jwt_decode(&decoded, token.c_str(), key, static_cast<int>(expected.key.size())) != 0) {
      return false;
    }
    const std::unique_ptr<jwt_t, Free> jwt(decoded);
    const time_t now = std::time(nullptr);
    return jwt_get_alg(decoded) == algorithm && now < jwt_get_grant_int(decoded, "exp") &&
           now >= jwt_get_grant_int(decoded, "nbf") &&
           Is(jwt_get_grant(decoded, "iss"), expected.issuer) &&
           Is(jwt_get_grant(decoded, "aud"), expected.audience);
  };
}

}  // namespace peers
#endif
