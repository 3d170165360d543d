// SPDX-License-Identifier: Apache-2.0
// What servers answer to questions about themselves, hostile ones among them.
#include "lanyard/tools/server_reflection.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/text_format.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "lanyard/testing/matchers.h"
#include "tools/lanyard/reflection.pb.h"

namespace lanyard::tools {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::testing::AllOf;
using ::testing::HasSubstr;
using Answers = std::function<std::string(const reflection::ReflectionRequest&)>;

constexpr char kV1Alpha[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

// Answers each message of a stream by a function; streams of other methods end as UNIMPLEMENTED.
class ScriptedService final : public grpc::CallbackGenericService {
 public:
  explicit ScriptedService(Answers answers) : answers_(std::move(answers)) {}

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) {
    class Stream final : public grpc::ServerGenericBidiReactor {
     public:
      Stream(const Answers& answers, const std::string& method) : answers_(answers) {
        if (method != kV1Alpha) {
          Finish({grpc::StatusCode::UNIMPLEMENTED, "not here"});
          return;
        }
        StartRead(&read_);
      }
      void OnReadDone(bool ok) override {
        if (!ok) return Finish(grpc::Status::OK);
        std::vector<grpc::Slice> slices;
        std::string bytes;
        if (read_.Dump(&slices).ok()) {
          for (const auto& slice : slices) {
            bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
          }
        }
        reflection::ReflectionRequest request;
        EXPECT_TRUE(request.ParseFromString(bytes));
        const grpc::Slice answer(answers_(request));
        write_ = grpc::ByteBuffer(&answer, 1);
        StartWrite(&write_);
      }
      void OnWriteDone(bool ok) override {
        if (ok) StartRead(&read_);
      }
      void OnDone() override { delete this; }

     private:
      const Answers& answers_;
      grpc::ByteBuffer read_, write_;
    };
    return new Stream(answers_, context->method());
  }

 private:
  const Answers answers_;
};

class ServerReflectionTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<google::protobuf::DescriptorPool>> Ask(Answers answers) {
    service_ = std::make_unique<ScriptedService>(std::move(answers));
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterCallbackGenericService(service_.get());
    server_ = builder.BuildAndStart();
    const auto channel =
        grpc::CreateChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials());
    auto answer =
        ReflectedService(channel, "shop.Orders", absl::Now() + absl::Seconds(30), &failure_);
    server_->Shutdown();
    return answer;
  }

  grpc::Status failure_;
  std::unique_ptr<ScriptedService> service_;
  std::unique_ptr<grpc::Server> server_;
};

std::string File(const std::string& text) {
  google::protobuf::FileDescriptorProto file;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &file)) << text;
  return file.SerializeAsString();
}
std::string FilesAnswer(const std::vector<std::string>& files) {
  reflection::ReflectionResponse response;
  response.mutable_files();
  for (const std::string& file : files) response.mutable_files()->add_descriptors(file);
  return response.SerializeAsString();
}
std::string NotFound() {
  reflection::ReflectionResponse response;
  response.mutable_error()->set_code(5);
  return response.SerializeAsString();
}

const std::string kService =
    "name: 'shop.proto' package: 'shop' syntax: 'proto3' dependency: 'order.proto' "
    "dependency: 'google/protobuf/empty.proto' service { name: 'Orders' method { name: 'Get' "
    "input_type: '.google.protobuf.Empty' output_type: '.shop.Order' } }";
const std::string kOrder =
    "name: 'order.proto' package: 'shop' syntax: 'proto3' message_type { name: 'Order' }";

TEST_F(ServerReflectionTest, TakesFilesInAnyOrder) {
  const auto pool = Ask([](const auto&) {
    return FilesAnswer({File(kService), File(kOrder),
                        File("name: 'google/protobuf/empty.proto' package: 'google.protobuf' "
                             "message_type { name: 'Empty' }")});
  });
  ASSERT_THAT(pool, IsOk());
  EXPECT_EQ((*pool)->FindServiceByName("shop.Orders")->method_count(), 1);
}

TEST_F(ServerReflectionTest, AsksForFilesThatComeOneByOne) {
  std::vector<std::string> asked;
  const auto pool = Ask([&](const reflection::ReflectionRequest& request) {
    asked.push_back(request.file_by_filename());
    if (request.file_containing_symbol() == "shop.Orders") return FilesAnswer({File(kService)});
    return request.file_by_filename() == "order.proto" ? FilesAnswer({File(kOrder)}) : NotFound();
  });
  EXPECT_THAT(pool, IsOk());
  EXPECT_THAT(asked, ::testing::Contains("order.proto"));
}

TEST_F(ServerReflectionTest, NamesTheServicesThatThereAre) {
  const auto pool = Ask([](const reflection::ReflectionRequest& request) {
    if (request.list_services().empty()) return NotFound();
    reflection::ReflectionResponse response;
    response.mutable_services()->add_service()->set_name("shop.Ordres");
    return response.SerializeAsString();
  });
  EXPECT_THAT(pool, IsError(HasSubstr("the server has no service \"shop.Orders\" (did you mean "
                                      "shop.Ordres?); it has [\"shop.Ordres\"]")));
}

TEST_F(ServerReflectionTest, RefusesWhatIsNotConsistent) {
  const std::map<std::string, std::vector<std::string>> cases = {
      {"a descriptor that cannot be read", {"\xff"}},
      {"it lacks a file that another imports: [\"order.proto\"]", {File(kService)}},
      {"imports itself, by way of others",
       {File(kService), File("name: 'order.proto' dependency: 'shop.proto'")}},
      {"shop.proto is not consistent: shop.Orders.Get: ",
       {File(kService), File("name: 'order.proto' package: 'shop'")}},
      {"order.proto is not consistent: ",
       {File(kService), File("name: 'order.proto' message_type { name: '\\033[31m' }")}},
      {"the server has no service \"shop.Orders\"", {File(kOrder)}},
      {"the server has no service \"shop.Orders\"", {}},
  };
  for (const auto& [message, files] : cases) {
    EXPECT_THAT(Ask([&files = files](const reflection::ReflectionRequest& request) {
                  return request.file_containing_symbol().empty() ? NotFound() : FilesAnswer(files);
                }),
                IsError(HasSubstr(message)));
  }
  EXPECT_THAT(Ask([](const auto&) { return std::string("\xff"); }),
              IsError(HasSubstr("an answer that cannot be read")));
}

TEST_F(ServerReflectionTest, AnEndlessChainOfImportsEnds) {
  int files = 0;
  EXPECT_THAT(Ask([&](const reflection::ReflectionRequest& request) {
                ++files;
                const std::string name = request.file_by_filename().empty()
                                             ? std::string("0.proto")
                                             : request.file_by_filename();
                return FilesAnswer(
                    {File(absl::StrCat("name: '", name, "' dependency: '", files, ".proto'"))});
              }),
              IsError(HasSubstr("more than 1000 files")));
}

TEST_F(ServerReflectionTest, TooMuchOfAnythingIsRefused) {
  EXPECT_THAT(Ask([](const auto&) {
                google::protobuf::FileDescriptorProto file;
                file.set_name("0.proto");
                for (int i = 0; i < 2000; ++i) file.add_dependency("order.proto");
                return FilesAnswer({file.SerializeAsString()});
              }),
              IsError(HasSubstr("more than 1000 imports")));
  int files = 0;
  EXPECT_THAT(Ask([&](const reflection::ReflectionRequest& request) {
                google::protobuf::FileDescriptorProto file;
                file.set_name(request.file_by_filename());
                file.add_dependency(absl::StrCat(++files, ".proto"));
                file.set_package(std::string(3 << 20, 'x'));
                return FilesAnswer({file.SerializeAsString()});
              }),
              IsError(HasSubstr("more than 16777216 bytes of descriptors")));
}

TEST_F(ServerReflectionTest, AServerThatNeverAnswersIsNotWaitedFor) {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  grpc::AsyncGenericService silent;
  builder.RegisterAsyncGenericService(&silent);
  const auto queue = builder.AddCompletionQueue();
  const auto server = builder.BuildAndStart();
  const auto channel =
      grpc::CreateChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials());
  grpc::Status failure;
  EXPECT_THAT(
      ReflectedService(channel, "shop.Orders", absl::Now() + absl::Milliseconds(300), &failure),
      IsError(HasSubstr("the server's reflection: DEADLINE_EXCEEDED")));
  EXPECT_EQ(failure.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  server->Shutdown(std::chrono::system_clock::now());
  queue->Shutdown();
  void* tag = nullptr;
  for (bool ok = false; queue->Next(&tag, &ok);) {
  }
}

TEST_F(ServerReflectionTest, AServerWithoutReflectionIsTold) {
  service_ = nullptr;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  grpc::CallbackGenericService nothing;
  builder.RegisterCallbackGenericService(&nothing);
  const auto server = builder.BuildAndStart();
  const auto channel =
      grpc::CreateChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials());
  grpc::Status failure;
  EXPECT_THAT(ReflectedService(channel, "shop.Orders", absl::Now() + absl::Seconds(30), &failure),
              IsError(AllOf(HasSubstr("the server's reflection: UNIMPLEMENTED"),
                            HasSubstr("--descriptors FILE calls without it"))));
  EXPECT_EQ(failure.error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

}  // namespace
}  // namespace lanyard::tools
