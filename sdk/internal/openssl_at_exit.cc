// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/openssl_at_exit.h"

#include <dlfcn.h>

#include <cstdint>
#include <mutex>

namespace lanyard::internal {

void KeepOpenSslAtExit() {
  // OPENSSL_init_crypto(3): OPENSSL_INIT_NO_ATEXIT. By its name, because Lanyard itself is built
  // with BoringSSL's headers and linked to no OpenSSL.
  using Init = int (*)(std::uint64_t options, const void* settings);
  constexpr std::uint64_t kNoAtExit = 0x00080000;
  static std::once_flag once;
  std::call_once(once, [] {
    const auto init = reinterpret_cast<Init>(dlsym(RTLD_DEFAULT, "OPENSSL_init_crypto"));
    if (init != nullptr) (void)init(kNoAtExit, nullptr);
  });
}

}  // namespace lanyard::internal
