// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/call.h"

#include <google/protobuf/descriptor.h>
#include <grpcpp/grpcpp.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "lanyard/https/https.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/interceptors/failure.h"
#include "lanyard/sdk/internal/descriptor_files.h"
#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/sdk/internal/nearest_name.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/tokens/static_token_source.h"
#include "lanyard/tools/input.h"
#include "lanyard/tools/json_message.h"
#include "lanyard/tools/option_values.h"
#include "lanyard/tools/rpc.h"
#include "lanyard/tools/server_reflection.h"
#include "lanyard/tools/terminal.h"
#include "lanyard/tools/token_input.h"
#include "lanyard/tools/usage_error.h"

namespace lanyard::tools {
namespace {

constexpr size_t kMaxRequestBytes = 4 << 20;

struct Method {
  std::string service, name;  // "shop.Orders", "GetOrder"

  std::string path() const { return absl::StrCat("/", service, "/", name); }
};

absl::StatusOr<Method> MethodOf(absl::string_view text) {
  absl::ConsumePrefix(&text, "/");
  const size_t slash = text.find('/');
  if (slash == text.npos || slash == 0 || slash + 1 == text.size() ||
      text.find('/', slash + 1) != text.npos) {
    return UsageError("METHOD must be a service and a method, like shop.Orders/GetOrder");
  }
  return Method{std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
}

absl::Status CheckOptions(const Arguments& arguments) {
  if (arguments.Has("--client") == arguments.Has("--token-file")) {
    return UsageError(arguments.Has("--client")
                          ? "--client and --token-file are both given; one is enough"
                          : "missing --token-file FILE, the token to send, or --client FILE, a "
                            "client's config");
  }
  if (arguments.Has("--client") && arguments.Has("--audience")) {
    return UsageError("--audience is for --token-file; a client's config says its own");
  }
  if (arguments.Has("--token-file") && arguments.Value("--audience").empty()) {
    return UsageError(
        "missing --audience AUD: whom the token must be for, as the server's config has it");
  }
  if (arguments.Has("--certificate") != arguments.Has("--key")) {
    return UsageError("--certificate and --key go together; one of them is missing");
  }
  if (!arguments.Has("--ca") && !absl::StartsWith(arguments.operand(0), "unix:")) {
    return UsageError(
        "missing --ca FILE: the PEM certificates that the server's must lead to; tokens go over "
        "TLS, or to a \"unix:\" target");
  }
  if (arguments.Value("--token-file") == "-" && arguments.operand(2) == "-") {
    return UsageError("the token and the request cannot both be standard input");
  }
  return absl::OkStatus();
}

absl::StatusOr<ClientAuthOptions> OptionsOf(const Arguments& arguments, Streams& streams) {
  ClientAuthOptions options;
  options.tls = {arguments.Value("--certificate"), arguments.Value("--key"),
                 arguments.Value("--ca")};
  if (arguments.Has("--client")) {
    options.config_file = arguments.Value("--client");
    options.https = Https();
    return options;
  }
  // Read once, so that it may be a pipe.
  const auto token = TokenOfFile(arguments.Value("--token-file"), streams);
  if (!token.ok()) return token.status();
  options.audience = arguments.Value("--audience");
  options.token_source = StaticTokenSource(*token);
  return options;
}

absl::StatusOr<const google::protobuf::ServiceDescriptor*> FindService(
    const internal::DescriptorFiles& files, const std::string& name) {
  if (const auto* found = files.Find(name); found != nullptr) return found;
  std::vector<std::string> names;
  for (const auto* one : files.services()) names.emplace_back(one->full_name());
  return absl::NotFoundError(absl::StrCat("--descriptors: there is no service \"", name, "\"",
                                          internal::DidYouMean(name, names), "; there is ",
                                          internal::PrintableNames(names)));
}

absl::StatusOr<const google::protobuf::MethodDescriptor*> FindMethod(
    const google::protobuf::ServiceDescriptor& service, const std::string& name) {
  const auto* found = service.FindMethodByName(name);
  if (found == nullptr) {
    std::vector<std::string> names;
    for (int i = 0; i < service.method_count(); ++i) names.emplace_back(service.method(i)->name());
    return absl::NotFoundError(absl::StrCat(std::string(service.full_name()), " has no method \"",
                                            name, "\"", internal::DidYouMean(name, names),
                                            "; it has ", internal::PrintableNames(names)));
  }
  if (found->client_streaming() || found->server_streaming()) {
    return absl::UnimplementedError(absl::StrCat(std::string(found->full_name()),
                                                 " is a stream; this command makes unary calls"));
  }
  return found;
}

// `what` failed, "" for the call itself.
int SayFailure(absl::string_view what, const grpc::Status& status, bool json, Streams& streams) {
  const std::string name = GrpcCodeName(status);
  const std::string message = internal::Printable(status.error_message());
  const auto refusal = FailureOf(status);
  streams.err << what << name << ": " << message << "\n";
  if (refusal.has_value()) {
    streams.err << "the server's audit event " << refusal->decision_id
                << " has the reason; \"lanyard policy explain CONFIG --audit-line FILE\" explains "
                   "it\n";
  }
  if (json) {
    internal::JsonObject object;
    object.Bool("ok", false).Text("status", name).Text("error", message);
    if (refusal.has_value()) object.Text("decision_id", refusal->decision_id);
    streams.out << object.Finish() << "\n";
  }
  return 1;
}

absl::StatusOr<std::string> RequestText(const Arguments& arguments, Streams& streams) {
  const std::string given = arguments.operand(2);
  if (given.empty()) return "{}";
  if (given != "-") return given;
  const auto input = ReadInput("-", kMaxRequestBytes, streams.in);
  if (!input.ok()) return input.status();
  if (input->cut_off) return absl::InvalidArgumentError("standard input: more than 4 MiB");
  return std::string(input->text.view());
}

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  const auto method = MethodOf(arguments.operand(1));
  if (!method.ok()) return method.status();
  if (absl::Status status = CheckOptions(arguments); !status.ok()) return status;
  const auto timeout =
      DurationOption(arguments, "--timeout", absl::Seconds(30), absl::Seconds(1), absl::Hours(1));
  if (!timeout.ok()) return timeout.status();
  const auto request = RequestText(arguments, streams);
  if (!request.ok()) return request.status();

  // gRPC would log what the status of the call says as well.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  auto options = OptionsOf(arguments, streams);
  if (!options.ok()) return options.status();
  const auto auth = ClientAuth::Create(*std::move(options));
  if (!auth.ok()) return auth.status();
  grpc::ChannelArguments channel_arguments;
  if (arguments.Has("--server-name")) {
    channel_arguments.SetSslTargetNameOverride(arguments.Value("--server-name"));
  }
  const auto channel = (*auth)->CreateChannel(arguments.operand(0), channel_arguments, {});
  if (!channel.ok()) return channel.status();

  const absl::Time deadline = absl::Now() + *timeout;
  // Whichever of the two it is keeps the descriptors.
  std::unique_ptr<google::protobuf::DescriptorPool> reflected;
  std::shared_ptr<const internal::DescriptorFiles> read;
  const google::protobuf::ServiceDescriptor* service = nullptr;
  if (arguments.Has("--descriptors")) {
    auto files = internal::DescriptorFiles::Read(arguments.Values("--descriptors"));
    if (!files.ok()) return files.status();
    read = *std::move(files);
    const auto found = FindService(*read, method->service);
    if (!found.ok()) return found.status();
    service = *found;
  } else {
    grpc::Status failure;
    auto pool = [&] {
      const Progress progress(streams.err, "asking for the server's reflection");
      return ReflectedService(*channel, method->service, deadline, &failure);
    }();
    if (!pool.ok()) {
      // A bad token is refused there first.
      if (failure.error_code() == grpc::StatusCode::UNAUTHENTICATED) {
        return SayFailure("the server's reflection: ", failure, arguments.json(), streams);
      }
      return pool.status();
    }
    reflected = *std::move(pool);
    service = reflected->FindServiceByName(method->service);
  }
  const auto found = FindMethod(*service, method->name);
  if (!found.ok()) return found.status();
  const auto bytes = MessageFromJson(*(*found)->input_type(), *request);
  if (!bytes.ok()) return bytes.status();

  std::string answer;
  const grpc::Status status = [&] {
    const Progress progress(streams.err, "waiting for the answer");
    return CallUnary(*channel, method->path(), *bytes, deadline, &answer);
  }();
  if (!status.ok()) return SayFailure("", status, arguments.json(), streams);
  const auto json = JsonFromMessage(*(*found)->output_type(), answer,
                                    arguments.json() ? JsonStyle::kOneLine : JsonStyle::kIndented);
  if (!json.ok()) return json.status();
  if (arguments.json()) {
    streams.out << internal::JsonObject().Bool("ok", true).Json("answer", *json).Finish() << "\n";
  } else {
    streams.out << *json << (absl::EndsWith(*json, "\n") ? "" : "\n");
  }
  return 0;
}

}  // namespace

Command CallCommand() {
  Command command;
  command.name = "call";
  command.summary = "Makes one unary call with a token, in JSON";
  command.details =
      "JSON is the request, {} if there is none; \"-\" is standard input. The answer is JSON on "
      "standard\noutput. Any other status than OK stands on standard error, with its message, and "
      "the exit code is 1.\nWhat the messages look like is asked of the server (gRPC server "
      "reflection, with the same token),\nor read from --descriptors. The token is sent to a "
      "server whose certificate leads to --ca, or over a\nUnix socket, and never in the clear.\n\n"
      "  lanyard dev token dev --subject alice --scope orders.read >token\n"
      "  lanyard call localhost:8443 shop.Orders/GetOrder '{\"id\": \"42\"}' --ca dev/ca.pem \\\n"
      "      --audience dev --token-file token\n"
      "  lanyard call localhost:8443 shop.Orders/GetOrder --ca dev/ca.pem --audience dev \\\n"
      "      --token-file token --descriptors orders.pb\n";
  command.syntax.operand = "TARGET METHOD [JSON|-]";
  command.syntax.operands = 3;
  command.syntax.optional_operands = 1;
  command.syntax.operand_required = true;
  command.syntax.options = {
      {"--ca", "FILE",
       "PEM certificates that the server's must lead to (required, but for \"unix:\" targets)"},
      {"--token-file", "FILE|-", "the token to send"},
      {"--client", "FILE", "in its place: a client's config, which says where tokens come from"},
      {"--audience", "AUD",
       "with --token-file: whom the token must be for; another is not sent (required)"},
      {"--server-name", "NAME", "the name in the server's certificate, where TARGET is another"},
      {"--certificate", "FILE", "for mutual TLS: the own certificate, PEM"},
      {"--key", "FILE", "for mutual TLS: its private key, PEM"},
      {"--descriptors", "FILE",
       "a FileDescriptorSet of the service, in place of the server's reflection", false, true},
      {"--timeout", "30s", "how long it may take in all (default 30s)"},
  };
  command.exit_1 = "the call did not end as OK";
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
