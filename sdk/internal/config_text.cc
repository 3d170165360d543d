// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/config_text.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>

#include <array>
#include <optional>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "lanyard/sdk/internal/config_variables.h"
#include "lanyard/sdk/internal/nearest_name.h"
#include "lanyard/sdk/internal/redaction.h"
#include "lanyard/sdk/version.h"

namespace lanyard::internal {
namespace {

// What the text format's parser says, with the field that was most likely meant where it knows none
// of that name: Message type "lanyard.v1.Allow" has no field named "all_scope".
std::string WithNearestField(const std::string& message,
                             const google::protobuf::DescriptorPool& pool) {
  const std::vector<std::string> parts = absl::StrSplit(message, '"');
  if (parts.size() != 5 || parts[2] != " has no field named ") return message;
  const auto* type = pool.FindMessageTypeByName(parts[1]);
  if (type == nullptr) return message;
  std::vector<std::string> fields;
  for (int i = 0; i < type->field_count(); ++i) fields.emplace_back(type->field(i)->name());
  const std::string meant = DidYouMean(parts[3], fields);
  return meant.empty() ? message : absl::StrCat(absl::StripSuffix(message, "."), meant);
}

// Keeps the first error, with its place.
class FirstError final : public google::protobuf::io::ErrorCollector {
 public:
  FirstError(absl::string_view file, const google::protobuf::DescriptorPool& pool)
      : file_(file), pool_(pool) {}
  void AddError(int line, int column, const std::string& message) override {
    if (!text_.empty()) return;
    text_ = absl::StrCat(file_, ":", line + 1, ":", column + 1, ": ",
                         WithNearestField(WithoutSecrets(message), pool_));
  }
  // Newer protobufs call this one, and take string views.
  void RecordError(int line, int column, absl::string_view message) {
    AddError(line, column, std::string(message));
  }
  const std::string& text() const { return text_; }

 private:
  const std::string file_;
  const google::protobuf::DescriptorPool& pool_;
  std::string text_;
};

// "1.2.3" in numbers.
std::optional<std::array<int, 3>> VersionOf(absl::string_view text) {
  const std::vector<std::string> parts = absl::StrSplit(text, '.');
  std::array<int, 3> version;
  if (parts.size() != version.size()) return std::nullopt;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!absl::SimpleAtoi(parts[i], &version[i]) || version[i] < 0) return std::nullopt;
  }
  return version;
}

// What min_lanyard_version says, by the words alone: the rest may be a mystery. Empty without it.
std::string MinVersionIn(absl::string_view text, const std::string& file,
                         const google::protobuf::DescriptorPool& pool) {
  FirstError ignored(file, pool);  // The parser will name it.
  google::protobuf::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
  google::protobuf::io::Tokenizer tokens(&stream, &ignored);
  tokens.set_comment_style(google::protobuf::io::Tokenizer::SH_COMMENT_STYLE);
  int depth = 0;
  int words = 0;  // Of "min_lanyard_version :" seen in a row.
  while (tokens.Next()) {
    const auto& token = tokens.current();
    if (words == 2 && token.type == google::protobuf::io::Tokenizer::TYPE_STRING) {
      std::string version;
      google::protobuf::io::Tokenizer::ParseStringAppend(token.text, &version);
      return version;
    }
    depth += token.text == "{" || token.text == "<";
    depth -= token.text == "}" || token.text == ">";
    words = depth == 0 && token.text == "min_lanyard_version" ? 1
            : words == 1 && token.text == ":"                 ? 2
                                                              : 0;
  }
  return "";
}

// Looked at before all else: what a newer Lanyard reads may be a mystery to this one.
absl::Status CheckVersion(absl::string_view text, const std::string& file,
                          const google::protobuf::DescriptorPool& pool) {
  const std::string text_of_version = MinVersionIn(text, file, pool);
  if (text_of_version.empty()) return absl::OkStatus();
  const auto wanted = VersionOf(text_of_version);
  if (!wanted.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": min_lanyard_version: \"",
                                                   text_of_version,
                                                   "\" is not a version, as in \"0.2.0\""));
  }
  if (*wanted <= *VersionOf(kLanyardVersion)) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(file, ": this config needs Lanyard ", text_of_version,
                   " or newer (min_lanyard_version), and this is ", kLanyardVersion));
}

}  // namespace

absl::Status ConfigText::Parse(absl::string_view text, const std::string& file,
                               google::protobuf::Message* config) {
  file_ = file;
  type_ = config->GetDescriptor();
  const google::protobuf::DescriptorPool& pool = *type_->file()->pool();
  if (absl::Status status = CheckVersion(text, file, pool); !status.ok()) return status;
  FirstError error(file, pool);
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  parser.WriteLocationsTo(&tree_);
  if (parser.ParseFromString(std::string(text), config)) return absl::OkStatus();
  return absl::InvalidArgumentError(error.text().empty() ? absl::StrCat(file, ": not a config")
                                                         : error.text());
}

absl::Status ConfigText::CheckEachHasItsLine(const char* field, int count) const {
  // In list syntax they share one.
  if (count == 0 || tree_.GetLocation(type_->FindFieldByName(field), count - 1).line >= 0) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(file_, ": write ", field,
                                                 " { … } once for each, not as a list ", field,
                                                 ": [ … ], so that messages can name their lines"));
}

std::string ConfigText::PlaceOf(const char* field, int index) const {
  const auto location = tree_.GetLocation(type_->FindFieldByName(field), index);
  return location.line < 0 ? file_ : absl::StrCat(file_, ":", location.line + 1);
}

absl::Status ExpandConfigPart(google::protobuf::Message* part, const std::string& place,
                              absl::string_view what) {
  const absl::Status status = ExpandVariables(part);
  if (status.ok()) return status;
  return absl::InvalidArgumentError(absl::StrCat(place, ": ", what, ": ", status.message()));
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash == 0 ? 1 : slash);
}

void AnchorPath(const std::string& folder, std::string* path) {
  if (path->empty() || folder.empty() || absl::StartsWith(*path, "/")) return;
  *path = absl::StrCat(folder, "/", *path);
}

}  // namespace lanyard::internal
