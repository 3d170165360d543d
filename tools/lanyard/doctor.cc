// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/doctor.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "lanyard/sdk/config.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/internal/weakenings.h"
#include "lanyard/sdk/version.h"
#include "lanyard/tools/doctor_environment.h"
#include "lanyard/tools/doctor_files.h"
#include "lanyard/tools/doctor_issuers.h"
#include "lanyard/tools/doctor_policy.h"
#include "lanyard/tools/doctor_tls.h"
#include "lanyard/tools/findings.h"
#include "lanyard/tools/mounts.h"
#include "lanyard/tools/option_values.h"
#include "lanyard/tools/policy_view.h"
#include "lanyard/tools/terminal.h"
#include "lanyard/tools/usage_error.h"

namespace lanyard::tools {
namespace {

using internal::Weakening;

constexpr size_t kMaxMountinfoBytes = 4 << 20;
constexpr char kProc[] = "/proc";

std::string Line(absl::string_view text) { return internal::Printable(text, 4096); }

std::vector<Weakening> AllWeakenings(const PolicyView& view) {
  std::vector<Weakening> all = internal::WeakeningsIn(view.config);
  for (Weakening& weakening : internal::WeakeningsOfAnnotations(view.policy->rules())) {
    all.push_back(std::move(weakening));
  }
  return all;
}

absl::StatusOr<int> ListWeakenings(const Arguments& arguments, absl::Time now, Streams& streams) {
  const auto view = LoadPolicyView(arguments.operand(), arguments, now);
  if (!view.ok()) return view.status();
  const std::vector<Weakening> all = AllWeakenings(*view);
  if (arguments.json()) {
    std::string list;
    for (const Weakening& weakening : all) {
      internal::JsonObject object;
      object.Text("location", weakening.location);
      if (!weakening.method.empty()) object.Text("method", weakening.method);
      object.Text("word", weakening.word).Text("what", weakening.what);
      absl::StrAppend(&list, list.empty() ? "" : ",", object.Finish());
    }
    streams.out << internal::JsonObject()
                       .Bool("ok", true)
                       .Json("weakenings", absl::StrCat("[", list, "]"))
                       .Finish()
                << "\n";
    return 0;
  }
  if (all.empty()) streams.out << "no word weakens a check\n";
  for (const Weakening& weakening : all) {
    streams.out << Line(weakening.location) << "  " << Line(weakening.word)
                << (weakening.method.empty() ? "" : " of ") << Line(weakening.method) << "\n    "
                << weakening.what << "\n";
  }
  return 0;
}

// The config, its policy and its issuers.
void CheckConfig(const Arguments& arguments, absl::Time now, const Mounts& mounts,
                 Findings* findings) {
  std::vector<std::string> paths = {arguments.operand()};
  for (const std::string& path : arguments.Values("--with")) paths.push_back(path);
  ServerTlsFiles tls{arguments.Value("--tls-certificate"), arguments.Value("--tls-key"),
                     arguments.Value("--tls-roots")};
  KeysByIssuer keys;
  const auto loaded = LoadConfig(paths, "");
  if (!loaded.ok()) {
    findings->Fail("config", std::string(loaded.status().message()),
                   "correct it there; a server that runs goes on with its last good config");
  } else {
    const int issuers = loaded->config.issuers_size(), rules = loaded->config.rules_size();
    findings->Ok("config", absl::StrCat(paths.front(), ": Lanyard ", kLanyardVersion, " reads it: ",
                                        issuers, issuers == 1 ? " issuer, " : " issuers, ", rules,
                                        rules == 1 ? " rule" : " rules"));
    const auto view = LoadPolicyView(arguments.operand(), arguments, now);
    if (!view.ok()) {
      findings->Fail("policy", std::string(view.status().message()),
                     "correct it there, or give the descriptors of this server's services");
    } else {
      CheckPolicy(
          *view,
          {!view->descriptors->services().empty(), tls.certificate.empty() || !tls.roots.empty()},
          findings);
      if (const size_t words = AllWeakenings(*view).size(); words > 0) {
        findings->Ok("policy", absl::StrCat(words, words == 1 ? " word weakens" : " words weaken",
                                            " a check; lanyard doctor --weakenings lists them"));
      }
    }
  }
  for (const std::string& path : paths) {
    CheckFile({"config", path, ServerFile::Kind::kPlain}, mounts, now, findings);
  }
  for (const std::string& path : arguments.Values("--descriptors")) {
    CheckFile({"--descriptors", path, ServerFile::Kind::kPlain}, mounts, now, findings);
  }
  if (loaded.ok()) {
    for (const ServerFile& file : FilesOf(loaded->config)) {
      CheckFile(file, mounts, now, findings);
    }
    keys = CheckIssuers(loaded->config, arguments.Has("--offline"), now - absl::Now(), findings);
  }
  CheckTls(tls, keys, mounts, now, findings);
  if (arguments.Has("--token-file")) {
    CheckFile({"--token-file", arguments.Value("--token-file"), ServerFile::Kind::kBearerToken},
              mounts, now, findings);
  }
  CheckEnvironment(loaded.ok() ? loaded->config : v1::ServerConfig(), now, kProc, findings);
}

const char* Name(Finding::Result result) {
  switch (result) {
    case Finding::Result::kOk:
      return "ok";
    case Finding::Result::kWarn:
      return "WARN";
    case Finding::Result::kFail:
      return "FAIL";
  }
  return "";
}

const char* Colour(Finding::Result result) {
  switch (result) {
    case Finding::Result::kOk:
      return "\x1b[32m";
    case Finding::Result::kWarn:
      return "\x1b[33m";
    case Finding::Result::kFail:
      return "\x1b[31m";
  }
  return "";
}

std::string Json(const Findings& findings) {
  std::string list;
  for (const Finding& finding : findings.all()) {
    internal::JsonObject object;
    object.Text("check", finding.check)
        .Text("result", Name(finding.result))
        .Text("text", finding.text);
    if (!finding.remedy.empty()) object.Text("do", finding.remedy);
    absl::StrAppend(&list, list.empty() ? "" : ",", object.Finish());
  }
  return internal::JsonObject()
      .Bool("ok", !findings.HasFailed())
      .Json("checks", absl::StrCat("[", list, "]"))
      .Finish();
}

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  const auto now = TimeOption(arguments, "--at");
  if (!now.ok()) return now.status();
  if (arguments.Has("--weakenings")) return ListWeakenings(arguments, *now, streams);
  if (arguments.Has("--tls-certificate") != arguments.Has("--tls-key")) {
    return UsageError("--tls-certificate and --tls-key go together; one of them is missing");
  }
  const auto mountinfo =
      internal::ReadFile(absl::StrCat(kProc, "/self/mountinfo"), kMaxMountinfoBytes);
  Findings findings;
  {
    const Progress progress(streams.err, "checking; an issuer may take a few seconds");
    CheckConfig(arguments, *now, mountinfo.ok() ? Mounts(mountinfo->view()) : Mounts(), &findings);
  }
  if (arguments.json()) {
    streams.out << Json(findings) << "\n";
  } else {
    const bool colours = ShowsColours(streams.out);
    for (const Finding& finding : findings.all()) {
      streams.out << (colours ? Colour(finding.result) : "")
                  << absl::StrFormat("%-4s", Name(finding.result)) << (colours ? "\x1b[0m" : "")
                  << absl::StrFormat(" %s: %s\n", finding.check, Line(finding.text));
      if (!finding.remedy.empty()) streams.out << "     " << Line(finding.remedy) << "\n";
    }
  }
  return findings.HasFailed() ? 1 : 0;
}

}  // namespace

Command DoctorCommand() {
  Command command;
  command.name = "doctor";
  command.summary = "Says what is wrong with a server's config, files, issuers and surroundings";
  command.details =
      "Run it where the server runs, as the server's user. One line for each check, \"ok\", "
      "\"WARN\" or\n\"FAIL\", and below what to do. The exit code is 1 if anything fails.\n"
      "In colours on a terminal, unless NO_COLOR is set.\n\n"
      "  lanyard doctor auth.textproto --tls-certificate tls.crt --tls-key tls.key\n"
      "  lanyard doctor auth.textproto --weakenings\n";
  command.syntax.operand = "CONFIG";
  command.syntax.operand_required = true;
  command.syntax.options = PolicyOptions();
  command.syntax.options.insert(
      command.syntax.options.end(),
      {{"--tls-certificate", "FILE", "the server's certificate chain"},
       {"--tls-key", "FILE", "its private key"},
       {"--tls-roots", "FILE", "the CAs of its clients' certificates"},
       {"--token-file", "FILE", "the token that a client of this machine sends"},
       {"--offline", "", "fetch no keys"},
       {"--weakenings", "", "list the words of the config that weaken a check, and check nothing"},
       {"--at", "SECONDS", "the time, since 1970 (default: now)"}});
  command.exit_1 = "a check has failed";
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
