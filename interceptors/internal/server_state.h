// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_SERVER_STATE_H_
#define LANYARD_INTERCEPTORS_INTERNAL_SERVER_STATE_H_

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/interceptors/config_status.h"
#include "lanyard/interceptors/extra_check.h"
#include "lanyard/interceptors/internal/admissions.h"
#include "lanyard/interceptors/internal/auth_snapshot.h"
#include "lanyard/interceptors/internal/call_metadata.h"
#include "lanyard/interceptors/internal/decision_counts.h"
#include "lanyard/interceptors/internal/duration_histogram.h"
#include "lanyard/interceptors/internal/open_streams.h"
#include "lanyard/interceptors/internal/signature_budget.h"
#include "lanyard/interceptors/internal/watch_limit.h"
#include "lanyard/interceptors/method_status.h"
#include "lanyard/sdk/audit.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/internal/descriptor_files.h"
#include "lanyard/sdk/internal/one_time_tokens.h"
#include "lanyard/sdk/metrics.h"

namespace grpc {
class AuthMetadataProcessor;
}

namespace lanyard::internal {

// What code, rather than the config, decides of a server.
struct ServerSettings {
  SnapshotSources sources;
  std::shared_ptr<const DescriptorFiles> descriptors;               // Not null.
  std::shared_ptr<AuditSink> audit;                                 // May be null.
  std::shared_ptr<grpc::AuthMetadataProcessor> existing_processor;  // May be null.
  ExtraCheck extra_check;                                           // May be empty.
  bool keep_bearer_in_metadata = false;
  bool keep_callers_tokens = false;
  size_t admission_bytes;
  size_t one_time_token_bytes;
  int bad_signatures_per_second;
};

// Services by full name, to be looked up by parts of a path.
using ServiceNames = std::set<std::string, std::less<>>;

// What the gate, the binding and ServerAuth share. gRPC owns the first two and may outlive
// ServerAuth, so each holds this by shared_ptr. Thread-safe.
class ServerState {
 public:
  // Reads the config. `services` as ServerAuthOptions has them.
  static absl::StatusOr<std::shared_ptr<ServerState>> Create(
      ServerSettings settings, const std::vector<std::string>& services);

  // What rules as of now.
  std::shared_ptr<const AuthSnapshot> snapshot() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return snapshot_;
  }

  // Adds the services of a server, by full name, with their annotations. Fails for an annotation
  // that is not good.
  absl::Status AddServices(const std::vector<std::string>& names);

  // Says that the services that were added are all there are. Fails for a rule of the config whose
  // service is none of them; the error has the nearest name.
  absl::Status SetAllServices();

  // Says that there may be others. Fails, as SetAllServices() does, for a rule of a whole service
  // whose methods are not known.
  absl::Status SetServicesUnknown();

  // Reads the config again; what rules stays if it is not good, or has a rule for a method that its
  // service does not have.
  absl::Status Reload();

  // Looks at the files, and says in status() what is wrong with them, if anything is.
  void CheckConfig();

  ConfigStatus status() const;

  // Lets go of what ruled once and is used by no call any more. Called where it may take time: what
  // fetches keys ends with it.
  void DropRetired();

  // Whether no service of a server that has registered those services, null where nobody knows, has
  // that method, as far as can be told. Of a method that a rule names, `named_by_a_rule`, it was
  // seen at the start that its service has it: looking again would take a lock that all calls
  // share.
  bool IsUnknownMethod(absl::string_view path, const ServiceNames* services,
                       bool named_by_a_rule) const;

  // Whether it is certain that there is such a method.
  bool IsKnownMethod(absl::string_view path) const;

  // An event that begins now: with its time, its id and what rules.
  AuditEvent NewEvent(absl::string_view method) const;

  // Counts the event, unless its call has been counted with another one, and hands it to the sink.
  // False if it is lost and calls must not go on without.
  bool Record(const AuditEvent& event, bool is_counted = false);

  // Counts an event of that method; of the event itself only what was decided has to be there.
  void Count(absl::string_view method, const AuditEvent& event);

  // What rules each method of the services that were added, and the methods that rules name.
  std::vector<MethodStatus> Methods() const;

  // Headers that hold tokens on any of the ports: in their order, authorization among them. Good as
  // long as this is; gate and binding ask for each call, so there is no lock that all share.
  const TokenHeaders& token_headers() const { return *token_headers_; }
  void AddTokenHeader(const std::string& name);

  OpenStreams& streams() { return streams_; }
  size_t open_streams() const { return streams_.size(); }
  const DecisionCounts& decisions() const { return decisions_; }

  // lanyard_streams_ended_total.
  Metric StreamEnds() const;

  const ServerSettings settings;
  const std::shared_ptr<const Clock> clock;
  Admissions admissions;
  OneTimeTokens one_time_tokens;
  SignatureBudget signature_budget;
  WatchLimit watch_limit;
  DurationHistogram gate_durations;
  std::atomic<int64_t> ungated_calls{0};  // Came past the gate, and were refused.

 private:
  explicit ServerState(ServerSettings settings);
  OpenStreams::Rules StreamRules();
  bool StreamsMustBeJudged();
  std::optional<StreamEnd> JudgeStream(const StreamFacts& stream) const;
  // Until when an end that has come is put off, because the method is observed.
  absl::Time PostponeStreamEnd(const StreamFacts& stream, bool again);
  void AuditStreamEnd(const StreamFacts& stream, const StreamEnd& end,
                      const std::string& decision_id);
  Services DescriptorsOf(const std::set<std::string>& names) const;
  std::set<std::string> MethodsOf(const std::set<std::string>& services) const;
  absl::Status CheckMethods(const LoadedConfig& config) const;
  absl::StatusOr<std::shared_ptr<const AuthSnapshot>> LoadLocked();
  void CountRuledMethods(const Policy& policy);
  void SetStatus(const absl::Status& status);

  ServiceNames given_services_;         // Those that need no registering. Fixed.
  std::mutex reload_mutex_;             // Held while a snapshot is made.
  std::set<std::string> services_;      // Guarded by reload_mutex_.
  uint32_t max_token_bytes_ = 0;        // At the start. Guarded by reload_mutex_.
  bool methods_must_be_known_ = false;  // Guarded by reload_mutex_.
  bool services_are_all_ = false;       // Guarded by reload_mutex_.
  mutable std::mutex mutex_;
  std::shared_ptr<const AuthSnapshot> snapshot_;  // Written under both, read under either.
  std::set<std::string> methods_;                 // Of services_. Guarded by mutex_.
  std::vector<std::shared_ptr<const AuthSnapshot>> retired_;  // Guarded by mutex_.
  ConfigStatus status_;                                       // Guarded by mutex_.
  // All lists there have been, one more for each new header, since calls may still read them.
  // Guarded by mutex_; a list never changes.
  std::deque<TokenHeaders> all_token_headers_{TokenHeaders{kAuthorization}};
  std::atomic<const TokenHeaders*> token_headers_{&all_token_headers_.back()};
  DecisionCounts decisions_;
  std::array<std::atomic<int64_t>, std::size(kAllAuthFailures)> stream_ends_{};  // By reason.

  // What streams were judged by last; only their thread looks at it.
  std::vector<std::shared_ptr<const void>> judged_by_;
  std::vector<uint64_t> revoked_by_;
  absl::Time next_observation_end_ = absl::InfinitePast();

  OpenStreams streams_;  // Last: its thread uses the rest.
};

// What is known of one port, or of all the ports of one server.
struct PortInfo {
  // As it was given to AddListeningPort(); empty for credentials that somebody else uses.
  std::string address;

  // The header that holds the token: after "Bearer " in authorization, alone in any other.
  std::string token_header = kAuthorization;

  // Whether a binding stands behind the gate and takes the admissions.
  bool has_binding = true;

  // Whether every connection without encryption that comes in here is one over a Unix socket.
  bool local_is_unix = false;

  // Whether the client's certificate, if there is one, is vouched for by the server's own roots.
  bool verifies_certificates = false;

  // Until when a port without any protection lets calls in, all of them anonymous, where their
  // method is open to anyone or observed. No other port has it.
  std::optional<absl::Time> legacy_until;

  // Set when the server starts: the services it has. Until then, and where nobody can tell, a
  // method without a rule is denied rather than called unknown.
  std::shared_ptr<const ServiceNames> services;  // Accessed with std::atomic_load/_store.
};

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_SERVER_STATE_H_
