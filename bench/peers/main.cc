// SPDX-License-Identifier: Apache-2.0
//
//   peers TOKENS [--rounds=7]
//
// How long other libraries take to check the tokens that //bench:peer_tokens has written to the
// file TOKENS, beside OpenSSL's verification of the same bytes. All are measured in turn in each
// round. Rows go to stdout, one JSON object a line; what is skipped, and why, to stderr.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "peer.h"

namespace peers {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTurn(50);

void Die(const std::string& why) {
  std::fprintf(stderr, "peers: %s\n", why.c_str());
  std::exit(1);
}

void Skip(const std::string& name, const std::string& why) {
  std::fprintf(stderr, "peers: SKIPPED: %s: %s\n", name.c_str(), why.c_str());
}

struct Token {
  Expected expected;
  std::string text;
};

std::vector<Token> Read(const char* path) {
  std::ifstream file(path);
  std::vector<Token> tokens;
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    Token token;
    Expected& expected = token.expected;
    if (!(fields >> expected.algorithm >> expected.issuer >> expected.audience >> expected.key >>
          token.text)) {
      Die(std::string(path) + ": a line has not five fields");
    }
    expected.key = FromBase64(expected.key);
    tokens.push_back(std::move(token));
  }
  if (tokens.empty()) Die(std::string(path) + ": cannot be read, or is empty");
  return tokens;
}

// The token with another character in that part, in the middle of it.
std::string Tampered(std::string token, int part) {
  size_t from = 0;
  for (int i = 0; i < part; ++i) from = token.find('.', from) + 1;
  const size_t to = std::min(token.find('.', from), token.size());
  char& c = token[(from + to) / 2];
  c = c == 'A' ? 'B' : 'A';
  return token;
}

struct Row {
  std::string name;
  std::function<bool()> work;
  std::vector<double> nanoseconds = {};
};

double Measure(const std::function<bool()>& work) {
  const auto start = steady_clock::now();
  int64_t times = 0;
  steady_clock::duration took{};
  for (int64_t next = 1; took < kTurn; next *= 2) {
    for (int64_t i = 0; i < next; ++i) {
      if (!work()) Die("a good token was refused");
    }
    times += next;
    took = steady_clock::now() - start;
  }
  return std::chrono::duration<double, std::nano>(took).count() / times;
}

using Library = Check (*)(const Expected&);

void AddPeer(const char* library, Library make, const Token& token, std::vector<Row>* rows) {
  const Expected& expected = token.expected;
  const std::string name = std::string("peer/") + library + "/" + expected.algorithm;
  const Check check = make(expected);
  if (check == nullptr) return Skip(name, "it has no such algorithm");
  // A check that lets anything in is none.
  const auto other = [&](std::string Expected::*field) {
    Expected changed = expected;
    changed.*field += "x";
    return make(changed);
  };
  if (!check(token.text)) Die(name + ": refuses a good token");
  if (check(Tampered(token.text, 1))) Die(name + ": takes a token with other claims");
  if (check(Tampered(token.text, 2))) Die(name + ": takes a token with another signature");
  if (other(&Expected::issuer)(token.text)) Die(name + ": takes the token of another issuer");
  if (other(&Expected::audience)(token.text)) Die(name + ": takes a token for another audience");
  rows->push_back({name, [check, text = token.text] { return check(text); }});
}

void AddRaw(const Token& token, std::vector<Row>* rows) {
  const std::string name = "raw_openssl/" + token.expected.algorithm;
  const auto verify = RawOpenssl(token.expected);
  const auto bytes = [&](const std::string& text) { return BytesOf(token.expected, text); };
  if (verify == nullptr || !verify(bytes(token.text))) Die(name + ": refuses a good token");
  if (verify(bytes(Tampered(token.text, 1)))) Die(name + ": takes a token with other claims");
  if (verify(bytes(Tampered(token.text, 2)))) Die(name + ": takes another signature");
  rows->push_back({name, [verify, input = bytes(token.text)] { return verify(input); }});
}

int Main(const char* path, int rounds) {
  std::vector<Row> rows;
#if !__has_include(<jwt.h>)
  Skip("libjwt", "it is not installed; bench/install installs it");
#endif
#if !__has_include(<jwt/jwt.hpp>)
  Skip("cpp-jwt", "it is not installed; bench/install installs it");
#endif
  for (const Token& token : Read(path)) {
    AddRaw(token, &rows);
#if __has_include(<jwt.h>)
    AddPeer("libjwt", Libjwt, token, &rows);
#endif
#if __has_include(<jwt/jwt.hpp>)
    AddPeer("cpp-jwt", CppJwt, token, &rows);
#endif
  }
  for (int round = 1; round <= rounds; ++round) {
    std::fprintf(stderr, "peers: round %d of %d\n", round, rounds);
    for (Row& row : rows) row.nanoseconds.push_back(Measure(row.work));
  }
  for (const Row& row : rows) {
    std::printf("{\"name\": \"%s\", \"unit\": \"ns\", \"values\": [", row.name.c_str());
    const char* comma = "";
    for (const double value : row.nanoseconds) {
      std::printf("%s%.1f", comma, value);
      comma = ", ";
    }
    std::printf("]}\n");
  }
  return 0;
}

}  // namespace
}  // namespace peers

int main(int argc, char** argv) {
  int rounds = 7;
  const bool has_rounds = argc == 3 && std::sscanf(argv[2], "--rounds=%d", &rounds) == 1;
  if ((argc != 2 && !has_rounds) || rounds < 1) {
    std::fprintf(stderr, "usage: peers TOKENS [--rounds=7]\n");
    return 2;
  }
  return peers::Main(argv[1], rounds);
}
