// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/key_output.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/sdk/internal/private_file.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/tools/usage_error.h"

namespace lanyard::tools {

Option OutOption() {
  return {"--out", "FILE", "write to this new file, mode 0600, in place of standard output"};
}

Option ForceOption() { return {"--force", "", "let --out replace a file that exists"}; }

std::string KeyList(const std::vector<Key>& keys) {
  std::string list = "[";
  for (const Key& key : keys) {
    internal::JsonObject object;
    object.Text("kid", key.id()).Text("kty", key.type());
    if (key.algorithm().has_value()) object.Text("alg", AlgorithmName(*key.algorithm()));
    if (!key.is_hmac()) object.Text("thumbprint", key.Thumbprint());
    absl::StrAppend(&list, list.size() == 1 ? "" : ",", object.Finish());
  }
  return list + "]";
}

absl::StatusOr<int> WriteKeys(const Arguments& arguments, const std::vector<Key>& keys,
                              const std::string& format, const internal::Secret& text,
                              Streams& streams) {
  const bool to_file = arguments.Has("--out");
  if (arguments.Has("--force") && !to_file) {
    return UsageError("--force is for --out FILE, which is not given");
  }
  if (arguments.Value("--out") == "-") {
    return UsageError("--out -: standard output is where keys go without --out");
  }
  const absl::string_view line_end = absl::EndsWith(text.view(), "\n") ? "" : "\n";
  const std::string path = arguments.Value("--out");
  if (to_file) {
    std::string content = absl::StrCat(text.view(), line_end);
    internal::ScopedCleanse cleanse(&content);
    const absl::Status status = internal::WritePrivateFile(path, content, arguments.Has("--force"));
    if (!status.ok()) return status;
  }
  if (arguments.json()) {
    internal::JsonObject object;
    object.Bool("ok", true).Text("format", format).Json("keys", KeyList(keys));
    if (to_file) {
      object.Text("file", path);
    } else if (format == "pem") {
      object.Text("key", text.view());
    } else {
      object.Json("key", text.view());
    }
    streams.out << object.Finish() << "\n";
  } else if (!to_file) {
    streams.out << text.view() << line_end;
  } else {
    for (const Key& key : keys) {
      streams.err << "wrote key " << internal::Printable(key.id()) << " to "
                  << internal::Printable(path) << "\n";
    }
  }
  return 0;
}

}  // namespace lanyard::tools
