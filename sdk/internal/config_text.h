// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_CONFIG_TEXT_H_
#define LANYARD_SDK_INTERNAL_CONFIG_TEXT_H_

#include <google/protobuf/text_format.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace google::protobuf {
class Message;
}

namespace lanyard::internal {

// One text of a config, in text format, and where its parts stand.
class ConfigText {
 public:
  // Puts `text` into `config`, an empty message. The error names the file, the line and, for an
  // unknown field, the one that was most likely meant. A text that says min_lanyard_version, above
  // this Lanyard's, is refused before all else.
  absl::Status Parse(absl::string_view text, const std::string& file,
                     google::protobuf::Message* config);

  // An error unless each element of these repeated messages has a line of its own.
  absl::Status CheckEachHasItsLine(const char* field, int count) const;

  // "FILE:LINE" of a field of the whole config, "FILE" where it does not stand there; `index` is -1
  // for one that is not repeated.
  std::string PlaceOf(const char* field, int index = -1) const;

 private:
  std::string file_;
  const google::protobuf::Descriptor* type_ = nullptr;
  google::protobuf::TextFormat::ParseInfoTree tree_;
};

// Puts variables into a part of a config; the error names it.
absl::Status ExpandConfigPart(google::protobuf::Message* part, const std::string& place,
                              absl::string_view what);

// The folder of a config file, empty for the working directory.
std::string FolderOf(const std::string& path);

// Makes a path of a config relative to the folder of its file.
void AnchorPath(const std::string& folder, std::string* path);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_CONFIG_TEXT_H_
