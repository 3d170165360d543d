// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_EXAMPLES_ORDERS_PROGRAM_H_
#define LANYARD_TESTS_EXAMPLES_ORDERS_PROGRAM_H_

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "lanyard/testing/test_certificates.h"
#include "tests/examples/container.h"
#include "tests/interceptors/eventually.h"

namespace lanyard::test {

// A server of the examples, on a free port of loopback, until this object goes. Its certificate is
// that of `files`, which must outlive it.
class OrdersProgram {
 public:
  OrdersProgram(const std::string& program, const std::string& config,
                const testing::TestCertificates& files)
      : container_({program, "127.0.0.1:0", config, files.Server().certificate_chain,
                    files.Server().private_key},
                   files.Path("orders.log")) {
    EXPECT_TRUE(Eventually([this] { return ReadPort(); })) << container_.log();
  }

  int port() const { return port_; }
  std::string target() const { return absl::StrCat("localhost:", port_); }
  std::string log() const { return container_.log(); }

 private:
  // From "orders on port 43671", when the whole line is there.
  bool ReadPort() {
    static constexpr char kStart[] = "orders on port ";
    const std::string log = container_.log();
    const size_t start = log.find(kStart), end = log.find('\n', start);
    return start != log.npos && end != log.npos &&
           absl::SimpleAtoi(
               log.substr(start + sizeof(kStart) - 1, end - start - sizeof(kStart) + 1), &port_);
  }

  Container container_;
  int port_ = 0;
};

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_EXAMPLES_ORDERS_PROGRAM_H_
