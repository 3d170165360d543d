// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_HEALTH_PORT_H_
#define LANYARD_INTERCEPTORS_HEALTH_PORT_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace lanyard {

// A plaintext port that answers health checks and nothing else, for probes that speak neither TLS
// nor tokens, as the kubelet's. It is a server of its own: the port of the real one stays closed to
// them, and nothing that this one says is secret.
//
//   auto health = lanyard::HealthPort::Create("0.0.0.0:8081");
//   (*health)->SetServing("", true);
//
// Serves grpc.health.v1.Health/Check. Watch and every other method are UNIMPLEMENTED, which clients
// with health checking take for healthy. A service nobody has spoken of is NOT_FOUND.
//
// Thread-safe. The destructor closes the port.
class HealthPort {
 public:
  // Fails if the address cannot be listened on. `selected_port` receives the port.
  static absl::StatusOr<std::unique_ptr<HealthPort>> Create(const std::string& address,
                                                            int* selected_port = nullptr);
  ~HealthPort();

  // What is answered for a service by its full name; "" stands for the server as a whole, which is
  // NOT_SERVING until it is said to serve.
  void SetServing(const std::string& service, bool serving);

  // Adds a condition: nothing serves while it is false. Asked at every check, on gRPC's threads, so
  // it must not block.
  //
  //   (*health)->ServeWhile([auth] { return auth->Ready().ok(); });
  void ServeWhile(std::function<bool()> condition);

 private:
  struct Impl;
  explicit HealthPort(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lanyard

#endif  // LANYARD_INTERCEPTORS_HEALTH_PORT_H_
