// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/serve.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "lanyard/issuer/configured_store.h"
#include "lanyard/issuer/issuer_config.h"
#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/sdk/internal/log.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/json_lines_audit_sink.h"
#include "lanyard/tools/awaited_signals.h"
#include "lanyard/tools/issuer_place.h"
#include "lanyard/tools/issuer_start.h"
#include "lanyard/tools/token_server.h"
#include "lanyard/tools/usage_error.h"

namespace lanyard::tools {
namespace {

constexpr absl::Duration kGrace = absl::Seconds(5);

absl::StatusOr<std::unique_ptr<TokenServer>> Start(const std::string& file,
                                                   std::shared_ptr<AuditSink> audit_sink) {
  TokenServerOptions options;
  auto config = LoadIssuerConfig(file);
  if (!config.ok()) return config.status();
  if (absl::Status s = CheckIssuerStart(*config); !s.ok()) return AtItsPlace(file, s);
  auto store = OpenConfiguredStore(*config);
  if (!store.ok()) return AtItsPlace(file, store.status());
  options.issuer.config = *std::move(config);
  options.issuer.store = *std::move(store);
  options.audit_sink = std::move(audit_sink);
  auto server = TokenServer::Start(std::move(options));
  if (!server.ok()) return AtItsPlace(file, server.status());
  return server;
}

// Where it is reached: what scripts wait for.
void SayAddresses(const Arguments& arguments, const TokenServer& server, std::ostream& out) {
  if (arguments.json()) {
    internal::JsonObject object;
    object.Bool("ok", true).Texts("grpc", server.addresses());
    if (!server.website_address().empty()) object.Text("website", server.website_address());
    if (!server.health_address().empty()) object.Text("health", server.health_address());
    out << object.Finish() << "\n";
  } else {
    for (const std::string& address : server.addresses()) {
      out << "gRPC on " << internal::Printable(address) << "\n";
    }
    if (!server.website_address().empty()) {
      out << "website on " << internal::Printable(server.website_address()) << "\n";
    }
    if (!server.health_address().empty()) {
      out << "health on " << internal::Printable(server.health_address()) << "\n";
    }
  }
  out.flush();
}

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  if (arguments.Value("--audit") == "-") {
    return UsageError("--audit takes a file; standard output says where the service is reached");
  }
  std::optional<AwaitedSignals> signals(std::in_place);  // Before any thread.
  std::shared_ptr<AuditSink> audit_sink;
  if (arguments.Has("--audit")) {
    JsonLinesAuditOptions options;
    options.file = arguments.Value("--audit");
    auto sink = JsonLinesAuditSink(options);
    if (!sink.ok()) {
      return absl::Status(sink.status().code(), absl::StrCat("--audit: ", sink.status().message()));
    }
    audit_sink = *std::move(sink);
  }
  const auto server = Start(arguments.operand(), std::move(audit_sink));
  if (!server.ok()) return server.status();
  SayAddresses(arguments, **server, streams.out);
  signals->Await();
  signals.reset();
  internal::LogLine("the token service ends; calls that run have 5 seconds");
  (*server)->Shutdown(kGrace);
  return 0;
}

}  // namespace

Command ServeCommand() {
  Command command;
  command.name = "serve";
  command.summary = "Runs a token service";
  command.details =
      "FILE is the config of the issuer (lanyard/v1/issuer.proto) and has `serve { … }`. Says on "
      "standard output\nwhere it is reached, one line an address, once it is. SIGTERM and SIGINT "
      "end "
      "it: calls that run have\nfive seconds, and a second signal does not wait. Keys and TLS "
      "files "
      "are read again when they change;\nusers and clients are looked up in the store, which "
      "`lanyard user` and `lanyard client` change meanwhile.\n\n"
      "  lanyard key rotate keys --alg ES256\n"
      "  (umask 077; head -c 32 /dev/urandom > session-secret)\n"
      "  lanyard serve issuer.textproto\n";
  command.syntax.operand = "FILE";
  command.syntax.operand_required = true;
  command.syntax.options = {
      {"--audit", "FILE",
       "append every decision about a call to this file, as lines of JSON, mode 0600"}};
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
