// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/json_message.h"

#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard::tools {
namespace {

// Control characters stand only between the tokens here, where they are the line ends of
// JsonStyle::kIndented; in strings protobuf has escaped them, but not what turns the writing
// direction.
std::string Harmless(absl::string_view json) {
  std::string out;
  for (size_t position = 0; position < json.size();) {
    const size_t start = position;
    const auto point = internal::NextCodePoint(json, &position);
    if (!point.has_value()) {
      out.push_back('?');
    } else if (*point == U'\n' || !internal::ActsOnTerminal(*point)) {
      absl::StrAppend(&out, json.substr(start, position - start));
    } else if (*point < 0x10000) {
      absl::StrAppendFormat(&out, "\\u%04x", static_cast<uint32_t>(*point));
    } else {
      const uint32_t rest = static_cast<uint32_t>(*point) - 0x10000;
      absl::StrAppendFormat(&out, "\\u%04x\\u%04x", 0xd800 + (rest >> 10), 0xdc00 + (rest & 0x3ff));
    }
  }
  return out;
}

// Far beyond any service. protobuf recurses through types that are in each other, and makes them
// all at once.
constexpr size_t kMostTypes = 2000;
constexpr size_t kMostFields = 50000;
constexpr size_t kLongestName = 250;  // What two bytes of an answer may become in JSON, about.
constexpr size_t kMostMemory = 1 << 30;

size_t LongestNameIn(const google::protobuf::FieldDescriptor& field) {
  size_t longest = field.json_name().size();
  if (const auto* type = field.enum_type(); type != nullptr) {
    for (int i = 0; i < type->value_count(); ++i) {
      longest = std::max(longest, type->value(i)->name().size());
    }
  }
  return longest;
}

absl::StatusOr<const google::protobuf::Message*> PrototypeOf(
    const google::protobuf::Descriptor& type, google::protobuf::DynamicMessageFactory& factory) {
  std::set<const google::protobuf::Descriptor*> seen = {&type};
  std::vector<const google::protobuf::Descriptor*> unread = {&type};
  size_t fields = 0;
  while (!unread.empty()) {
    const google::protobuf::Descriptor& next = *unread.back();
    unread.pop_back();
    fields += static_cast<size_t>(next.field_count());
    if (seen.size() > kMostTypes || fields > kMostFields) {
      return absl::ResourceExhaustedError(
          absl::StrCat(internal::Printable(std::string(type.full_name())), " leads to more than ",
                       kMostTypes, " types or ", kMostFields, " fields"));
    }
    for (int i = 0; i < next.field_count(); ++i) {
      if (LongestNameIn(*next.field(i)) > kLongestName) {
        return absl::ResourceExhaustedError(
            absl::StrCat(internal::Printable(std::string(next.full_name())),
                         " has a name of more than ", kLongestName, " bytes"));
      }
      const auto* inner = next.field(i)->message_type();
      if (inner != nullptr && seen.insert(inner).second) unread.push_back(inner);
    }
  }
  return factory.GetPrototype(&type);
}

// Measures the messages of an answer before they are made: an empty one is two bytes on the wire,
// and of a type with thousands of fields many kilobytes in memory.
class Memory {
 public:
  explicit Memory(google::protobuf::DynamicMessageFactory& factory) : factory_(factory) {}

  // False where they would take too much. What cannot be read, the parser tells.
  bool Suffices(const google::protobuf::Descriptor& type, const std::string& bytes) {
    google::protobuf::io::CodedInputStream input(reinterpret_cast<const uint8_t*>(bytes.data()),
                                                 static_cast<int>(bytes.size()));
    Count(type, input);
    return taken_ <= kMostMemory;
  }

 private:
  using Wire = google::protobuf::internal::WireFormatLite;

  // One message, up to the end of the input, of its limit or of the group. False ends it all.
  bool Count(const google::protobuf::Descriptor& type,
             google::protobuf::io::CodedInputStream& input) {
    taken_ += SizeOf(type);
    while (taken_ <= kMostMemory) {
      const uint32_t tag = input.ReadTag();
      if (tag == 0 || Wire::GetTagWireType(tag) == Wire::WIRETYPE_END_GROUP) return true;
      const auto* field = type.FindFieldByNumber(Wire::GetTagFieldNumber(tag));
      const auto* inner = field == nullptr ? nullptr : field->message_type();
      const bool is_group = Wire::GetTagWireType(tag) == Wire::WIRETYPE_START_GROUP;
      if (inner == nullptr ||
          (!is_group && Wire::GetTagWireType(tag) != Wire::WIRETYPE_LENGTH_DELIMITED)) {
        if (!Wire::SkipField(&input, tag)) return false;
        continue;
      }
      int size = 0;
      if (!is_group && !input.ReadVarintSizeAsInt(&size)) return false;
      if (!input.IncrementRecursionDepth()) return false;
      const auto limit = is_group ? 0 : input.PushLimit(size);
      if (!Count(*inner, input)) return false;
      if (!is_group) input.PopLimit(limit);
      input.DecrementRecursionDepth();
    }
    return false;
  }

  size_t SizeOf(const google::protobuf::Descriptor& type) {
    size_t& size = sizes_[&type];
    if (size == 0) size = factory_.GetPrototype(&type)->SpaceUsedLong();
    return size;
  }

  google::protobuf::DynamicMessageFactory& factory_;
  std::map<const google::protobuf::Descriptor*, size_t> sizes_;
  size_t taken_ = 0;
};

}  // namespace

absl::StatusOr<std::string> MessageFromJson(const google::protobuf::Descriptor& type,
                                            absl::string_view json) {
  google::protobuf::DynamicMessageFactory factory;
  const auto prototype = PrototypeOf(type, factory);
  if (!prototype.ok()) return prototype.status();
  const std::unique_ptr<google::protobuf::Message> message((*prototype)->New());
  const auto status = google::protobuf::util::JsonStringToMessage(std::string(json), message.get());
  if (!status.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the request is no ", std::string(type.full_name()), ": ", status.ToString()));
  }
  if (!message->IsInitialized()) {
    return absl::InvalidArgumentError(absl::StrCat("the request is no ",
                                                   std::string(type.full_name()), ": it lacks ",
                                                   message->InitializationErrorString()));
  }
  return message->SerializeAsString();
}

absl::StatusOr<std::string> JsonFromMessage(const google::protobuf::Descriptor& type,
                                            const std::string& bytes, JsonStyle style) {
  google::protobuf::DynamicMessageFactory factory;
  const auto prototype = PrototypeOf(type, factory);
  if (!prototype.ok()) return prototype.status();
  if (!Memory(factory).Suffices(type, bytes)) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the answer, ", bytes.size(), " bytes, would take more than 1 GiB of memory"));
  }
  const std::unique_ptr<google::protobuf::Message> message((*prototype)->New());
  if (!message->ParsePartialFromString(bytes)) {
    return absl::InternalError(absl::StrCat("the answer is no ", std::string(type.full_name()),
                                            ": are the descriptors ", "those of this server?"));
  }
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = style == JsonStyle::kIndented;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(*message, &json, options);
  if (!status.ok()) {
    return absl::InternalError(
        absl::StrCat("the answer cannot be written as JSON: ", status.ToString()));
  }
  return Harmless(json);
}

}  // namespace lanyard::tools
