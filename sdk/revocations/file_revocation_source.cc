// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/revocations/file_revocation_source.h"

#include <mutex>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/config_text.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/heard_revocations.h"
#include "lanyard/sdk/internal/periodic_thread.h"
#include "lanyard/sdk/internal/revocation_list.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard {
namespace {

constexpr size_t kMaxFileBytes = 64 * 1024 * 1024;
constexpr size_t kBytesPerEntry = 256;

class PollingFileRevocationSource final : public FileRevocationSource {
 public:
  explicit PollingFileRevocationSource(FileRevocationSourceOptions options)
      : options_(std::move(options)),
        heard_(absl::StrCat("issuer ", internal::Printable(options_.issuer)), options_.issuer,
               options_.max_revocation_age,
               {options_.max_entries, options_.max_entries * kBytesPerEntry}, options_.clock) {}

  // The first look, whose error is the caller's to tell.
  absl::Status Start() {
    {
      std::lock_guard<std::mutex> reading(reload_mutex_);
      const absl::Duration now = options_.clock->SinceBoot();
      if (absl::Status status = Load(); !status.ok()) return status;
      heard_.Succeeded(now);
      heard_.Tend();
    }
    poller_.emplace(std::chrono::milliseconds(absl::ToInt64Milliseconds(options_.poll_interval)),
                    [this] { (void)Reload(); });
    return absl::OkStatus();
  }

  RevocationVerdict Check(const TokenFacts& token) const override { return heard_.Check(token); }
  uint64_t generation() const override { return heard_.generation(); }
  absl::Status Health() const override { return heard_.Health(); }
  RevocationSourceStatus Status() const override { return heard_.Status(); }

  absl::Status Reload() override {
    std::lock_guard<std::mutex> reading(reload_mutex_);
    const absl::Duration now = options_.clock->SinceBoot();
    const absl::Status status = Load();
    if (status.ok()) {
      heard_.Succeeded(now);
    } else {
      heard_.Failed("local", status);
    }
    heard_.Tend();
    return status;
  }

 private:
  absl::Status Load() {
    const auto text = internal::ReadFile(options_.path, kMaxFileBytes);
    if (!text.ok()) return text.status();
    std::string digest = internal::Sha256(text->view());
    if (digest == digest_ && !heard_.ClockWasSetBack()) return absl::OkStatus();
    const auto revocations = internal::ParseRevocations(text->view(), options_.path);
    if (!revocations.ok()) return revocations.status();
    for (const v1::Revocation& revocation : revocations->revocations()) {
      heard_.list().Add(revocation);
    }
    digest_ = std::move(digest);
    return absl::OkStatus();
  }

  const FileRevocationSourceOptions options_;
  internal::HeardRevocations heard_;
  std::mutex reload_mutex_;
  std::string digest_;  // Of what was read last and good. Guarded by reload_mutex_.
  std::optional<internal::PeriodicThread> poller_;  // Last: its thread uses the rest.
};

}  // namespace

namespace internal {

absl::StatusOr<v1::RevocationList> ParseRevocations(absl::string_view text,
                                                    const std::string& path) {
  v1::RevocationList list;
  ConfigText places;
  if (absl::Status status = places.Parse(text, path, &list); !status.ok()) return status;
  const int count = list.revocations_size();
  if (absl::Status status = places.CheckEachHasItsLine("revocations", count); !status.ok()) {
    return status;
  }
  for (int i = 0; i < count; ++i) {
    const absl::Status status = RevocationList::Validate(list.revocations(i));
    if (status.ok()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(places.PlaceOf("revocations", i), ": ", status.message()));
  }
  return list;
}

}  // namespace internal

absl::StatusOr<std::unique_ptr<FileRevocationSource>> FileRevocationSource::Create(
    FileRevocationSourceOptions options) {
  const auto error = [](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("FileRevocationSourceOptions.", what));
  };
  if (options.path.empty()) return error("path is empty");
  if (options.issuer.empty()) return error("issuer is empty");
  if (options.clock == nullptr) return error("clock is null");
  if (options.max_entries == 0) return error("max_entries is 0");
  if (options.poll_interval < absl::Milliseconds(10)) return error("poll_interval is below 10 ms");
  if (options.max_revocation_age < absl::Seconds(10) ||
      options.max_revocation_age > absl::Hours(24)) {
    return error("max_revocation_age must be 10 s to 24 h");
  }
  auto source = std::make_unique<PollingFileRevocationSource>(std::move(options));
  if (absl::Status status = source->Start(); !status.ok()) return status;
  return source;
}

}  // namespace lanyard
