// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_KEYS_FILE_KEY_SOURCE_H_
#define LANYARD_SDK_KEYS_FILE_KEY_SOURCE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lanyard/sdk/algorithm.h"
#include "lanyard/sdk/keys/key_source.h"

namespace lanyard {

struct FileKeySourceOptions {
  // Required. A file with a JWK Set, a JWK, or PEM blocks, or a folder of such
  // files with names that end in .jwk, .jwks, .json, .pem or .crt. Links are
  // followed anew at each look, so a Kubernetes volume may swap them.
  std::string path;

  // Required. What the keys are bound to, see KeySet::BindTo.
  std::vector<Algorithm> algorithms;

  // With kJwtSvid the file is a SPIFFE bundle.
  KeyUse use = KeyUse::kSignature;

  // How often the file is looked at.
  absl::Duration poll_interval = absl::Seconds(1);
};

// Keys in a file, or in all files of a folder, that is read again when its contents change. A file
// that is missing or broken later on never replaces good keys; that is logged once, and again when
// it is well.
//
// Thread-safe. Owns one thread, joined by the destructor.
class FileKeySource : public KeySource {
 public:
  // Fails, naming the file, if it cannot be read now or holds no usable key.
  static absl::StatusOr<std::unique_ptr<FileKeySource>> Create(FileKeySourceOptions options);

  // Looks at the file now. Returns what is wrong with it, if anything; the last good keys stay.
  virtual absl::Status Reload() = 0;
};

}  // namespace lanyard

#endif  // LANYARD_SDK_KEYS_FILE_KEY_SOURCE_H_
