// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_BENCH_PEERS_PEER_H_
#define LANYARD_BENCH_PEERS_PEER_H_

#include <functional>
#include <string>

namespace peers {

// What a user of a JWT library has: the key, and what a token must say.
struct Expected {
  std::string algorithm, issuer, audience;
  std::string key;  // The HMAC secret, or a public key as PEM.
};

// Whether a token is good: its signature, algorithm, exp, nbf, iss and aud. What a library lets its
// users do once for a key is done before. Null where it lacks the algorithm.
using Check = std::function<bool(const std::string& token)>;

// Each has a source of its own: libjwt has a struct named jwt, and cpp-jwt a namespace.
Check Libjwt(const Expected& expected);
Check CppJwt(const Expected& expected);

// The bytes of a token that OpenSSL is given, the signature in the form that it takes.
struct SignedBytes {
  std::string message, signature;
};
SignedBytes BytesOf(const Expected& expected, const std::string& token);

// What no library on OpenSSL can do without: its verification of those bytes.
std::function<bool(const SignedBytes&)> RawOpenssl(const Expected& expected);

// The bytes that base64 with padding stands for; empty for anything else.
std::string FromBase64(const std::string& text);

}  // namespace peers

#endif  // LANYARD_BENCH_PEERS_PEER_H_
