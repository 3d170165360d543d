// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/log.h"

#include <cstdio>
#include <mutex>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/log_sink.h"

namespace lanyard {
namespace {

struct Output {
  std::mutex mutex;
  LogSink sink;  // Guarded by mutex.
};

// Never destroyed: threads may log while the process ends.
Output& TheOutput() {
  static Output* const output = new Output();
  return *output;
}

}  // namespace

void SetLogSink(LogSink sink) {
  std::lock_guard<std::mutex> lock(TheOutput().mutex);
  TheOutput().sink = std::move(sink);
}

namespace internal {

void LogLine(absl::string_view text) {
  const std::string line = Printable(text, 1000);
  std::lock_guard<std::mutex> lock(TheOutput().mutex);
  if (TheOutput().sink) {
    TheOutput().sink(line);
    return;
  }
  const std::string printed = absl::StrCat("lanyard: ", line, "\n");
  std::fwrite(printed.data(), 1, printed.size(), stderr);
}

}  // namespace internal
}  // namespace lanyard
