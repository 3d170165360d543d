// SPDX-License-Identifier: Apache-2.0
//
// Runs a fuzz target without a fuzzer: `replay COUNT FOLDER...` runs every file of the folders, and
// COUNT changes of them, the same in every run.
#include <dirent.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

// What runs now, for the log of a failure.
std::string* g_current = nullptr;

class Xorshift {
 public:
  uint64_t Next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
  }
  size_t Below(size_t limit) { return static_cast<size_t>(Next() % limit); }

 private:
  uint64_t state_ = 0x9e3779b97f4a7c15;
};

std::vector<std::string> FilesIn(const std::string& folder) {
  std::vector<std::string> files;
  if (DIR* entries = opendir(folder.c_str()); entries != nullptr) {
    while (const dirent* entry = readdir(entries)) {
      if (entry->d_name[0] != '.') files.push_back(folder + "/" + entry->d_name);
    }
    closedir(entries);
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string Content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// A buffer of exactly that size on the heap, so that a sanitizer sees a read past its end.
void Run(std::string input) {
  *g_current = std::move(input);
  const std::unique_ptr<uint8_t[]> bytes(new uint8_t[g_current->size()]);
  std::memcpy(bytes.get(), g_current->data(), g_current->size());
  LLVMFuzzerTestOneInput(bytes.get(), g_current->size());
}

std::string Change(const std::vector<std::string>& seeds, Xorshift* random) {
  static constexpr char kTelling[] = "\0\xff\x80\"\\{}[],:.-+eE0129=\n\t ";
  std::string text = seeds[random->Below(seeds.size())];
  for (size_t changes = 1 + random->Below(4); changes > 0; --changes) {
    const size_t where = random->Below(text.size() + 1);
    const size_t length = std::min(text.size() - where, 1 + random->Below(8));
    const char byte = random->Below(2) == 0 ? kTelling[random->Below(sizeof(kTelling) - 1)]
                                            : static_cast<char>(random->Below(256));
    switch (random->Below(6)) {
      case 0:
        if (where < text.size()) text[where] = byte;
        break;
      case 1:
        text.insert(where, 1, byte);
        break;
      case 2:
        text.erase(where, length);
        break;
      case 3:
        text.insert(where, text.substr(where, length));
        break;
      case 4: {  // The end of another.
        const std::string& other = seeds[random->Below(seeds.size())];
        text = text.substr(0, where) + other.substr(random->Below(other.size() + 1));
        break;
      }
      default:
        if (where < text.size())
          text[where] = static_cast<char>(text[where] ^ 1 << random->Below(8));
    }
  }
  return text;
}

// On SIGABRT; the process ends after it.
void TellCurrent(int) {
  std::fprintf(stderr, "input of %zu bytes:", g_current->size());
  for (const char c : *g_current) {
    std::fprintf(stderr, " %02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  std::fprintf(stderr, "\n");
}

}  // namespace

int main(int argc, char** argv) {
  g_current = new std::string();
  std::signal(SIGABRT, TellCurrent);
  const int changes = argc > 1 ? std::atoi(argv[1]) : 0;
  std::vector<std::string> seeds = {""};
  for (int i = 2; i < argc; ++i) {
    for (const std::string& path : FilesIn(argv[i])) seeds.push_back(Content(path));
  }
  if (seeds.size() == 1) {
    std::fprintf(stderr, "no seeds: name the folders of the corpus after the count\n");
    return 1;
  }
  for (const std::string& seed : seeds) Run(seed);
  Xorshift random;
  for (int i = 0; i < changes; ++i) Run(Change(seeds, &random));
  std::printf("%zu seeds and %d changed inputs\n", seeds.size(), changes);
  return 0;
}
