// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/dev_folder.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <system_error>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "lanyard/sdk/internal/crypto/certificate.h"
#include "lanyard/sdk/internal/private_file.h"
#include "lanyard/sdk/internal/redaction.h"
#include "lanyard/sdk/internal/secret.h"
#include "lanyard/sdk/keys/key.h"
#include "lanyard/tools/key_text.h"

namespace lanyard::tools {
namespace {

using internal::Secret;
using Files = std::map<std::string, Secret>;

constexpr absl::Duration kCertificateLife = absl::Hours(90 * 24);

// .invalid is nobody's (RFC 6761 section 6.4).
constexpr char kIssuer[] = "https://dev.lanyard.invalid";

constexpr char kWarning[] =
    "# FOR LOCAL WORK ALONE. The key that signs the tokens lies beside this file: whoever can "
    "read\n"
    "# the folder can be any caller, with any right. Servers that others can reach take no part of "
    "it.\n";

std::string ServerConfigText(const std::string& audience) {
  return absl::StrCat(
      kWarning, "\nissuers {\n  name: \"", kDevIssuer, "\"\n  issuer: \"", kIssuer,
      "\"\n  audiences: \"", absl::CEscape(audience),
      "\"\n  algorithms: ES256\n  jwks_file: \"issuer.jwks\"\n}\n\n"
      "# Who may call what. A method without a rule, here or in its .proto, is for nobody.\n"
      "# rules { method: \"/shop.Orders/GetOrder\"  allow { issuers: \"",
      kDevIssuer, "\" all_scopes: \"orders.read\" } }\n\n",
      "# `lanyard call` asks the server for its methods.\nreflection: ANY_AUTHENTICATED\n");
}

std::string ClientConfigText(const std::string& audience) {
  return absl::StrCat(kWarning,
                      "\n# Signs its tokens itself, as \"svc:dev\".\nsources {\n  name: \"self\"\n",
                      "  self_signed {\n    private_key_file: \"", kDevIssuerKey,
                      "\"\n    issuer: \"", kIssuer, "\"\n    subject: \"svc:dev\"\n  }\n}\n\n",
                      "# To call as somebody else, name \"minted\" below, and write the token:\n"
                      "#   (umask 077; lanyard dev token FOLDER --subject alice >FOLDER/token)\n"
                      "sources { name: \"minted\"  file { path: \"token\" } }\n\n"
                      "targets { names: \"*\"  audience: \"",
                      absl::CEscape(audience), "\"  source: \"self\" }\n");
}

absl::Status AddPair(const internal::ThrowAwayCa& ca, const std::string& name,
                     const std::vector<std::string>& names, Files* files) {
  auto pair = ca.Issue(names, absl::Now() + kCertificateLife);
  if (!pair.ok()) return pair.status();
  (*files)[name + ".crt"] = Secret(pair->certificate_pem);
  (*files)[name + ".key"] = std::move(pair->key_pem);
  return absl::OkStatus();
}

absl::StatusOr<Files> MakeFiles(const std::string& audience) {
  Files files;
  const auto ca = internal::ThrowAwayCa::Create("Lanyard, for local work alone");
  if (!ca.ok()) return ca.status();
  files["ca.pem"] = Secret(ca->certificate_pem());
  absl::Status status = AddPair(*ca, "server", {"DNS:localhost", "IP:127.0.0.1", "IP:::1"}, &files);
  if (status.ok()) status = AddPair(*ca, "client", {"DNS:client.dev.lanyard.invalid"}, &files);
  if (!status.ok()) return status;
  const auto key = Key::Generate(Algorithm::kEs256);
  if (!key.ok()) return key.status();
  auto own = KeyText({*key}, "jwk", Half::kPrivate);
  if (!own.ok()) return own.status();
  auto published = KeyText({*key}, "jwks", Half::kPublic);
  if (!published.ok()) return published.status();
  // Its keys are for this machine.
  files[".gitignore"] = Secret("*\n");
  files[kDevIssuerKey] = *std::move(own);
  files["issuer.jwks"] = *std::move(published);
  files[kDevServerConfig] = Secret(ServerConfigText(audience));
  files["client.textproto"] = Secret(ClientConfigText(audience));
  return files;
}

absl::Status FolderError(const std::string& folder, int error) {
  const std::string name = internal::PrintablePath(folder);
  if (error == ENOTEMPTY || error == EEXIST || error == ENOTDIR) {
    return absl::AlreadyExistsError(
        absl::StrCat(name, ": exists already; name a folder that is new or empty"));
  }
  if (error == EBUSY || error == EINVAL) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": cannot be replaced by a new folder; name one that is not there yet"));
  }
  return absl::UnavailableError(absl::StrCat(name, ": ", std::generic_category().message(error)));
}

}  // namespace

std::vector<std::string> DevFileNames() {
  return {".gitignore",       "auth.textproto", "ca.pem",      "client.crt", "client.key",
          "client.textproto", "issuer.jwk",     "issuer.jwks", "server.crt", "server.key"};
}

absl::Status WriteDevFolder(const std::string& folder, const std::string& audience) {
  std::string path = folder;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const auto files = MakeFiles(audience);
  if (!files.ok()) return files.status();
  std::string fresh = path + ".XXXXXX";
  if (mkdtemp(&fresh[0]) == nullptr) return FolderError(path, errno);
  absl::Status status;
  for (const auto& [name, content] : *files) {
    if (status.ok()) {
      status = internal::WritePrivateFile(absl::StrCat(fresh, "/", name), content.view(),
                                          /*replace=*/false);
    }
  }
  // Takes the place of a folder only where that is empty.
  if (status.ok() && std::rename(fresh.c_str(), path.c_str()) != 0) {
    status = FolderError(path, errno);
  }
  if (status.ok()) return status;
  for (const auto& file : *files) unlink(absl::StrCat(fresh, "/", file.first).c_str());
  rmdir(fresh.c_str());
  return status;
}

}  // namespace lanyard::tools
