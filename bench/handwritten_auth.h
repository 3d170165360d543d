// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_BENCH_HANDWRITTEN_AUTH_H_
#define LANYARD_BENCH_HANDWRITTEN_AUTH_H_

#include <memory>
#include <string>

#include "lanyard/sdk/keys/key.h"

namespace grpc {
class AuthMetadataProcessor;
class CallCredentials;
}  // namespace grpc

namespace lanyard::bench {

// What people write who have no library for it, at its best: it does not block, and uses the same
// parsers and the same cryptography as Lanyard. It checks each token anew, has one rule for all
// methods, and does not tell handlers who calls.
std::shared_ptr<grpc::AuthMetadataProcessor> HandwrittenProcessor(Key key, std::string issuer);

// Lets in who has this very token and checks nothing else: the floor of what any check costs.
std::shared_ptr<grpc::AuthMetadataProcessor> ComparingProcessor(const std::string& token);

// Adds the same token to every call.
std::shared_ptr<grpc::CallCredentials> HandwrittenCredentials(std::string token);

}  // namespace lanyard::bench

#endif  // LANYARD_BENCH_HANDWRITTEN_AUTH_H_
