// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_JSON_LINES_AUDIT_SINK_H_
#define LANYARD_SDK_JSON_LINES_AUDIT_SINK_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "lanyard/sdk/audit.h"

namespace lanyard {

struct JsonLinesAuditOptions {
  // A file to append to, mode 0600 if it is made; empty for standard output. Its folder must exist.
  std::string file;

  // A file that has grown beyond that becomes FILE.1, what was FILE.1 becomes FILE.2, and so on up
  // to `keep_files`, from 1 to 1000; what was the last one goes. From 64 KiB to 1 TiB. One that
  // cannot be moved away (a folder that is not ours, a file that is mounted) grows on. A file that
  // somebody else has moved away (logrotate) is made anew within a second.
  size_t max_file_bytes = 100 * 1024 * 1024;
  int keep_files = 10;

  // How many events may wait to be written, from 64 to 10,000,000. Beyond that they are lost, and
  // counted. Events of callers whom nobody knows get half of that at most.
  size_t max_waiting = 16 * 1024;

  // How many refusals of callers whom nobody knows are written in each second for each reason, from
  // 1 to 1,000,000; others are counted, and a line tells how many. Decisions about callers whose
  // token verified, and calls that go through, are always written.
  int refusals_per_second = 100;

  // A file with a secret of 32 bytes or more, mode 0600. If given, subjects and actors are written
  // as "hmac:" and 32 hex digits, the same for the same name: half of HMAC-SHA-256.
  std::string hash_subjects_with;
};

// Writes each decision as one line of JSON (docs/reference/audit.md), on a thread of its own, which
// the destructor lets write what waits.
//
// What it cannot write (a full disk) is lost and counted, not tried again; Status() says what is
// wrong, and a line on stderr when it begins and ends.
//
// Of two sinks on one file each would move away what the other writes: one sink a file.
//
// Thread-safe. Fails for options out of range, and for a file that cannot be opened.
absl::StatusOr<std::shared_ptr<AuditSink>> JsonLinesAuditSink(JsonLinesAuditOptions options);

}  // namespace lanyard

#endif  // LANYARD_SDK_JSON_LINES_AUDIT_SINK_H_
