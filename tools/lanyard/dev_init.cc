// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/dev_init.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/sdk/internal/redaction.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/tools/dev_folder.h"

namespace lanyard::tools {
namespace {

constexpr char kNext[] =
    R"(Made DIR, FOR LOCAL WORK ALONE: whoever can read it can be any caller of the servers that trust it.

A server on this machine, which everybody with a token may ask what methods it has:
  lanyard::ServerAuthOptions options;
  options.config_files = {"DIR/auth.textproto"};
  options.tls.certificate_chain = "DIR/server.crt";
  options.tls.private_key = "DIR/server.key";
A client of it, at localhost, 127.0.0.1 or [::1]:
  lanyard::ClientAuthOptions options;
  options.config_file = "DIR/client.textproto";
  options.tls.root_certificates = "DIR/ca.pem";
For mutual TLS the server's tls.root_certificates is DIR/ca.pem too, and the client has client.crt and
client.key. Certificates are good for 90 days; then make a new folder.

Next:
  lanyard doctor DIR/auth.textproto --tls-certificate DIR/server.crt --tls-key DIR/server.key
  lanyard client check DIR/client.textproto
  lanyard dev token DIR --subject alice --scope orders.read >token
  lanyard call localhost:PORT shop.Orders/GetOrder '{}' --ca DIR/ca.pem --audience AUDIENCE --token-file token
)";

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  const std::string folder = arguments.operand();
  const std::string audience =
      arguments.Has("--audience") ? arguments.Value("--audience") : kDevIssuer;
  if (absl::Status status = WriteDevFolder(folder, audience); !status.ok()) return status;
  if (arguments.json()) {
    streams.out << internal::JsonObject()
                       .Bool("ok", true)
                       .Text("folder", folder)
                       .Texts("files", DevFileNames())
                       .Finish()
                << "\n";
  } else {
    streams.out << absl::StrReplaceAll(kNext, {{"DIR", internal::PrintablePath(folder)},
                                               {"AUDIENCE", internal::Printable(audience)}});
  }
  return 0;
}

}  // namespace

Command DevInitCommand() {
  Command command;
  command.group = "dev";
  command.name = "init";
  command.summary = "Makes keys, certificates and configs for local work";
  command.details =
      "FOR LOCAL WORK ALONE: the key that signs the tokens lies in the folder, so whoever can read "
      "it can be\nany caller of the servers that trust it. DIR must be new or empty; nothing is "
      "ever replaced. In it are:\n\n"
      "  ca.pem                   a CA, whose key is thrown away\n"
      "  server.crt, server.key   for localhost, 127.0.0.1 and ::1, for 90 days\n"
      "  client.crt, client.key   for mutual TLS, for 90 days\n"
      "  issuer.jwk, issuer.jwks  the key that signs tokens, and its public half\n"
      "  auth.textproto           a server's config that trusts it\n"
      "  client.textproto         a client's config that signs its own tokens\n\n"
      "  lanyard dev init dev\n";
  command.syntax.operand = "DIR";
  command.syntax.operand_required = true;
  command.syntax.options = {
      {"--audience", "AUD", "aud: what the server is called in tokens (default dev)"}};
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
