// SPDX-License-Identifier: Apache-2.0
//
// What authentication costs calls over TLS: with Lanyard on both sides, with what people write by
// hand, with a token that is only carried and compared with the expected one ("carried": the floor
// that any check of tokens stands on), and with none. Each has a server process of its own and one
// connection to it; one client process calls them in short turns, in an order that changes.
//
//   ./bazelw run -c opt //bench:rpc
//
// One JSON object a line on stdout, with one value a round; people read stderr. Fails if a
// call does, if a handler runs for a call that should be refused, or if it sees a wrong caller.
//
//   --rounds=7 --slice_ms=1000      how long to measure: each load of each server, in each round
//   --only=unary,inflight16,…       which loads (stream_messages and streams_opened are the others)
//   --modes=none,lanyard,…          which servers
//   --smoke                         one round of 50 ms: shows that all of it works
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "bench/rpc_client.h"
#include "bench/rpc_server.h"
#include "bench/rpc_setting.h"

namespace lanyard::bench {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTurn(100);

struct Kind {
  std::string name;
  std::string unit;
  std::function<Load(const EchoClient&, milliseconds)> run;
};

const Kind kKinds[] = {
    {"unary", "calls/s",
     [](const EchoClient& client, milliseconds time) { return client.UnaryCalls(time); }},
    {"inflight16", "calls/s",
     [](const EchoClient& client, milliseconds time) { return client.CallsInFlight(time, 16); }},
    {"stream_messages", "messages/s",
     [](const EchoClient& client, milliseconds time) { return client.StreamMessages(time); }},
    {"streams_opened", "streams/s",
     [](const EchoClient& client, milliseconds time) { return client.Streams(time); }},
};

struct Flags {
  int rounds = 7;
  int slice_ms = 1000;
  std::vector<std::string> only;   // Empty: all.
  std::vector<std::string> modes;  // The same.
};

bool Wants(const std::vector<std::string>& list, absl::string_view name) {
  return list.empty() || std::count(list.begin(), list.end(), name) > 0;
}

bool Parse(int argc, char** argv, Flags* flags) {
  for (int i = 1; i < argc; ++i) {
    absl::string_view flag = argv[i];
    if (flag == "--smoke") {
      flags->rounds = 1;
      flags->slice_ms = 50;
    } else if (absl::ConsumePrefix(&flag, "--only=")) {
      flags->only = absl::StrSplit(flag, ',');
    } else if (absl::ConsumePrefix(&flag, "--modes=")) {
      flags->modes = absl::StrSplit(flag, ',');
    } else if (!(absl::ConsumePrefix(&flag, "--rounds=") &&
                 absl::SimpleAtoi(flag, &flags->rounds)) &&
               !(absl::ConsumePrefix(&flag, "--slice_ms=") &&
                 absl::SimpleAtoi(flag, &flags->slice_ms))) {
      std::fprintf(stderr, "rpc: what is \"%s\"? See the top of rpc.cc.\n", argv[i]);
      return false;
    }
  }
  return true;
}

double Quantile(std::vector<double> values, double part) {
  const auto at = values.begin() + static_cast<ptrdiff_t>(part * (values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

// What was measured, one value a round.
class Report {
 public:
  void Add(const std::string& name, const std::string& unit, Mode mode, double value) {
    for (Series& one : series_) {
      if (one.name == name && one.mode == mode) return one.values.push_back(value);
    }
    series_.push_back({name, unit, mode, {value}});
  }

  void PrintJson() const {
    for (const Series& one : series_) {
      std::printf("{\"name\": \"rpc/%s/%s\", \"unit\": \"%s\", \"values\": [%s]}\n",
                  one.name.c_str(), NameOf(one.mode), one.unit.c_str(),
                  absl::StrJoin(one.values, ", ", [](std::string* out, double value) {
                    absl::StrAppendFormat(out, "%.2f", value);
                  }).c_str());
    }
  }

  // Medians, and those of the ratios to the same round without authentication.
  void PrintTable() const {
    std::fprintf(stderr,
                 "\ncarried: a token goes along and is compared, the floor of every check\n"
                 "%-28s %-14s %12s %9s\n",
                 "", "", "median", "x none");
    for (const Series& one : series_) {
      std::vector<double> ratios;
      const Series* none = Find(one.name, Mode::kNone);
      for (size_t i = 0; none != nullptr && i < one.values.size(); ++i) {
        ratios.push_back(one.values[i] / none->values[i]);
      }
      std::fprintf(stderr, "%-28s %-14s %12.1f %9s  %s\n", one.name.c_str(), NameOf(one.mode),
                   Quantile(one.values, 0.5),
                   ratios.empty() ? "" : absl::StrFormat("%.3f", Quantile(ratios, 0.5)).c_str(),
                   one.unit.c_str());
    }
  }

 private:
  struct Series {
    std::string name, unit;
    Mode mode;
    std::vector<double> values;
  };

  const Series* Find(absl::string_view name, Mode mode) const {
    for (const Series& one : series_) {
      if (one.name == name && one.mode == mode) return &one;
    }
    return nullptr;
  }

  std::vector<Series> series_;
};

// A server and its client.
struct Pair {
  Mode mode;
  std::unique_ptr<ServerProcess> server;
  std::unique_ptr<EchoClient> client;
  int64_t calls = 0;
};

// What a pair did in one round.
struct Sample {
  Load load;
  double server_cpu = 0, client_cpu = 0;  // In microseconds.
};

bool Run(const Kind& kind, Pair& pair, milliseconds time, Sample* sample) {
  const double server_before = pair.server->Ask().cpu_microseconds;
  const double client_before = CpuMicroseconds();
  const Load load = kind.run(*pair.client, time);
  sample->client_cpu += CpuMicroseconds() - client_before;
  sample->server_cpu += pair.server->Ask().cpu_microseconds - server_before;
  pair.calls += load.calls;
  if (!load.error.empty() || load.operations == 0) {
    std::fprintf(stderr, "rpc: %s/%s: %s\n", kind.name.c_str(), NameOf(pair.mode),
                 load.error.empty() ? "nothing was done" : load.error.c_str());
    return false;
  }
  Load& all = sample->load;
  all.operations += load.operations;
  all.seconds += load.seconds;
  all.latencies.insert(all.latencies.end(), load.latencies.begin(), load.latencies.end());
  return true;
}

// One round of a load: its time goes in short turns, since a machine is not the same a second
// later.
bool RunRound(const Kind& kind, std::vector<Pair>& pairs, milliseconds time, Report* report) {
  const int turns = std::max<int>(1, time / kTurn);
  std::vector<Sample> samples(pairs.size());
  for (int turn = 0; turn < turns; ++turn) {
    for (size_t i = 0; i < pairs.size(); ++i) {
      // Another begins each time, and every other time they go backwards.
      const size_t place = (turn % 2 == 0 ? i : pairs.size() - 1 - i) + turn / 2;
      const size_t which = place % pairs.size();
      if (!Run(kind, pairs[which], time / turns, &samples[which])) return false;
    }
  }
  for (size_t i = 0; i < pairs.size(); ++i) {
    const Mode mode = pairs[i].mode;
    const Load& load = samples[i].load;
    const auto operations = static_cast<double>(load.operations);
    report->Add(kind.name, kind.unit, mode, operations / load.seconds);
    if (!load.latencies.empty()) {
      report->Add(kind.name + "_p50", "us", mode, Quantile(load.latencies, 0.50));
      report->Add(kind.name + "_p99", "us", mode, Quantile(load.latencies, 0.99));
    }
    report->Add(kind.name + "_server_cpu", "us", mode, samples[i].server_cpu / operations);
    report->Add(kind.name + "_client_cpu", "us", mode, samples[i].client_cpu / operations);
  }
  return true;
}

int Main(int argc, char** argv) {
  Flags flags;
  if (!Parse(argc, argv, &flags)) return 2;
  const Setting setting;
  std::vector<Pair> pairs;
  for (const Mode mode : kModes) {
    if (!Wants(flags.modes, NameOf(mode))) continue;
    pairs.push_back({mode, std::make_unique<ServerProcess>(setting, mode), nullptr});
  }
  // Not before all servers are there: gRPC starts threads.
  for (Pair& pair : pairs) {
    pair.client = std::make_unique<EchoClient>(setting, pair.mode, pair.server->port());
    if (pair.mode == Mode::kNone) continue;
    if (const std::string error = RefusesOthers(setting, pair.mode, pair.server->port());
        !error.empty()) {
      std::fprintf(stderr, "rpc: %s: %s\n", NameOf(pair.mode), error.c_str());
      return 1;
    }
  }

  const milliseconds slice(flags.slice_ms);
  Report warm_up, report;
  for (int round = 0; round <= flags.rounds; ++round) {
    if (round > 0) std::fprintf(stderr, "round %d of %d\n", round, flags.rounds);
    for (const Kind& kind : kKinds) {
      if (!Wants(flags.only, kind.name)) continue;
      if (!RunRound(kind, pairs, round == 0 ? slice / 4 : slice, round == 0 ? &warm_up : &report)) {
        return 1;
      }
    }
  }
  for (const Pair& pair : pairs) {
    const int64_t handlers = pair.server->Ask().handlers;
    if (handlers == pair.calls) continue;
    std::fprintf(stderr, "rpc: %s: %lld handlers have run for %lld calls\n", NameOf(pair.mode),
                 static_cast<long long>(handlers), static_cast<long long>(pair.calls));
    return 1;
  }
  report.PrintJson();
  report.PrintTable();
  return 0;
}

}  // namespace
}  // namespace lanyard::bench

int main(int argc, char** argv) { return lanyard::bench::Main(argc, argv); }
