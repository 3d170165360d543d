// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_TESTING_WORKLOAD_API_SERVER_H_
#define LANYARD_TESTS_TESTING_WORKLOAD_API_SERVER_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace lanyard::testing {

struct WorkloadApiState;

// A SPIFFE agent for tests: a real Workload API (its JWT-SVID profile) on a Unix socket, and the
// authority of the trust domain "prod.example" behind it. Requests without the metadata that the
// specification asks for are refused as INVALID_ARGUMENT.
//
//   lanyard::testing::WorkloadApiServer agent(folder);
//   agent.SetIdentities({"spiffe://prod.example/checkout"});
//   options.endpoint = agent.endpoint();
//
// Thread-safe, but for Start() and Stop().
class WorkloadApiServer {
 public:
  static constexpr char kTrustDomain[] = "prod.example";

  // Serves from the start, at "agent.sock" in that folder, whose path must be short: a socket's has
  // at most 107 bytes.
  explicit WorkloadApiServer(const std::string& folder);
  ~WorkloadApiServer();
  WorkloadApiServer(const WorkloadApiServer&) = delete;
  WorkloadApiServer& operator=(const WorkloadApiServer&) = delete;

  // "unix:///…/agent.sock".
  std::string endpoint() const;

  // The agent goes, and with it its socket and all streams; and comes back as it was.
  void Stop();
  void Start();

  // Whose JWT-SVIDs the asking process may have, the default first. None, as at the start, is
  // PERMISSION_DENIED.
  void SetIdentities(std::vector<std::string> spiffe_ids);

  // How long JWT-SVIDs are good for; 5 minutes at the start, negative for expired ones.
  void SetLifetime(absl::Duration lifetime);

  // A JWT-SVID by the key that signs (ES256).
  std::string Svid(absl::string_view spiffe_id, absl::string_view audience) const;

  // The life of the authority's keys: a new one is published, signs, and is the only one left.
  void PublishNextKey();
  void SignWithNextKey();
  void RetireOldKeys();
  // The id of the key that signs.
  std::string key_id() const;
  // The bundle as it is published.
  std::string bundle() const;

  // What else is published, by trust domain, in place of what was; "prod.example" replaces the
  // authority's own bundle. Without a bundle the domain is gone from the answers.
  void SetBundle(const std::string& trust_domain, const std::string& jwks);
  void RemoveBundle(const std::string& trust_domain);

  // Every request ends like that; OkStatus() ends it.
  void RefuseWith(const absl::Status& refusal);
  // Requests get no answer, and streams that are open bring nothing any more.
  void SetHanging(bool hanging);

  // Answers to FetchJWTSVID in place of the right ones; none goes back to those.
  struct Answer {
    std::string spiffe_id, svid;
  };
  void AnswerWith(std::vector<Answer> answers);
  // An answer without any.
  void AnswerWithNothing();

  // What came: requests of each method that carried the metadata, streams that are open, and for
  // whom the last JWT-SVID was asked.
  int svid_requests() const;
  int bundle_requests() const;
  int open_streams() const;
  std::string last_audience() const;
  std::string last_spiffe_id() const;

 private:
  const std::shared_ptr<WorkloadApiState> state_;
};

}  // namespace lanyard::testing

#endif  // LANYARD_TESTS_TESTING_WORKLOAD_API_SERVER_H_
