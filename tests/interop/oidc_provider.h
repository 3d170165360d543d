// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_INTEROP_OIDC_PROVIDER_H_
#define LANYARD_TESTS_INTEROP_OIDC_PROVIDER_H_

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/algorithm.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/testing/test_certificates.h"

namespace lanyard::testing {

inline constexpr char kAudience[] = "https://orders.example.test";

// A program that runs, the other ends of its standard input and output in hand. Closes its input
// and waits for it at the end.
class Process {
 public:
  explicit Process(std::vector<std::string> command) {
    int in[2], out[2];
    // Closed in other programs, or they would keep this one's input open.
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) std::abort();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    std::vector<char*> argv;
    for (std::string& argument : command) argv.push_back(&argument[0]);
    argv.push_back(nullptr);
    if (posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), ::environ) != 0) pid_ = -1;
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    in_ = in[1];
    out_ = fdopen(out[0], "r");
  }
  ~Process() {
    close(in_);
    fclose(out_);
    Signal(SIGCONT);  // A test may have stopped it.
    if (pid_ != -1) waitpid(pid_, nullptr, 0);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // SIGSTOP, SIGKILL, …
  void Signal(int signal) {
    if (pid_ != -1) kill(pid_, signal);
  }

  void Write(const std::string& text) {
    if (write(in_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) std::abort();
  }

  // What it prints up to `end`, or up to the end.
  std::string Read(int end = EOF) {
    std::string text;
    for (int c = getc(out_); c != end && c != EOF; c = getc(out_)) text += static_cast<char>(c);
    return text;
  }

 private:
  pid_t pid_ = -1;
  int in_;
  FILE* out_;
};

// The string, or the integer as text, of that name; empty if there is none.
inline std::string Member(const std::string& json, const std::string& name) {
  const auto document = internal::JsonDocument::ParseObject(json);
  const auto member = document.ok() ? document->root().Find(name) : std::nullopt;
  if (!member.has_value()) {
    ADD_FAILURE() << "no " << name << " in " << json;
    return "";
  }
  if (member->is(internal::JsonValue::Kind::kInteger)) return absl::StrCat(member->integer());
  return std::string(member->string());
}

struct Answer {
  int status = 0;
  std::string body;
};

// An HTTP client that verifies certificates: reads "URL FORM", a line each, and answers in a line.
inline constexpr char kClient[] = R"(
import {createInterface} from 'node:readline';
for await (const line of createInterface({input: process.stdin})) {
  const [url, form] = line.split(' ');
  const post = {method: 'POST', body: new URLSearchParams(form)};
  const answer = await fetch(url, form ? post : {});
  console.log(`${answer.status} ${await answer.text()}`);
})";

// oidc_provider.mjs, which serves until this object goes, and a client of it.
class OidcProvider {
 public:
  explicit OidcProvider(const TestCertificates& certificates, std::vector<std::string> more = {})
      : process_(Command(certificates, std::move(more))),
        url_(absl::StrCat("https://localhost:", Member(process_.Read('\n'), "port"))),
        client_({"env",
                 absl::StrCat("NODE_EXTRA_CA_CERTS=", certificates.Client().root_certificates),
                 "node", "--input-type=module", "-e", kClient}) {}

  const std::string& url() { return url_; }

  // GET without a form, else POST.
  Answer Fetch(const std::string& url, const std::string& form = "") {
    client_.Write(absl::StrCat(url, " ", form, "\n"));
    Answer answer;
    EXPECT_TRUE(absl::SimpleAtoi(client_.Read(' '), &answer.status)) << url;
    answer.body = client_.Read('\n');
    return answer;
  }

  // What its discovery document leads to (OpenID Connect Discovery 1.0 section 4).
  std::string Jwks() { return Fetch(Member(Discover(), "jwks_uri")).body; }
  std::string Discover() {
    return Fetch(absl::StrCat(url_, "/.well-known/openid-configuration")).body;
  }

  // `client` is the form's part that authenticates.
  Answer RequestToken(const std::string& client, const std::string& resource = kAudience) {
    return Fetch(absl::StrCat(url_, "/token"),
                 absl::StrCat("grant_type=client_credentials&scope=orders.read&resource=", resource,
                              "&", client));
  }
  // For the client with a secret.
  std::string AccessToken(absl::string_view algorithm = "ES256",
                          const std::string& resource = kAudience) {
    return Member(RequestToken(Secret(algorithm), resource).body, "access_token");
  }
  // What that client has once a user has logged in: JSON.
  std::string LogIn(absl::string_view algorithm, const std::string& resource = kAudience,
                    const std::string& more = "") {
    return Fetch(absl::StrCat(url_, "/token"),
                 absl::StrCat("grant_type=urn:lanyard:login&resource=", resource, "&",
                              Secret(algorithm), more))
        .body;
  }
  // How often its token endpoint has been asked.
  int TokenRequests() {
    int count = -1;
    EXPECT_TRUE(absl::SimpleAtoi(Member(Fetch(absl::StrCat(url_, "/count")).body, "token_requests"),
                                 &count));
    return count;
  }
  void Rotate(const std::string& form) {
    EXPECT_EQ(Fetch(absl::StrCat(url_, "/rotate"), form).status, 200);
  }

  // As by a machine that hangs, or loses its power: SIGSTOP, SIGCONT, SIGKILL.
  void Signal(int signal) { process_.Signal(signal); }

 private:
  static std::vector<std::string> Command(const TestCertificates& certificates,
                                          std::vector<std::string> more) {
    const TlsFiles files = certificates.Server();
    std::vector<std::string> command = {"node",          "tests/interop/oidc_provider.mjs",
                                        "--certificate", files.certificate_chain,
                                        "--key",         files.private_key};
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }
  static std::string Secret(absl::string_view algorithm) {
    return absl::StrCat("client_id=secret-", algorithm, "&client_secret=secret");
  }

  Process process_;
  const std::string url_;
  Process client_;
};

inline std::vector<Algorithm> SigningAlgorithms() {
  std::vector<Algorithm> algorithms;
  for (const Algorithm algorithm : kAllAlgorithms) {
    if (!IsHmac(algorithm)) algorithms.push_back(algorithm);
  }
  return algorithms;
}

// What is not installed, or nothing.
inline std::string Missing() {
  if (Process({"node", "--version"}).Read().empty()) return "Node.js";
  const char* folder = std::getenv("LANYARD_INTEROP");
  const std::string modules = absl::StrCat(folder == nullptr ? "" : folder, "/node_modules/");
  for (const std::string package : {"jose", "oidc-provider"}) {
    if (!std::filesystem::exists(modules + package)) return absl::StrCat("npm's ", package);
  }
  return "";
}

}  // namespace lanyard::testing

#endif  // LANYARD_TESTS_INTEROP_OIDC_PROVIDER_H_
