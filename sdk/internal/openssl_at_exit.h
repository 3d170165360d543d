// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_OPENSSL_AT_EXIT_H_
#define LANYARD_SDK_INTERNAL_OPENSSL_AT_EXIT_H_

namespace lanyard::internal {

// Debian's gRPC uses a shared OpenSSL, which takes itself down at exit, under the feet of threads
// of gRPC that shake hands or read a certificate just then: channels live on for a while after they
// are dropped. This has it stay until the process is gone.
//
// What uses OpenSSL first in a process decides that, so it is called before gRPC's TLS and libcurl
// are used. Does nothing where gRPC brings a BoringSSL of its own, which never takes itself down.
// Thread-safe.
void KeepOpenSslAtExit();

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_OPENSSL_AT_EXIT_H_
