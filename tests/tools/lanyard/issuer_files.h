// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_TOOLS_LANYARD_ISSUER_FILES_H_
#define LANYARD_TESTS_TOOLS_LANYARD_ISSUER_FILES_H_

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "lanyard/issuer/configured_store.h"
#include "lanyard/issuer/issuer_config.h"
#include "lanyard/issuer/issuer_store.h"
#include "lanyard/issuer/password_hash.h"
#include "lanyard/issuer/password_text.h"
#include "lanyard/testing/command_runner.h"
#include "lanyard/v1/issuer.pb.h"
#include "lanyard/v1/revocation.pb.h"

namespace lanyard::testing {

inline constexpr char kIssuer[] = "https://tokens.example.com";
inline constexpr char kPassword[] = "correct horse battery";

// The config of an issuer in this test's folder, with its store in a file and a session secret.
// `more` stands behind it.
inline std::string IssuerConfigFile(absl::string_view more = "") {
  const std::string secret = TempFile("session-secret", std::string(32, '\x81'));
  EXPECT_EQ(chmod(secret.c_str(), 0600), 0);
  return TempFile("issuer.textproto",
                  absl::StrCat("issuer: \"", kIssuer,
                               "\"\nkey_directory: \"keys\"\nsqlite { file: \"issuer.db\" }\n"
                               "sign_in { session_secret_file: \"session-secret\" }\n",
                               more));
}

// A command with that config.
inline Outcome RunWith(const std::string& config, std::vector<std::string> args,
                       absl::string_view input = "") {
  args.insert(args.end(), {"--config", config});
  return RunTool(args, input);
}

inline v1::IssuerConfig ReadConfig(const std::string& file) {
  auto config = LoadIssuerConfig(file);
  EXPECT_TRUE(config.ok()) << config.status();
  return config.ok() ? *std::move(config) : v1::IssuerConfig();
}

inline std::shared_ptr<IssuerStore> OpenStore(const std::string& config_file) {
  auto store = OpenConfiguredStore(ReadConfig(config_file));
  EXPECT_TRUE(store.ok()) << store.status();
  return store.ok() ? *std::move(store) : nullptr;
}

inline std::vector<v1::Revocation> RevocationsIn(const std::string& config_file) {
  const auto log = OpenStore(config_file)->RevocationsAfter(0);
  EXPECT_TRUE(log.ok()) << log.status();
  return log.ok() ? log->revocations : std::vector<v1::Revocation>();
}

// What a password is kept as, at a price that tests can pay.
inline std::string CheapHash(absl::string_view password) {
  internal::PasswordHashesOptions options;
  options.cost.log2_n = 4;
  return *(*internal::PasswordHashes::Create(options))->Hash(*internal::PasswordText(password));
}

}  // namespace lanyard::testing

#endif  // LANYARD_TESTS_TOOLS_LANYARD_ISSUER_FILES_H_
