// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/issuer_place.h"

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/config_text.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/redaction.h"
#include "lanyard/v1/issuer.pb.h"

namespace lanyard::tools {
namespace {

constexpr size_t kMaxConfigBytes = 1 << 20;

}  // namespace

absl::Status AtItsPlace(const std::string& config_file, const absl::Status& error) {
  const std::string message(error.message());
  const std::string field = message.substr(0, message.find_first_of(".:"));
  std::string place = internal::PrintablePath(config_file);
  const auto text = internal::ReadFile(config_file, kMaxConfigBytes);
  internal::ConfigText parsed;
  v1::IssuerConfig config;
  if (text.ok() && v1::IssuerConfig::descriptor()->FindFieldByName(field) != nullptr &&
      parsed.Parse(text->view(), place, &config).ok()) {
    place = parsed.PlaceOf(field.c_str());
  }
  return absl::Status(error.code(), absl::StrCat(place, ": ", message));
}

}  // namespace lanyard::tools
