// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/doctor_issuers.h"

#include <atomic>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "lanyard/https/https.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/internal/duration.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/folder.h"
#include "lanyard/sdk/internal/http.h"
#include "lanyard/sdk/internal/issuer_rules.h"
#include "lanyard/sdk/keys/issuer_keys.h"
#include "lanyard/sdk/keys/key_fetcher.h"

namespace lanyard::tools {
namespace {

constexpr char kCheck[] = "issuers";
constexpr absl::Duration kLongStale = absl::Hours(6);
constexpr absl::Duration kClockWarn = absl::Seconds(30), kClockFail = absl::Minutes(5);

// What a server would have, and what it was told on the way.
struct Fetched {
  KeySet keys;
  std::optional<absl::Duration> clock_ahead;  // Of the issuer's.
};

// Keys in the config or in files, bound to the issuer's algorithms.
absl::StatusOr<Fetched> Read(const v1::Issuer& issuer) {
  std::vector<KeySet> sets;
  const auto add = [&sets](absl::string_view name, absl::string_view text) {
    auto keys = KeySet::FromText(text);
    if (!keys.ok()) {
      return absl::Status(keys.status().code(), absl::StrCat(name, ": ", keys.status().message()));
    }
    sets.push_back(*std::move(keys));
    return absl::OkStatus();
  };
  absl::Status status;
  if (issuer.jwks_file().empty()) {
    status = add("jwks", issuer.jwks());
  } else {
    std::vector<std::string> paths = {issuer.jwks_file()};
    if (internal::IsFolder(issuer.jwks_file())) {
      auto found =
          internal::FilesIn(issuer.jwks_file(), internal::KeyFileEndings(), KeySet::kMaxKeys);
      if (!found.ok()) return found.status();
      paths = *std::move(found);
    }
    for (const std::string& path : paths) {
      const auto text = internal::ReadFile(path, KeySet::kMaxBytes);
      status.Update(text.ok() ? add(path, text->view()) : text.status());
    }
  }
  if (!status.ok()) return status;
  std::vector<const KeySet*> all;
  for (const KeySet& set : sets) all.push_back(&set);
  const auto joined = KeySet::Join(all);
  if (!joined.ok()) return joined.status();
  auto bound = joined->BindTo(internal::AlgorithmsOf(issuer), internal::RulesOf(issuer).key_use);
  if (!bound.ok()) return bound.status();
  return Fetched{*std::move(bound), std::nullopt};
}

absl::StatusOr<Fetched> Fetch(const v1::Issuer& issuer, absl::Duration shift) {
  const std::atomic<bool> stop{false};
  const auto fetcher = internal::KeyFetcher::Create(RemoteKeysOf(issuer, Https(), SystemClock()));
  if (!fetcher.ok()) return fetcher.status();
  const auto url = (*fetcher)->Locate(stop);
  if (!url.ok()) return url.status();
  const auto response = (*fetcher)->Get(*url, "", stop);
  if (!response.ok()) return response.status();
  const absl::Time now = absl::Now() + shift;
  auto keys = (*fetcher)->KeysIn(*url, *response);
  if (!keys.ok()) return keys.status();
  Fetched fetched{*std::move(keys), std::nullopt};
  if (response->date.has_value()) fetched.clock_ahead = now - *response->date;
  return fetched;
}

// What to do where keys cannot be fetched.
std::string RemedyOf(const absl::Status& status, const v1::Issuer& issuer) {
  switch (internal::HttpFailureOf(status)) {
    case internal::HttpFailure::kName:
      return "correct the host in the URL, or this machine's name servers";
    case internal::HttpFailure::kConnection:
      return "see whether the issuer runs, and whether a firewall or NetworkPolicy is in between";
    case internal::HttpFailure::kTls:
      return absl::StrCat(
          "the issuer's certificate must be valid for the host in the URL, and signed by ",
          issuer.fetch().ca_file().empty() ? "a CA that the system knows, else set fetch.ca_file"
                                           : "a CA in fetch.ca_file");
    case internal::HttpFailure::kTimeout:
      return "see whether a firewall or NetworkPolicy drops the connection; fetch.proxy names a "
             "proxy";
    case internal::HttpFailure::kOther:
      break;
  }
  if (absl::IsFailedPrecondition(status)) {
    return "open the URL yourself; a Kubernetes API server wants fetch.bearer_token_file";
  }
  if (absl::IsPermissionDenied(status)) return "see the file of fetch.bearer_token_file";
  return issuer.discovery_url().empty()
             ? "jwks_url must be that of the JWK Set itself, which holds \"keys\""
             : "discovery_url must be that of the document, and issuer what stands in it, byte by "
               "byte";
}

std::string Inventory(const KeySet& keys) {
  std::vector<std::string> ids;
  for (const Key& key : keys.keys()) {
    ids.push_back(absl::StrCat(key.PrintableId(),
                               key.algorithm().has_value()
                                   ? absl::StrCat(" (", AlgorithmName(*key.algorithm()), ")")
                                   : ""));
  }
  return absl::StrCat(ids.size(), ids.size() == 1 ? " key: " : " keys: ", absl::StrJoin(ids, ", "));
}

std::string AlgorithmsText(const v1::Issuer& issuer) {
  return absl::StrJoin(internal::AlgorithmsOf(issuer), ", ",
                       [](std::string* out, Algorithm algorithm) {
                         absl::StrAppend(out, AlgorithmName(algorithm));
                       });
}

// Ages come in whole seconds, and an answer takes its time.
constexpr absl::Duration kClockAgrees = absl::Seconds(3);

void CheckClock(const std::string& issuer, absl::Duration ahead, Findings* findings) {
  const absl::Duration off = absl::Trunc(absl::AbsDuration(ahead), absl::Seconds(1));
  const std::string how = off < kClockAgrees ? "agrees with"
                          : ahead < absl::ZeroDuration()
                              ? absl::StrCat("is ", absl::FormatDuration(off), " behind")
                              : absl::StrCat("is ", absl::FormatDuration(off), " ahead of");
  const std::string text = absl::StrCat("this machine's clock ", how, " that of issuer ", issuer);
  const std::string remedy =
      "set this machine's clock (NTP), or have the issuer's set; tokens are refused as EXPIRED or "
      "NOT_YET_VALID";
  if (off > kClockFail) return findings->Fail("clock", text, remedy);
  if (off > kClockWarn) return findings->Warn("clock", text, remedy);
  findings->Ok("clock", text);
}

}  // namespace

KeysByIssuer CheckIssuers(const v1::ServerConfig& config, bool offline, absl::Duration shift,
                          Findings* findings) {
  KeysByIssuer all;
  for (const v1::Issuer& issuer : config.issuers()) {
    const std::string name = absl::StrCat("issuer ", issuer.name(), ": ");
    const bool is_local = !issuer.jwks_file().empty() || !issuer.jwks().empty();
    const bool is_remote = !issuer.jwks_url().empty() || !issuer.discovery_url().empty();
    if (!is_local && !is_remote) {
      findings->Ok(kCheck, absl::StrCat(name, "its keys are given by the server's code"));
      continue;
    }
    if (is_remote && issuer.fetch().has_max_stale() &&
        internal::DurationOf(issuer.fetch().max_stale()) > kLongStale) {
      findings->Warn(
          kCheck,
          absl::StrCat(name, "fetch.max_stale lets a key that was withdrawn sign for ",
                       absl::FormatDuration(internal::DurationOf(issuer.fetch().max_stale())),
                       " where the issuer cannot be reached"),
          "shorten it; the default is 1 h");
    }
    if (is_remote && offline) {
      findings->Ok(kCheck, absl::StrCat(name, "not fetched (--offline)"));
      continue;
    }
    auto fetched = is_local ? Read(issuer) : Fetch(issuer, shift);
    if (!fetched.ok()) {
      findings->Fail(kCheck, absl::StrCat(name, fetched.status().message()),
                     is_local
                         ? "correct the file of keys; lanyard key thumbprint says what it holds"
                         : RemedyOf(fetched.status(), issuer));
      continue;
    }
    const KeySet& keys = fetched->keys;
    if (keys.keys().empty()) {
      findings->Fail(
          kCheck,
          absl::StrCat(name, "it publishes no key for ", AlgorithmsText(issuer),
                       keys.warnings().empty() ? "" : ": ", absl::StrJoin(keys.warnings(), "; ")),
          "set algorithms to what the issuer signs access tokens with");
    } else {
      findings->Ok(kCheck, absl::StrCat(name, Inventory(keys)));
      for (const std::string& warning : keys.warnings()) {
        findings->Warn(kCheck, absl::StrCat(name, warning),
                       "nothing, if its access tokens are signed with the other keys");
      }
    }
    if (fetched->clock_ahead.has_value()) {
      CheckClock(issuer.name(), *fetched->clock_ahead, findings);
    }
    all.emplace_back(issuer.name(), keys);
  }
  return all;
}

}  // namespace lanyard::tools
