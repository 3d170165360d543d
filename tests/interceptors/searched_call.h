// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_INTERCEPTORS_SEARCHED_CALL_H_
#define LANYARD_TESTS_INTERCEPTORS_SEARCHED_CALL_H_

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/audit.h"
#include "lanyard/sdk/audit_json.h"
#include "tests/interceptors/echo_client.h"
#include "tests/interceptors/output_search.h"

namespace lanyard::test {

// All that a call gave its caller.
inline void AddCall(absl::string_view where, const grpc::ClientContext& context,
                    const grpc::Status& status, Haystack* haystack) {
  haystack->Add(absl::StrCat(where, ", status"), status.error_message());
  haystack->Add(absl::StrCat(where, ", details"), status.error_details());
  haystack->Add(absl::StrCat(where, ", debug text"), context.debug_error_string(),
                Haystack::Kind::kRaw);
  for (const auto& [name, value] : context.GetServerTrailingMetadata()) {
    haystack->Add(absl::StrCat(where, ", trailing metadata"),
                  absl::StrCat(std::string(name.data(), name.size()), ": ",
                               std::string(value.data(), value.size())));
  }
}

// A unary call whose every answer goes to the haystack.
inline grpc::Status SearchedCall(absl::string_view where,
                                 const std::shared_ptr<grpc::Channel>& channel,
                                 const std::vector<std::pair<std::string, std::string>>& headers,
                                 Haystack* haystack,
                                 const std::string& path = "/lanyard.test.Echo/Unary") {
  grpc::ClientContext context;
  Limit(&context);
  for (const auto& header : headers) context.AddMetadata(header.first, header.second);
  grpc::CompletionQueue queue;
  auto call = grpc::GenericStub(channel).PrepareUnaryCall(&context, path, EmptyMessage(), &queue);
  call->StartCall();
  grpc::ByteBuffer reply;
  grpc::Status status;
  call->Finish(&reply, &status, nullptr);
  void* tag;
  bool ok;
  queue.Next(&tag, &ok);
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
  AddCall(where, context, status, haystack);
  return status;
}

// Every text of an event. The header says that what comes from the call is not escaped.
inline void AddEvent(const AuditEvent& event, Haystack* haystack) {
  const std::string where =
      absl::StrCat("audit event of ",
                   event.failure.has_value() ? AuthFailureName(*event.failure) : "a call", ", ");
  haystack->Add(where + "decision_id", event.decision_id);
  haystack->Add(where + "detail", event.detail);
  haystack->Add(where + "rule", event.rule);
  haystack->Add(where + "json", AuditJson(event));
  haystack->Add(where + "method", event.method, Haystack::Kind::kRaw);
  haystack->Add(where + "peer", event.peer, Haystack::Kind::kRaw);
  if (!event.caller.authenticated()) return;
  haystack->Add(where + "issuer_name", event.caller.issuer_name());
  for (const auto& [name, text] : {std::pair("subject", event.caller.subject()),
                                   std::pair("client_id", event.caller.client_id()),
                                   std::pair("token_id", event.caller.token_id()),
                                   std::pair("key_id", event.caller.key_id())}) {
    haystack->Add(where + name, text, Haystack::Kind::kRaw);
  }
}

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_INTERCEPTORS_SEARCHED_CALL_H_
