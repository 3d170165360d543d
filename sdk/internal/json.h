// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_JSON_H_
#define LANYARD_SDK_INTERNAL_JSON_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lanyard::internal {

// The one JSON reader, for headers, claims and keys (RFC 8259), strict and bounded:
//   - UTF-8 only, no byte order mark, no lone surrogates, nothing after the value;
//   - duplicate member names are refused at every depth, compared after unescaping (RFC 7519 4);
//   - at most kMaxJsonDepth levels of nesting, by a parser that does not recurse;
//   - integers are exact: int64, or uint64 above it; larger ones are refused, as are doubles
//     beyond the range of a double. A number with a fraction or an exponent is a double.
inline constexpr int kMaxJsonDepth = 32;

class JsonDocument;

// One value inside a JsonDocument; valid as long as the document lives.
class JsonValue {
 public:
  enum class Kind : uint8_t {
    kNull,
    kBool,
    kInteger,
    kUnsigned,
    kDouble,
    kString,
    kArray,
    kObject
  };

  Kind kind() const;
  bool is(Kind kind) const { return this->kind() == kind; }

  // Each is for its own kind only. Strings and names stand in JsonDocument::bytes().
  bool boolean() const;
  int64_t integer() const;
  uint64_t unsigned_integer() const;
  double number() const;
  absl::string_view string() const;

  // The name of this member, when its parent is an object.
  absl::string_view name() const;

  // The member of that name, if this is an object that has one.
  std::optional<JsonValue> Find(absl::string_view name) const;

  // The elements of an array or the members of an object, in order.
  class Iterator;
  Iterator begin() const;
  Iterator end() const;
  // How many there are.
  uint32_t size() const;

 private:
  friend class JsonDocument;
  JsonValue(const JsonDocument* document, uint32_t index) : document_(document), index_(index) {}

  const JsonDocument* document_;  // Not owned.
  uint32_t index_;
};

// A parsed JSON text whose root is an object. Owns all the strings.
class JsonDocument {
 public:
  // Without a root until Read() has succeeded.
  JsonDocument() = default;

  // Failures name the first fault in words that are safe to log: no part of the text.
  static absl::StatusOr<JsonDocument> ParseObject(absl::string_view text);

  // The same, in place of what was read before, into the memory that it leaves.
  absl::Status ReadObject(absl::string_view text);

  // The same for a text that holds secrets: every buffer is overwritten when done with.
  static absl::StatusOr<JsonDocument> ParseSecretObject(absl::string_view text);

  JsonDocument(JsonDocument&&) = default;
  JsonDocument& operator=(JsonDocument&&) = default;
  ~JsonDocument();

  JsonValue root() const { return JsonValue(this, 0); }

  // The text, and after it what its escaped strings mean: every string() and name() is a part of
  // these bytes.
  absl::string_view bytes() const { return *bytes_; }
  absl::string_view text() const { return bytes().substr(0, text_size_); }

 private:
  friend class JsonValue;
  friend class JsonBuilder;

  struct Node {
    JsonValue::Kind kind;
    uint32_t next;  // The index after this value and all that is in it.
    uint32_t name_offset, name_size;
    uint32_t count;  // Children of an array or object; bytes of a string.
    union {
      bool boolean;
      int64_t integer;
      uint64_t unsigned_integer;
      double number;
      uint32_t offset;
    };
  };

  void TakeText(absl::string_view text, size_t room);

  std::vector<Node> nodes_;
  // unique_ptr, so that moving the document leaves no copy of a short string behind.
  std::unique_ptr<std::string> bytes_;
  size_t text_size_ = 0;
  bool secret_ = false;
};

class JsonValue::Iterator {
 public:
  JsonValue operator*() const { return JsonValue(document_, index_); }
  Iterator& operator++();
  bool operator!=(const Iterator& other) const { return index_ != other.index_; }

 private:
  friend class JsonValue;
  Iterator(const JsonDocument* document, uint32_t index) : document_(document), index_(index) {}

  const JsonDocument* document_;
  uint32_t index_;
};

inline JsonValue::Kind JsonValue::kind() const { return document_->nodes_[index_].kind; }
inline bool JsonValue::boolean() const { return document_->nodes_[index_].boolean; }
inline int64_t JsonValue::integer() const { return document_->nodes_[index_].integer; }
inline uint64_t JsonValue::unsigned_integer() const {
  return document_->nodes_[index_].unsigned_integer;
}
inline double JsonValue::number() const { return document_->nodes_[index_].number; }
inline uint32_t JsonValue::size() const { return document_->nodes_[index_].count; }
inline absl::string_view JsonValue::string() const {
  const JsonDocument::Node& node = document_->nodes_[index_];
  return {document_->bytes_->data() + node.offset, node.count};
}
inline absl::string_view JsonValue::name() const {
  const JsonDocument::Node& node = document_->nodes_[index_];
  return {document_->bytes_->data() + node.name_offset, node.name_size};
}
inline JsonValue::Iterator JsonValue::begin() const { return Iterator(document_, index_ + 1); }
inline JsonValue::Iterator JsonValue::end() const {
  return Iterator(document_, document_->nodes_[index_].next);
}
inline JsonValue::Iterator& JsonValue::Iterator::operator++() {
  index_ = document_->nodes_[index_].next;
  return *this;
}

// Appends a JSON string literal with its quotes; control characters are escaped.
void AppendJsonString(absl::string_view text, std::string* out);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_JSON_H_
