// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/json.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lanyard/sdk/internal/secret.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard::internal {
namespace {

namespace dom = simdjson::dom;

// A text past this is refused; tokens and key sets have lower limits of their own.
constexpr size_t kMaxJsonBytes = size_t{4} << 20;

// simdjson refuses the depth that it is given unless the innermost value is empty; JsonBuilder
// counts exactly.
constexpr size_t kParserDepth = kMaxJsonDepth + 1;

// Below this many members every pair of names is compared; above, the names are sorted.
constexpr size_t kFewMembers = 16;

absl::Status Fault(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("not strict JSON: ", what));
}

// What newer parsers are lenient about.
absl::Status CheckText(absl::string_view text) {
  if (text.size() > kMaxJsonBytes) return Fault("too long");
  if (absl::StartsWith(text, "\xef\xbb\xbf")) return Fault("a byte order mark");
  return absl::OkStatus();
}

absl::Status FromSimdjson(simdjson::error_code error) {
  switch (error) {
    case simdjson::DEPTH_ERROR:
      return Fault(absl::StrCat("nested more than ", kMaxJsonDepth, " deep"));
    case simdjson::UTF8_ERROR:
      return Fault("not UTF-8");
    case simdjson::STRING_ERROR:
      return Fault("a bad escape or surrogate in a string");
    case simdjson::UNCLOSED_STRING:
      return Fault("a string that does not end");
    case simdjson::UNESCAPED_CHARS:
      return Fault("a control character in a string");
    case simdjson::NUMBER_ERROR:
      return Fault("a malformed number, or one out of range");
    case simdjson::EMPTY:
      return Fault("empty");
    case simdjson::CAPACITY:
      return Fault("too long");
    default:
      return Fault("bad syntax");
  }
}

}  // namespace

// Copies simdjson's tape into our own nodes, checking member names on the way.
class JsonBuilder {
 public:
  explicit JsonBuilder(JsonDocument* document)
      : document_(document),
        next_quote_(document->text().data()),
        has_escapes_(document->text().find('\\') != absl::string_view::npos) {}

  absl::Status AddRoot(const dom::element& root) {
    if (!root.is_object()) return Fault("the text is not an object");
    switch (Add(root, {0, 0}, 1)) {
      case Problem::kNone:
        return absl::OkStatus();
      case Problem::kDepth:
        return FromSimdjson(simdjson::DEPTH_ERROR);
      case Problem::kNumber:
        return FromSimdjson(simdjson::NUMBER_ERROR);
      case Problem::kDuplicate:
        break;
    }
    return Fault("a duplicate member name");
  }

 private:
  enum class Problem { kNone, kDepth, kNumber, kDuplicate };
  struct Part {
    uint32_t offset, size;
  };

  // Recurses at most kMaxJsonDepth deep: the parser has refused anything deeper.
  Problem Add(const dom::element& element, Part name, int depth) {
    using Kind = JsonValue::Kind;
    const size_t index = document_->nodes_.size();
    JsonDocument::Node& node = document_->nodes_.emplace_back();
    node.next = static_cast<uint32_t>(index + 1);
    node.name_offset = name.offset;
    node.name_size = name.size;
    switch (element.type()) {
      case dom::element_type::NULL_VALUE:
        node.kind = Kind::kNull;
        return Problem::kNone;
      case dom::element_type::BOOL:
        node.kind = Kind::kBool;
        node.boolean = element.get_bool().value_unsafe();
        return Problem::kNone;
      case dom::element_type::INT64:
        node.kind = Kind::kInteger;
        node.integer = element.get_int64().value_unsafe();
        return Problem::kNone;
      case dom::element_type::UINT64:
        node.kind = Kind::kUnsigned;
        node.unsigned_integer = element.get_uint64().value_unsafe();
        return Problem::kNone;
      case dom::element_type::DOUBLE:
        node.kind = Kind::kDouble;
        node.number = element.get_double().value_unsafe();
        return Problem::kNone;
      case dom::element_type::STRING: {
        const auto text = element.get_string().value_unsafe();
        const Part part = Place({text.data(), text.size()});
        node.kind = Kind::kString;
        node.offset = part.offset;
        node.count = part.size;
        return Problem::kNone;
      }
      case dom::element_type::ARRAY:
      case dom::element_type::OBJECT:
        if (depth > kMaxJsonDepth) return Problem::kDepth;
        return AddChildren(element, index, depth);
      default:  // Newer parsers have a kind of their own for integers past uint64.
        return Problem::kNumber;
    }
  }

  Problem AddChildren(const dom::element& element, size_t index, int depth) {
    uint32_t count = 0;
    const bool is_object = element.is_object();
    if (is_object) {
      const dom::object object = element.get_object().value_unsafe();
      for (const auto& member : object) {
        ++count;
        const Part part = Place({member.key.data(), member.key.size()});
        const Problem problem = Add(member.value, part, depth + 1);
        if (problem != Problem::kNone) return problem;
      }
    } else {
      const dom::array array = element.get_array().value_unsafe();
      for (const dom::element child : array) {
        ++count;
        const Problem problem = Add(child, {0, 0}, depth + 1);
        if (problem != Problem::kNone) return problem;
      }
    }
    // Not a reference from before: the nodes may have moved.
    JsonDocument::Node& node = document_->nodes_[index];
    node.kind = is_object ? JsonValue::Kind::kObject : JsonValue::Kind::kArray;
    node.count = count;
    node.next = static_cast<uint32_t>(document_->nodes_.size());
    return is_object && HasDuplicates(node) ? Problem::kDuplicate : Problem::kNone;
  }

  // Where a string stands in the document's bytes. Strings come in the order of the text, and
  // nothing but a string has a quote in it, so the next one begins at the next quote; only what has
  // an escape in it is stored.
  Part Place(absl::string_view decoded) {
    std::string& bytes = *document_->bytes_;
    const auto size = static_cast<uint32_t>(decoded.size());
    const char* begin = next_quote_;
    while (*begin != '"') ++begin;
    ++begin;
    const auto offset = static_cast<uint32_t>(begin - bytes.data());
    // Quotes that are not escaped end it.
    if (!has_escapes_ || (begin[size] == '"' && absl::string_view(begin, size) == decoded)) {
      next_quote_ = begin + size + 1;
      return {offset, size};
    }
    const char* end = begin;
    for (; *end != '"'; ++end) {
      if (*end == '\\') ++end;
    }
    const auto behind = end + 1 - bytes.data();
    const auto added = static_cast<uint32_t>(bytes.size());
    bytes.append(decoded.data(), decoded.size());
    next_quote_ = bytes.data() + behind;  // The bytes may have moved.
    return {added, size};
  }

  absl::string_view NameOf(uint32_t index) const {
    const JsonDocument::Node& node = document_->nodes_[index];
    return {document_->bytes_->data() + node.name_offset, node.name_size};
  }

  bool HasDuplicates(const JsonDocument::Node& node) {
    const auto object = static_cast<uint32_t>(&node - document_->nodes_.data());
    if (node.count > kFewMembers) {
      std::vector<absl::string_view> names;
      names.reserve(node.count);
      for (uint32_t i = object + 1; i != node.next; i = document_->nodes_[i].next) {
        names.push_back(NameOf(i));
      }
      std::sort(names.begin(), names.end());
      return std::adjacent_find(names.begin(), names.end()) != names.end();
    }
    absl::string_view names[kFewMembers];
    size_t count = 0;
    for (uint32_t i = object + 1; i != node.next; i = document_->nodes_[i].next) {
      const absl::string_view name = NameOf(i);
      for (size_t j = 0; j < count; ++j) {
        // Most differ in length or first byte, which costs no call.
        if (names[j].size() == name.size() && (name.empty() || names[j][0] == name[0]) &&
            names[j] == name) {
          return true;
        }
      }
      names[count++] = name;
    }
    return false;
  }

  JsonDocument* document_;
  const char* next_quote_;  // Where to look for it: behind the last string.
  const bool has_escapes_;
};

namespace {

// What a parser needs behind a text.
constexpr size_t kPadding = simdjson::SIMDJSON_PADDING;

// A parser whose buffers are overwritten with it.
class CleansingParser {
 public:
  ~CleansingParser() {
    if (parser_.doc.string_buf != nullptr) Cleanse(parser_.doc.string_buf.get(), string_bytes_);
  }

  simdjson::simdjson_result<dom::element> Parse(const std::string& padded, size_t size) {
    // A string takes five bytes beside its own there, and three in the text (`"",`).
    string_bytes_ = 5 * size / 3;
    if (const auto error = parser_.allocate(std::max<size_t>(size, 1), kParserDepth)) return error;
    return parser_.parse(padded.data(), size, /*realloc_if_needed=*/false);
  }

 private:
  dom::parser parser_;
  size_t string_bytes_ = 0;
};

}  // namespace

absl::StatusOr<JsonDocument> JsonDocument::ParseObject(absl::string_view text) {
  JsonDocument document;
  if (absl::Status status = document.ReadObject(text); !status.ok()) return status;
  return document;
}

absl::Status JsonDocument::ReadObject(absl::string_view text) {
  if (absl::Status status = CheckText(text); !status.ok()) return status;
  // One parser a thread keeps its buffers between texts.
  thread_local dom::parser parser;
  if (parser.capacity() < text.size() || parser.capacity() == 0) {
    const size_t capacity = std::max<size_t>(text.size(), 4096);
    if (const auto error = parser.allocate(capacity, kParserDepth)) return FromSimdjson(error);
  }
  TakeText(text, text.size() + kPadding);
  dom::element root;
  if (const auto error =
          parser.parse(bytes_->data(), text.size(), /*realloc_if_needed=*/false).get(root)) {
    return FromSimdjson(error);
  }
  nodes_.reserve(32);
  return JsonBuilder(this).AddRoot(root);
}

absl::StatusOr<JsonDocument> JsonDocument::ParseSecretObject(absl::string_view text) {
  if (absl::Status status = CheckText(text); !status.ok()) return status;
  JsonDocument document;
  document.secret_ = true;
  // Room for what escaped strings mean too: growing later would leave a copy behind.
  document.TakeText(text, 2 * text.size() + kPadding);
  CleansingParser parser;
  dom::element root;
  if (const auto error = parser.Parse(*document.bytes_, text.size()).get(root)) {
    return FromSimdjson(error);
  }
  if (absl::Status status = JsonBuilder(&document).AddRoot(root); !status.ok()) return status;
  return document;
}

void JsonDocument::TakeText(absl::string_view text, size_t room) {
  nodes_.clear();
  if (bytes_ == nullptr) bytes_ = std::make_unique<std::string>();
  bytes_->clear();
  bytes_->reserve(room);
  bytes_->assign(text.data(), text.size());
  // The parser reads past the end, into memory that is there.
  bytes_->resize(text.size() + kPadding);
  bytes_->resize(text.size());
  text_size_ = text.size();
}

JsonDocument::~JsonDocument() {
  if (secret_ && bytes_ != nullptr) Cleanse(&(*bytes_)[0], bytes_->size());
}

std::optional<JsonValue> JsonValue::Find(absl::string_view name) const {
  if (!is(Kind::kObject)) return std::nullopt;
  for (const JsonValue member : *this) {
    if (member.name() == name) return member;
  }
  return std::nullopt;
}

void AppendJsonString(absl::string_view text, std::string* out) {
  const auto escape = [out](uint32_t unit) { absl::StrAppendFormat(out, "\\u%04x", unit); };
  out->push_back('"');
  for (size_t position = 0; position < text.size();) {
    const size_t begin = position;
    const auto code_point = NextCodePoint(text, &position);
    const absl::string_view bytes = text.substr(begin, position - begin);
    if (!code_point.has_value()) {
      absl::StrAppend(out, bytes);  // Which no reader takes.
    } else if (bytes == "\"" || bytes == "\\") {
      absl::StrAppend(out, "\\", bytes);
    } else if (!ActsOnTerminal(*code_point)) {
      absl::StrAppend(out, bytes);
    } else if (*code_point < 0x10000) {
      escape(*code_point);
    } else {
      escape(0xd800 + ((*code_point - 0x10000) >> 10));
      escape(0xdc00 + ((*code_point - 0x10000) & 0x3ff));
    }
  }
  out->push_back('"');
}

}  // namespace lanyard::internal
