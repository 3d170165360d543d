// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/client_config_table.h"

#include <map>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/interceptors/token_target.h"
#include "lanyard/sdk/client_config.h"

namespace lanyard::internal {
namespace {

std::shared_ptr<TokenSource> Find(const NamedSources& sources, const std::string& name) {
  return name.empty() ? nullptr : sources.at(name);
}

TokenTarget TargetOf(const v1::Target& config, const NamedSources& sources) {
  TokenTarget target;
  target.names = {config.names().begin(), config.names().end()};
  target.audience = config.audience();
  target.audience_from_service_url = config.audience_from_service_url();
  target.token_source = Find(sources, config.source());
  target.scopes = {config.scopes().begin(), config.scopes().end()};
  target.exchange_source = Find(sources, config.exchange_source());
  target.forward_callers_token = config.forward_callers_token();
  for (const v1::MethodTokens& method : config.methods()) {
    target.methods.push_back({method.method(),
                              method.audience(),
                              Find(sources, method.source()),
                              {method.scopes().begin(), method.scopes().end()}});
  }
  return target;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const TokenTable>> ClientConfigTable::ReadNow() {
  std::set<std::string> names;
  for (const auto& source : from_program_) names.insert(source.first);
  const auto loaded = LoadClientConfig(path_, names);
  if (!loaded.ok()) return loaded.status();
  const auto sources = sources_.Make(*loaded);
  if (!sources.ok()) return sources.status();
  std::vector<TokenTarget> targets;
  for (const v1::Target& target : loaded->config.targets()) {
    targets.push_back(TargetOf(target, *sources));
  }
  std::map<std::shared_ptr<TokenSource>, std::string> called;
  for (const auto& [name, source] : *sources) called.emplace(source, name);
  auto table = caches_.MakeTable(targets, called);
  if (table.ok()) {
    sources_.Keep();
    return table;
  }
  return absl::Status(table.status().code(), absl::StrCat(path_, ": ", table.status().message()));
}

absl::Status ClientConfigTable::ReadInto(CurrentTokenTable* current) {
  // In one step, or of two readings the older might come last.
  std::lock_guard<std::mutex> lock(mutex_);
  auto table = ReadNow();
  status_ = table.status();
  if (table.ok()) current->Set(*std::move(table));
  return status_;
}

void ClientConfigTable::DropRetired() {
  std::vector<TokenCache> unused;  // Ends without the lock.
  std::lock_guard<std::mutex> lock(mutex_);
  unused = caches_.TakeUnused();
}

absl::Status ClientConfigTable::status() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return status_;
}

}  // namespace lanyard::internal
