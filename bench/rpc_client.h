// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_BENCH_RPC_CLIENT_H_
#define LANYARD_BENCH_RPC_CLIENT_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/rpc_setting.h"

namespace grpc {
class Channel;
}

namespace lanyard::bench {

// What a client did in a slice of time.
struct Load {
  int64_t operations = 0;  // What is counted: calls, messages or streams.
  int64_t calls = 0;       // Each runs one handler.
  double seconds = 0;
  std::vector<double> latencies;  // Of each call in microseconds, where one follows the other.
  std::string error;              // Of the first call that failed.
};

// A client of one server over one connection. All loads are closed loops.
class EchoClient {
 public:
  EchoClient(const Setting& setting, Mode mode, int port);

  // The sync stub, one call after the other.
  Load UnaryCalls(std::chrono::nanoseconds time) const;
  // The callback stub, `in_flight` calls at a time.
  Load CallsInFlight(std::chrono::nanoseconds time, int in_flight) const;
  // One bidirectional stream, already open, with up to 16 messages under way.
  Load StreamMessages(std::chrono::nanoseconds time) const;
  // One stream after the other, with one message there and back.
  Load Streams(std::chrono::nanoseconds time) const;

 private:
  std::shared_ptr<grpc::Channel> channel_;
};

// Whether the server refuses calls without a token, with a stranger's, and with one that lacks the
// scope; else what it did.
std::string RefusesOthers(const Setting& setting, Mode mode, int port);

}  // namespace lanyard::bench

#endif  // LANYARD_BENCH_RPC_CLIENT_H_
