// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/decision_counts.h"

#include <utility>

#include "absl/hash/hash.h"

namespace lanyard::internal {
namespace {

// The method of what has no method that is known.
constexpr char kOther[] = "other";

size_t IndexOf(AuthFailure reason) { return static_cast<size_t>(reason); }

}  // namespace

size_t DecisionCounts::ShardOf(absl::string_view path) {
  return absl::Hash<absl::string_view>{}(path) % std::tuple_size<decltype(shards_)>::value;
}

void DecisionCounts::AddMethods(const std::set<std::string>& paths) {
  for (const std::string& path : paths) {
    Shard& shard = shards_[ShardOf(path)];
    std::lock_guard<std::mutex> lock(shard.mutex);
    shard.methods.try_emplace(path);
  }
}

template <typename Change>
void DecisionCounts::Count(absl::string_view path, Change change) {
  Shard& shard = shards_[ShardOf(path)];
  std::lock_guard<std::mutex> lock(shard.mutex);
  const auto found = shard.methods.find(path);
  change(found == shard.methods.end() ? shard.others : found->second);
}

void DecisionCounts::CountAllowed(absl::string_view path) {
  Count(path, [](Counts& counts) { ++counts.allowed; });
}

void DecisionCounts::CountDenied(absl::string_view path, AuthFailure reason) {
  Count(path, [reason](Counts& counts) { ++counts.denied[IndexOf(reason)]; });
}

void DecisionCounts::CountWouldDeny(absl::string_view path, AuthFailure reason) {
  Count(path, [reason](Counts& counts) { ++counts.would_deny[IndexOf(reason)]; });
}

int64_t DecisionCounts::WouldDeny(const std::string& path) const {
  const Shard& shard = shards_[ShardOf(path)];
  std::lock_guard<std::mutex> lock(shard.mutex);
  const auto found = shard.methods.find(path);
  if (found == shard.methods.end()) return 0;
  int64_t sum = 0;
  for (const int64_t count : found->second.would_deny) sum += count;
  return sum;
}

Metric DecisionCounts::Collect() const {
  std::map<std::string, Counts> all;
  Counts others;
  for (const Shard& shard : shards_) {
    std::lock_guard<std::mutex> lock(shard.mutex);
    all.insert(shard.methods.begin(), shard.methods.end());
    others.allowed += shard.others.allowed;
    for (size_t i = 0; i < kReasons; ++i) {
      others.denied[i] += shard.others.denied[i];
      others.would_deny[i] += shard.others.would_deny[i];
    }
  }
  all.emplace(kOther, others);
  Metric metric{"lanyard_decisions_total",
                "Decisions about calls, by method, decision and reason.",
                Metric::Kind::kCounter,
                {},
                {}};
  for (const auto& [method, counts] : all) {
    const auto add = [&metric, &name = method](const char* decision, absl::string_view reason,
                                               int64_t count) {
      if (count == 0) return;
      metric.values.push_back(
          {{{"method", name}, {"decision", decision}, {"reason", std::string(reason)}},
           static_cast<double>(count),
           {}});
    };
    add("allowed", "", counts.allowed);
    for (const AuthFailure reason : kAllAuthFailures) {
      add("denied", AuthFailureName(reason), counts.denied[IndexOf(reason)]);
      add("would_deny", AuthFailureName(reason), counts.would_deny[IndexOf(reason)]);
    }
  }
  return metric;
}

}  // namespace lanyard::internal
