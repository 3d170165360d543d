// SPDX-License-Identifier: Apache-2.0
#include "lanyard/fuzz/naive_json.h"

#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <set>

namespace lanyard::fuzz {
namespace {

using Kind = internal::JsonValue::Kind;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The code points of a UTF-8 text, by the table of RFC 3629 section 4.
bool IsUtf8(absl::string_view text) {
  size_t i = 0;
  auto next_within = [&](unsigned low, unsigned high) {
    if (++i >= text.size()) return false;
    const auto byte = static_cast<unsigned char>(text[i]);
    return byte >= low && byte <= high;
  };
  for (; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) continue;
    bool good = false;
    if (byte >= 0xc2 && byte <= 0xdf) {
      good = next_within(0x80, 0xbf);
    } else if (byte >= 0xe0 && byte <= 0xef) {
      good = next_within(byte == 0xe0 ? 0xa0 : 0x80, byte == 0xed ? 0x9f : 0xbf) &&
             next_within(0x80, 0xbf);
    } else if (byte >= 0xf0 && byte <= 0xf4) {
      good = next_within(byte == 0xf0 ? 0x90 : 0x80, byte == 0xf4 ? 0x8f : 0xbf) &&
             next_within(0x80, 0xbf) && next_within(0x80, 0xbf);
    }
    if (!good) return false;
  }
  return true;
}

void AppendUtf8(uint32_t code, std::string* out) {
  auto put = [out](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

// Recursive descent; every function is false at the first fault.
class Reader {
 public:
  explicit Reader(absl::string_view text) : text_(text) {}

  bool Whole(NaiveJson* out) {
    SkipSpace();
    if (!Value(out, 1)) return false;
    SkipSpace();
    return at_ == text_.size();
  }

 private:
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool Eat(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool EatWord(absl::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  void SkipSpace() {
    while (Eat(' ') || Eat('\t') || Eat('\n') || Eat('\r')) {
    }
  }

  bool Value(NaiveJson* out, int depth) {
    switch (Peek()) {
      case '{':
      case '[':
        return depth <= 32 && Container(out, depth);
      case '"':
        out->kind = Kind::kString;
        return String(&out->text);
      case 't':
      case 'f':
        out->kind = Kind::kBool;
        out->boolean = Peek() == 't';
        return EatWord(out->boolean ? "true" : "false");
      case 'n':
        out->kind = Kind::kNull;
        return EatWord("null");
      default:
        return Number(out);
    }
  }

  bool Container(NaiveJson* out, int depth) {
    const bool object = Peek() == '{';
    const char close = object ? '}' : ']';
    out->kind = object ? Kind::kObject : Kind::kArray;
    ++at_;
    SkipSpace();
    if (Eat(close)) return true;
    std::set<std::string> names;
    for (;;) {
      NaiveJson child;
      if (object) {
        if (!String(&child.name) || !names.insert(child.name).second) return false;
        SkipSpace();
        if (!Eat(':')) return false;
        SkipSpace();
      }
      if (!Value(&child, depth + 1)) return false;
      out->children.push_back(std::move(child));
      SkipSpace();
      if (Eat(close)) return true;
      if (!Eat(',')) return false;
      SkipSpace();
    }
  }

  bool Hex(uint32_t* code) {
    *code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char* digits = "0123456789abcdef";
      const char c = Peek() >= 'A' && Peek() <= 'F' ? static_cast<char>(Peek() + 32) : Peek();
      const char* digit = c == '\0' ? nullptr : std::strchr(digits, c);
      if (digit == nullptr) return false;
      *code = *code * 16 + static_cast<uint32_t>(digit - digits);
    }
    return true;
  }

  bool String(std::string* out) {
    if (!Eat('"')) return false;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c != '\\') {
        out->push_back(c);
        continue;
      }
      if (at_ == text_.size()) return false;
      const char escape = text_[at_++];
      if (escape == 'u') {
        uint32_t code, low;
        if (!Hex(&code)) return false;
        if (code >= 0xdc00 && code <= 0xdfff) return false;
        if (code >= 0xd800 && code <= 0xdbff) {
          if (!EatWord("\\u") || !Hex(&low) || low < 0xdc00 || low > 0xdfff) return false;
          code = 0x10000 + (code - 0xd800) * 0x400 + (low - 0xdc00);
        }
        AppendUtf8(code, out);
        continue;
      }
      const char* names = "\"\\/bfnrt";
      const char* name = escape == '\0' ? nullptr : std::strchr(names, escape);
      if (name == nullptr) return false;
      out->push_back("\"\\/\b\f\n\r\t"[name - names]);
    }
    return false;
  }

  bool Digits() {
    if (!IsDigit(Peek())) return false;
    while (IsDigit(Peek())) ++at_;
    return true;
  }

  bool Number(NaiveJson* out) {
    const size_t begin = at_;
    const bool negative = Eat('-');
    if (!Eat('0') && !Digits()) return false;
    if (IsDigit(Peek())) return false;  // After a leading zero.
    bool integer = true;
    if (Eat('.')) {
      integer = false;
      if (!Digits()) return false;
    }
    if (Eat('e') || Eat('E')) {
      integer = false;
      if (!Eat('+')) Eat('-');
      if (!Digits()) return false;
    }
    const std::string digits(text_.substr(begin, at_ - begin));
    errno = 0;
    if (!integer) {
      out->kind = Kind::kDouble;
      out->number = std::strtod(digits.c_str(), nullptr);
      return std::isfinite(out->number);
    }
    out->kind = Kind::kInteger;
    out->integer = std::strtoll(digits.c_str(), nullptr, 10);
    if (errno == 0) return true;
    if (negative) return false;
    errno = 0;
    out->kind = Kind::kUnsigned;
    out->unsigned_integer = std::strtoull(digits.c_str(), nullptr, 10);
    return errno == 0;
  }

  absl::string_view text_;
  size_t at_ = 0;
};

}  // namespace

const NaiveJson* NaiveJson::Find(absl::string_view member) const {
  if (kind != Kind::kObject) return nullptr;
  for (const NaiveJson& child : children) {
    if (child.name == member) return &child;
  }
  return nullptr;
}

std::optional<NaiveJson> NaiveParseObject(absl::string_view text) {
  NaiveJson root;
  if (!IsUtf8(text) || !Reader(text).Whole(&root) || root.kind != Kind::kObject) {
    return std::nullopt;
  }
  return root;
}

bool SameJson(const NaiveJson& naive, const internal::JsonValue& value) {
  if (!value.is(naive.kind) || value.name() != naive.name) return false;
  switch (naive.kind) {
    case Kind::kNull:
      return true;
    case Kind::kBool:
      return value.boolean() == naive.boolean;
    case Kind::kInteger:
      return value.integer() == naive.integer;
    case Kind::kUnsigned:
      return value.unsigned_integer() == naive.unsigned_integer;
    case Kind::kDouble:
      return value.number() == naive.number &&
             std::signbit(value.number()) == std::signbit(naive.number);
    case Kind::kString:
      return value.string() == naive.text;
    case Kind::kArray:
    case Kind::kObject:
      break;
  }
  if (value.size() != naive.children.size()) return false;
  auto child = naive.children.begin();
  for (const internal::JsonValue element : value) {
    if (child == naive.children.end() || !SameJson(*child++, element)) return false;
  }
  return child == naive.children.end();
}

}  // namespace lanyard::fuzz
