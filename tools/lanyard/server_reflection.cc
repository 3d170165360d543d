// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/server_reflection.h"

#include <google/protobuf/descriptor.pb.h>

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "lanyard/sdk/internal/nearest_name.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/tools/rpc.h"
#include "tools/lanyard/reflection.pb.h"

namespace lanyard::tools {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptorProto;
using FilesByName = std::map<std::string, FileDescriptorProto>;

constexpr char kOrigin[] = "the server's reflection";
constexpr size_t kMostFiles = 1000;
constexpr int kMostImports = 1000;  // Of a file.
constexpr size_t kMostBytes = 16 << 20;
constexpr const char* kMethods[] = {
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"};

absl::Status Error(absl::StatusCode code, absl::string_view what) {
  return absl::Status(code, absl::StrCat(kOrigin, ": ", what));
}

// The same codes, with their names, since only the message is shown.
absl::Status FromGrpc(const grpc::Status& status) {
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  const bool is_closed =
      code == absl::StatusCode::kUnimplemented || code == absl::StatusCode::kPermissionDenied;
  return Error(code, absl::StrCat(GrpcCodeName(status), ": ", status.error_message(),
                                  is_closed ? "; --descriptors FILE calls without it" : ""));
}

// What reflection itself says; a call that ends as NOT_FOUND is another thing.
absl::Status NotThere() { return absl::OutOfRangeError(""); }
bool IsNotThere(const absl::Status& status) {
  return absl::IsOutOfRange(status) && status.message().empty();
}

// One stream of questions.
class Reflection {
 public:
  // `failure` is set where the call itself fails.
  Reflection(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
             absl::Time deadline, grpc::Status* failure)
      : stream_(channel, method, deadline), failure_(failure) {}

  // NotThere() where the server does not have it.
  absl::StatusOr<reflection::ReflectionResponse> Ask(const reflection::ReflectionRequest& request) {
    std::string bytes;
    const grpc::Status status = stream_.Ask(request.SerializeAsString(), &bytes);
    if (!status.ok()) {
      *failure_ = status;
      return FromGrpc(status);
    }
    reflection::ReflectionResponse response;
    if (!response.ParseFromString(bytes)) {
      return Error(absl::StatusCode::kInternal, "an answer that cannot be read");
    }
    if (response.has_error()) {
      const auto code = static_cast<absl::StatusCode>(response.error().code());
      if (code == absl::StatusCode::kNotFound) return NotThere();
      return Error(absl::StatusCode::kUnknown,
                   absl::StrCat(absl::StatusCodeToString(code), ": ", response.error().message()));
    }
    return response;
  }

  // Adds what the server sends for a symbol or a file, and all that it imports.
  absl::Status AddFiles(const reflection::ReflectionRequest& request, FilesByName* files) {
    auto response = Ask(request);
    if (!response.ok()) return response.status();
    for (const std::string& bytes : response->files().descriptors()) {
      FileDescriptorProto file;
      bytes_ += bytes.size();
      if (bytes_ > kMostBytes) {
        return Error(absl::StatusCode::kResourceExhausted,
                     absl::StrCat("more than ", kMostBytes, " bytes of descriptors"));
      }
      if (!file.ParseFromString(bytes)) {
        return Error(absl::StatusCode::kInternal, "a descriptor that cannot be read");
      }
      if (file.dependency_size() > kMostImports) {
        return Error(absl::StatusCode::kResourceExhausted,
                     absl::StrCat("a file with more than ", kMostImports, " imports"));
      }
      files->emplace(file.name(), std::move(file));
      if (files->size() > kMostFiles) {
        return Error(absl::StatusCode::kResourceExhausted,
                     absl::StrCat("more than ", kMostFiles, " files"));
      }
    }
    return absl::OkStatus();
  }

  std::vector<std::string> Services() {
    reflection::ReflectionRequest request;
    request.set_list_services("*");
    const auto response = Ask(request);
    std::vector<std::string> names;
    if (!response.ok()) return names;
    for (const auto& service : response->services().service()) names.push_back(service.name());
    return names;
  }

 private:
  Conversation stream_;
  grpc::Status* const failure_;
  size_t bytes_ = 0;  // Of all descriptors.
};

// What is imported and not there, neither in this program.
std::set<std::string> Missing(const FilesByName& files) {
  std::set<std::string> missing;
  for (const auto& [name, file] : files) {
    for (const std::string& import : file.dependency()) {
      if (files.count(import) == 0 &&
          DescriptorPool::generated_pool()->FindFileByName(import) == nullptr) {
        missing.insert(import);
      }
    }
  }
  return missing;
}

// Keeps the first thing that is wrong with a file, which protobuf would write to standard error.
class FirstError final : public DescriptorPool::ErrorCollector {
 public:
#if GOOGLE_PROTOBUF_VERSION >= 4022000
  void RecordError(absl::string_view, absl::string_view element, const google::protobuf::Message*,
                   ErrorLocation, absl::string_view message) override {
    Keep(element, message);
  }
#else
  void AddError(const std::string&, const std::string& element, const google::protobuf::Message*,
                ErrorLocation, const std::string& message) override {
    Keep(element, message);
  }
#endif

  const std::string& text() const { return text_; }

 private:
  void Keep(absl::string_view element, absl::string_view message) {
    if (text_.empty()) text_ = absl::StrCat(element, ": ", message);
  }

  std::string text_;
};

// A pool of them, on top of what this program has: protobuf's own files, and Lanyard's.
absl::StatusOr<std::unique_ptr<DescriptorPool>> Pool(FilesByName files, absl::Time deadline) {
  const DescriptorPool* generated = DescriptorPool::generated_pool();
  auto pool = std::make_unique<DescriptorPool>(generated);
  FirstError error;
  // Each file behind what it imports. Files that import each other never come.
  for (size_t before = files.size() + 1; before > files.size() && !files.empty();) {
    before = files.size();
    if (absl::Now() > deadline) {
      return Error(absl::StatusCode::kDeadlineExceeded, "its files are too many for --timeout");
    }
    for (auto it = files.begin(); it != files.end();) {
      const FileDescriptorProto& file = it->second;
      bool ready = true;
      for (int i = 0; ready && i < file.dependency_size(); ++i) {
        ready = files.count(file.dependency(i)) == 0;
      }
      if (!ready) {
        ++it;
        continue;
      }
      if (generated->FindFileByName(file.name()) == nullptr &&
          pool->BuildFileCollectingErrors(file, &error) == nullptr) {
        return Error(absl::StatusCode::kInternal,
                     absl::StrCat(file.name(), " is not consistent: ", error.text()));
      }
      it = files.erase(it);
    }
  }
  if (files.empty()) return pool;
  return Error(absl::StatusCode::kInternal,
               absl::StrCat(files.begin()->first, " imports itself, by way of others"));
}

absl::Status NoSuchService(Reflection& reflection, const std::string& service) {
  const std::vector<std::string> names = reflection.Services();
  return Error(absl::StatusCode::kNotFound,
               absl::StrCat("the server has no service \"", service, "\"",
                            internal::DidYouMean(service, names), "; it has ",
                            internal::PrintableNames(names)));
}

absl::StatusOr<std::unique_ptr<DescriptorPool>> FilesOf(Reflection& reflection,
                                                        const std::string& service,
                                                        absl::Time deadline) {
  FilesByName files;
  reflection::ReflectionRequest request;
  request.set_file_containing_symbol(service);
  absl::Status status = reflection.AddFiles(request, &files);
  if (IsNotThere(status)) return NoSuchService(reflection, service);
  // Some servers send one file at a time.
  for (auto missing = Missing(files); status.ok() && !missing.empty(); missing = Missing(files)) {
    for (const std::string& name : missing) {
      request.set_file_by_filename(name);
      if (status = reflection.AddFiles(request, &files); !status.ok()) break;
      if (files.count(name) == 0) status = NotThere();
    }
    if (IsNotThere(status)) {
      status = Error(absl::StatusCode::kInternal,
                     absl::StrCat("it lacks a file that another imports: ",
                                  internal::PrintableNames({*missing.begin()})));
    }
  }
  if (!status.ok()) return status;
  auto pool = Pool(std::move(files), deadline);
  // The name may be that of a message.
  if (pool.ok() && (*pool)->FindServiceByName(service) == nullptr) {
    return NoSuchService(reflection, service);
  }
  return pool;
}

}  // namespace

absl::StatusOr<std::unique_ptr<DescriptorPool>> ReflectedService(
    const std::shared_ptr<grpc::Channel>& channel, const std::string& service, absl::Time deadline,
    grpc::Status* failure) {
  absl::Status first;
  for (const char* method : kMethods) {
    grpc::Status call;
    Reflection reflection(channel, method, deadline, &call);
    auto files = FilesOf(reflection, service, deadline);
    if (!files.ok() && failure->ok()) *failure = call;
    // A policy may know the older name alone.
    const absl::Status status = files.status();
    if (!absl::IsUnimplemented(status) && !absl::IsPermissionDenied(status)) return files;
    if (first.ok() || absl::IsUnimplemented(first)) first = status;
  }
  return first;
}

}  // namespace lanyard::tools
