// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_CRYPTO_BORINGSSL_TLS_H_
#define LANYARD_SDK_INTERNAL_CRYPTO_BORINGSSL_TLS_H_

// BoringSSL's TLS, for the file that uses it. The other header is first, because it makes sure
// whose openssl/* is found.
#include "lanyard/sdk/internal/crypto/boringssl.h"
//
#include <openssl/ssl.h>

#endif  // LANYARD_SDK_INTERNAL_CRYPTO_BORINGSSL_TLS_H_
