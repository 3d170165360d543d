// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_BENCH_RPC_SERVER_H_
#define LANYARD_BENCH_RPC_SERVER_H_

#include <sys/types.h>

#include <cstdint>

#include "bench/rpc_setting.h"

namespace lanyard::bench {

// CPU time that this process has used.
double CpuMicroseconds();

// An Echo server in a process of its own, on a port of 127.0.0.1. It ends with this object, and
// with this process whatever happens to it. Must be made while the process has one thread, which is
// before its first use of gRPC.
class ServerProcess {
 public:
  ServerProcess(const Setting& setting, Mode mode);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  int port() const { return port_; }

  // What the server has used and done so far.
  struct Usage {
    double cpu_microseconds = 0;
    int64_t handlers = 0;  // That have begun.
  };
  Usage Ask() const;

 private:
  pid_t process_;
  int socket_;
  int32_t port_ = 0;
};

}  // namespace lanyard::bench

#endif  // LANYARD_BENCH_RPC_SERVER_H_
