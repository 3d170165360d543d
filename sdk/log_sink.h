// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_LOG_SINK_H_
#define LANYARD_SDK_LOG_SINK_H_

#include <functional>

#include "absl/strings/string_view.h"

namespace lanyard {

// Takes the lines that Lanyard logs: one for each change of state (keys fetched again, a config not
// read), never one for a call. A line is printable, has no line feed and holds no token and no
// secret; it begins with "ALARM: " where somebody must act now, and with "WARNING: " where somebody
// should. Called from any thread, one line at a time; it must not block and must not log itself.
using LogSink = std::function<void(absl::string_view line)>;

// Where lines of this process go from now on; null for standard error, as at the start. When it
// returns, the sink before is not running and will not be called again. Thread-safe.
void SetLogSink(LogSink sink);

}  // namespace lanyard

#endif  // LANYARD_SDK_LOG_SINK_H_
