// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/nearest_name.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace lanyard::internal {
namespace {

constexpr size_t kLongestWord = 128;
constexpr size_t kMaxEdits = 2;

// Insertions, deletions, substitutions and swaps of neighbours that turn one into the other.
size_t Edits(absl::string_view a, absl::string_view b) {
  std::vector<std::vector<size_t>> edits(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) edits[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) edits[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      edits[i][j] = std::min({edits[i - 1][j] + 1, edits[i][j - 1] + 1,
                              edits[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        edits[i][j] = std::min(edits[i][j], edits[i - 2][j - 2] + 1);
      }
    }
  }
  return edits[a.size()][b.size()];
}

absl::string_view WithoutDashes(absl::string_view name) {
  while (absl::StartsWith(name, "-")) name.remove_prefix(1);
  return name;
}

}  // namespace

std::string DidYouMean(absl::string_view word, const std::vector<std::string>& names) {
  word = WithoutDashes(word);
  if (word.empty() || word.size() > kLongestWord) return "";
  const std::string* nearest = nullptr;
  size_t fewest = kMaxEdits + 1;
  const std::string* longer = nullptr;
  size_t starts = 0;
  for (const std::string& name : names) {
    const absl::string_view bare = WithoutDashes(name);
    if (word.size() > 1 && absl::StartsWith(bare, word)) {
      longer = &name;
      ++starts;
    }
    const size_t edits = Edits(word, bare);
    if (edits < fewest && edits < bare.size()) {
      fewest = edits;
      nearest = &name;
    }
  }
  if (starts == 1) nearest = longer;
  return nearest == nullptr ? "" : absl::StrCat(" (did you mean ", *nearest, "?)");
}

}  // namespace lanyard::internal
