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
  explicit JsonBuilder(JsonDocument* document) : document_(document) {}

  // Recurses at most kMaxJsonDepth deep: the parser has refused anything deeper.
  absl::Status Add(const dom::element& element, absl::string_view name, int depth = 1) {
    using Kind = JsonValue::Kind;
    const uint32_t index = static_cast<uint32_t>(document_->nodes_.size());
    document_->nodes_.emplace_back();
    JsonDocument::Node node{};
    node.name_offset = Store(name);
    node.name_size = static_cast<uint32_t>(name.size());
    switch (element.type()) {
      case dom::element_type::NULL_VALUE:
        node.kind = Kind::kNull;
        break;
      case dom::element_type::BOOL:
        node.kind = Kind::kBool;
        node.boolean = element.get_bool().value_unsafe();
        break;
      case dom::element_type::INT64:
        node.kind = Kind::kInteger;
        node.integer = element.get_int64().value_unsafe();
        break;
      case dom::element_type::UINT64:
        node.kind = Kind::kUnsigned;
        node.unsigned_integer = element.get_uint64().value_unsafe();
        break;
      case dom::element_type::DOUBLE:
        node.kind = Kind::kDouble;
        node.number = element.get_double().value_unsafe();
        break;
      case dom::element_type::STRING: {
        const auto text = element.get_string().value_unsafe();
        node.kind = Kind::kString;
        node.offset = Store({text.data(), text.size()});
        node.count = static_cast<uint32_t>(text.size());
        break;
      }
      case dom::element_type::ARRAY: {
        if (depth > kMaxJsonDepth) return FromSimdjson(simdjson::DEPTH_ERROR);
        node.kind = Kind::kArray;
        const dom::array array = element.get_array().value_unsafe();
        for (const dom::element child : array) {
          ++node.count;
          if (absl::Status status = Add(child, {}, depth + 1); !status.ok()) return status;
        }
        break;
      }
      case dom::element_type::OBJECT: {
        if (depth > kMaxJsonDepth) return FromSimdjson(simdjson::DEPTH_ERROR);
        node.kind = Kind::kObject;
        const dom::object object = element.get_object().value_unsafe();
        for (const auto& member : object) {
          ++node.count;
          absl::Status status =
              Add(member.value, {member.key.data(), member.key.size()}, depth + 1);
          if (!status.ok()) return status;
        }
        break;
      }
      default:  // Newer parsers have a kind of their own for integers past uint64.
        return FromSimdjson(simdjson::NUMBER_ERROR);
    }
    node.next = static_cast<uint32_t>(document_->nodes_.size());
    document_->nodes_[index] = node;
    if (node.kind == Kind::kObject && HasDuplicates(index)) {
      return Fault("a duplicate member name");
    }
    return absl::OkStatus();
  }

 private:
  uint32_t Store(absl::string_view text) {
    const uint32_t offset = static_cast<uint32_t>(document_->strings_->size());
    document_->strings_->append(text.data(), text.size());
    return offset;
  }

  absl::string_view NameOf(uint32_t index) const {
    const JsonDocument::Node& node = document_->nodes_[index];
    return absl::string_view(*document_->strings_).substr(node.name_offset, node.name_size);
  }

  bool HasDuplicates(uint32_t object) {
    const JsonDocument::Node& node = document_->nodes_[object];
    if (node.count > kFewMembers) {
      std::vector<absl::string_view> names;
      names.reserve(node.count);
      for (uint32_t i = object + 1; i != node.next; i = document_->nodes_[i].next) {
        names.push_back(NameOf(i));
      }
      std::sort(names.begin(), names.end());
      return std::adjacent_find(names.begin(), names.end()) != names.end();
    }
    for (uint32_t i = object + 1; i != node.next; i = document_->nodes_[i].next) {
      for (uint32_t j = object + 1; j != i; j = document_->nodes_[j].next) {
        if (NameOf(i) == NameOf(j)) return true;
      }
    }
    return false;
  }

  JsonDocument* document_;
};

namespace {

// A parser whose buffers are overwritten with it.
class CleansingParser {
 public:
  ~CleansingParser() {
    if (parser_.doc.string_buf != nullptr) Cleanse(parser_.doc.string_buf.get(), string_bytes_);
    Cleanse(&padded_[0], padded_.size());
  }

  simdjson::simdjson_result<dom::element> Parse(absl::string_view text) {
    // Room first: growing later would leave a copy of the text behind.
    padded_.reserve(text.size() + simdjson::SIMDJSON_PADDING);
    padded_.assign(text.data(), text.size());
    padded_.resize(text.size() + simdjson::SIMDJSON_PADDING);
    // A string takes five bytes beside its own there, and three in the text (`"",`).
    string_bytes_ = 5 * text.size() / 3;
    if (const auto error = parser_.allocate(std::max<size_t>(text.size(), 1), kParserDepth)) {
      return error;
    }
    return parser_.parse(padded_.data(), text.size(), /*realloc_if_needed=*/false);
  }

 private:
  dom::parser parser_;
  std::string padded_;
  size_t string_bytes_ = 0;
};

}  // namespace

absl::StatusOr<JsonDocument> JsonDocument::ParseObject(absl::string_view text) {
  if (absl::Status status = CheckText(text); !status.ok()) return status;
  // One parser a thread keeps its buffers between texts.
  thread_local dom::parser parser;
  if (parser.capacity() < text.size() || parser.capacity() == 0) {
    const size_t capacity = std::max<size_t>(text.size(), 4096);
    if (const auto error = parser.allocate(capacity, kParserDepth)) return FromSimdjson(error);
  }
  dom::element root;
  if (const auto error = parser.parse(text.data(), text.size()).get(root)) {
    return FromSimdjson(error);
  }
  if (!root.is_object()) return Fault("the text is not an object");
  JsonDocument document;
  document.nodes_.reserve(32);
  document.strings_->reserve(text.size());
  if (absl::Status status = JsonBuilder(&document).Add(root, {}); !status.ok()) return status;
  return document;
}

absl::StatusOr<JsonDocument> JsonDocument::ParseSecretObject(absl::string_view text) {
  if (absl::Status status = CheckText(text); !status.ok()) return status;
  CleansingParser parser;
  dom::element root;
  if (const auto error = parser.Parse(text).get(root)) return FromSimdjson(error);
  if (!root.is_object()) return Fault("the text is not an object");
  JsonDocument document;
  document.secret_ = true;
  document.strings_->reserve(text.size());  // Never reallocated, so no copy is left behind.
  if (absl::Status status = JsonBuilder(&document).Add(root, {}); !status.ok()) return status;
  return document;
}

JsonDocument::~JsonDocument() {
  if (secret_ && strings_ != nullptr) Cleanse(&(*strings_)[0], strings_->size());
}

JsonValue::Kind JsonValue::kind() const { return document_->nodes_[index_].kind; }
bool JsonValue::boolean() const { return document_->nodes_[index_].boolean; }
int64_t JsonValue::integer() const { return document_->nodes_[index_].integer; }
uint64_t JsonValue::unsigned_integer() const { return document_->nodes_[index_].unsigned_integer; }
double JsonValue::number() const { return document_->nodes_[index_].number; }
uint32_t JsonValue::size() const { return document_->nodes_[index_].count; }

absl::string_view JsonValue::string() const {
  const JsonDocument::Node& node = document_->nodes_[index_];
  return absl::string_view(*document_->strings_).substr(node.offset, node.count);
}

absl::string_view JsonValue::name() const {
  const JsonDocument::Node& node = document_->nodes_[index_];
  return absl::string_view(*document_->strings_).substr(node.name_offset, node.name_size);
}

std::optional<JsonValue> JsonValue::Find(absl::string_view name) const {
  if (!is(Kind::kObject)) return std::nullopt;
  for (const JsonValue member : *this) {
    if (member.name() == name) return member;
  }
  return std::nullopt;
}

JsonValue::Iterator JsonValue::begin() const { return Iterator(document_, index_ + 1); }
JsonValue::Iterator JsonValue::end() const {
  return Iterator(document_, document_->nodes_[index_].next);
}

JsonValue::Iterator& JsonValue::Iterator::operator++() {
  index_ = document_->nodes_[index_].next;
  return *this;
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
