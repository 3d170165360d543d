// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/issuer_settings.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/duration.h"
#include "lanyard/sdk/internal/http.h"

namespace lanyard::internal {
namespace {

absl::Status FieldError(absl::string_view field, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", what));
}

absl::Duration Or(bool is_set, const google::protobuf::Duration& duration, absl::Duration other) {
  return is_set ? DurationOf(duration) : other;
}

absl::Status CheckLife(absl::string_view field, absl::Duration life) {
  if (life >= absl::Minutes(1) && life <= absl::Hours(24 * 366)) return absl::OkStatus();
  return FieldError(field, "must be 1 min to a year");
}

absl::Status CheckServe(const v1::Serve& serve) {
  if (serve.listen().empty()) {
    return FieldError("serve.listen", "required: an address, as in \"0.0.0.0:8443\"");
  }
  for (const std::string& address : serve.listen()) {
    if (address.empty()) return FieldError("serve.listen", "an address is empty");
  }
  if (serve.certificate_chain().empty() || serve.private_key().empty()) {
    return FieldError("serve.certificate_chain, serve.private_key", "both are required");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Duration AccessTokenLifetime(const v1::IssuerConfig& config) {
  return Or(config.has_access_token_lifetime(), config.access_token_lifetime(), absl::Minutes(10));
}

Sessions::Options SessionOptions(const v1::IssuerConfig& config) {
  Sessions::Options options;
  options.issuer = config.issuer();
  const v1::SignIn& sign_in = config.sign_in();
  options.max_life =
      Or(sign_in.has_max_session_life(), sign_in.max_session_life(), options.max_life);
  options.max_idle = Or(sign_in.has_max_idle_time(), sign_in.max_idle_time(), options.max_idle);
  return options;
}

absl::Status CheckIssuerSettings(const v1::IssuerConfig& config) {
  const auto url = ParseHttpUrl(config.issuer(), /*plaintext_is_trusted=*/false);
  if (!url.ok() || absl::StrContains(config.issuer(), '?')) {
    return FieldError("issuer",
                      "required: an https URL without query and fragment, as in "
                      "\"https://tokens.example.com\" (RFC 8414 section 2)");
  }
  if (config.key_directory().empty()) {
    return FieldError("key_directory", "required: a folder that `lanyard key rotate` has made");
  }
  const absl::Duration lifetime = AccessTokenLifetime(config);
  if (lifetime < absl::Minutes(1) || lifetime > absl::Hours(1)) {
    return FieldError("access_token_lifetime", "must be 1 min to 1 h");
  }
  if (config.has_sqlite() && config.sqlite().file().empty()) {
    return FieldError("sqlite.file", "required, as in \"/var/lib/lanyard/issuer.db\"");
  }
  if (config.has_serve()) {
    if (absl::Status s = CheckServe(config.serve()); !s.ok()) return s;
  }
  if (!config.has_sign_in()) return absl::OkStatus();
  if (config.sign_in().session_secret_file().empty()) {
    return FieldError(
        "sign_in.session_secret_file",
        "required: at least 32 random bytes, as `head -c 32 /dev/urandom` gives them");
  }
  const Sessions::Options sessions = SessionOptions(config);
  if (absl::Status s = CheckLife("sign_in.max_session_life", sessions.max_life); !s.ok()) return s;
  if (absl::Status s = CheckLife("sign_in.max_idle_time", sessions.max_idle); !s.ok()) return s;
  if (config.sign_in().parallel_derivations() > 256) {
    return FieldError("sign_in.parallel_derivations", "at most 256, each of 128 MiB");
  }
  return absl::OkStatus();
}

}  // namespace lanyard::internal
