// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_ISSUER_CHEAP_HASH_H_
#define LANYARD_TESTS_ISSUER_CHEAP_HASH_H_

#include <string>

#include "lanyard/issuer/password_hash.h"
#include "lanyard/issuer/password_text.h"

namespace lanyard::test {

// scrypt's N = 2^4, for records and for TokenIssuerOptions.cheaper_passwords_for_tests: tests count
// work, and wait for none.
inline constexpr int kCheap = 4;

inline std::string CheapHash(const std::string& password) {
  internal::PasswordHashesOptions options;
  options.cost.log2_n = kCheap;
  return *(*internal::PasswordHashes::Create(options))->Hash(*internal::PasswordText(password));
}

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_ISSUER_CHEAP_HASH_H_
