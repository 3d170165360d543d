// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/run.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/sdk/internal/nearest_name.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/tools/arguments.h"
#include "lanyard/tools/call.h"
#include "lanyard/tools/client_add.h"
#include "lanyard/tools/client_check.h"
#include "lanyard/tools/client_disable.h"
#include "lanyard/tools/client_list.h"
#include "lanyard/tools/client_set.h"
#include "lanyard/tools/client_show.h"
#include "lanyard/tools/command.h"
#include "lanyard/tools/completion.h"
#include "lanyard/tools/config_check.h"
#include "lanyard/tools/dev_init.h"
#include "lanyard/tools/dev_token.h"
#include "lanyard/tools/doctor.h"
#include "lanyard/tools/help.h"
#include "lanyard/tools/key_convert.h"
#include "lanyard/tools/key_list.h"
#include "lanyard/tools/key_new.h"
#include "lanyard/tools/key_public.h"
#include "lanyard/tools/key_revoke.h"
#include "lanyard/tools/key_rotate.h"
#include "lanyard/tools/key_thumbprint.h"
#include "lanyard/tools/manual.h"
#include "lanyard/tools/policy_check.h"
#include "lanyard/tools/policy_diff.h"
#include "lanyard/tools/policy_explain.h"
#include "lanyard/tools/policy_export.h"
#include "lanyard/tools/policy_list.h"
#include "lanyard/tools/revoke.h"
#include "lanyard/tools/serve.h"
#include "lanyard/tools/token_inspect.h"
#include "lanyard/tools/token_mint.h"
#include "lanyard/tools/token_verify.h"
#include "lanyard/tools/usage_error.h"
#include "lanyard/tools/user_add.h"
#include "lanyard/tools/user_disable.h"
#include "lanyard/tools/user_list.h"
#include "lanyard/tools/user_passwd.h"
#include "lanyard/tools/user_set.h"
#include "lanyard/tools/user_show.h"
#include "lanyard/tools/version.h"

namespace lanyard::tools {
namespace {

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;

std::vector<Command> AllCommands() {
  return {
      KeyNewCommand(),       KeyPublicCommand(),     KeyThumbprintCommand(), KeyConvertCommand(),
      KeyRotateCommand(),    KeyRevokeCommand(),     KeyListCommand(),       ConfigCheckCommand(),
      ClientCheckCommand(),  ClientAddCommand(),     ClientSetCommand(),     ClientDisableCommand(),
      ClientEnableCommand(), ClientListCommand(),    ClientShowCommand(),    PolicyCheckCommand(),
      PolicyListCommand(),   PolicyExplainCommand(), PolicyDiffCommand(),    PolicyExportCommand(),
      TokenMintCommand(),    TokenInspectCommand(),  TokenVerifyCommand(),   UserAddCommand(),
      UserPasswdCommand(),   UserSetCommand(),       UserDisableCommand(),   UserEnableCommand(),
      UserListCommand(),     UserShowCommand(),      DevInitCommand(),       DevTokenCommand(),
      CallCommand(),         RevokeCommand(),        ServeCommand(),         DoctorCommand(),
      CompletionCommand(),   ManualCommand(),        VersionCommand()};
}

// Whether a word stands among the options.
bool HasWord(const std::vector<std::string>& args, absl::string_view word) {
  for (const std::string& arg : args) {
    if (arg == "--") return false;
    if (arg == word) return true;
  }
  return false;
}

// An unknown word as it may be shown: not if it could be a token or a key in the wrong place.
std::string Shown(absl::string_view word) {
  const bool harmless = word.size() <= 24 && std::all_of(word.begin(), word.end(), [](char c) {
                          return (c >= 'a' && c <= 'z') || c == '-';
                        });
  return harmless ? absl::StrCat("\"", word, "\"") : "that";
}

absl::Status UnknownCommand(const std::vector<Command>& commands, absl::string_view group,
                            absl::string_view word) {
  std::vector<std::string> names;
  for (const Command& command : commands) {
    if (!group.empty() && command.group != group) continue;
    std::string name = group.empty() && !command.group.empty() ? command.group : command.name;
    if (names.empty() || names.back() != name) names.push_back(std::move(name));
  }
  const std::string choice = absl::StrCat("one of ", absl::StrJoin(names, ", "), "; lanyard ",
                                          group, group.empty() ? "" : " ", "--help says more");
  if (word.empty()) return UsageError(absl::StrCat("a command is missing: ", choice));
  return UsageError(
      absl::StrCat(Shown(word), " is no command", internal::DidYouMean(word, names), ": ", choice));
}

// The command that the first words name, and how many words those are.
struct Found {
  const Command* command;
  size_t words;
};
absl::StatusOr<Found> FindCommand(const std::vector<Command>& commands,
                                  const std::vector<std::string>& args) {
  const std::string first = args.empty() ? "" : args[0];
  const std::string second = args.size() < 2 ? "" : args[1];
  bool is_group = false;
  for (const Command& command : commands) {
    if (command.group.empty() && command.name == first) return Found{&command, 1};
    if (command.group.empty() || command.group != first) continue;
    is_group = true;
    if (command.name == second) return Found{&command, 2};
  }
  return UnknownCommand(commands, is_group ? first : "", is_group ? second : first);
}

int Report(const absl::Status& status, absl::string_view who, bool json, Streams& streams) {
  const std::string message = internal::Printable(status.message());
  streams.err << "lanyard" << (who.empty() ? "" : " ") << who << ": " << message << "\n";
  if (json) {
    streams.out << internal::JsonObject().Bool("ok", false).Text("error", message).Finish() << "\n";
  }
  return IsUsageError(status) ? kExitUsage : kExitFailure;
}

// What help is asked for: "lanyard help key new" or "lanyard key new --help". There --help stands
// alone: a script that hands on a token must not be answered with help, whose exit code is 0, where
// somebody sends "--help" as the token.
std::optional<std::vector<std::string>> HelpTopic(const std::vector<std::string>& args) {
  if (args.empty()) return std::nullopt;
  if (args.front() == "help") return std::vector<std::string>(args.begin() + 1, args.end());
  if (args.back() != "--help" && args.back() != "-h") return std::nullopt;
  return std::vector<std::string>(args.begin(), args.end() - 1);
}

// The help on a topic; empty where there is no such topic.
std::string HelpOn(const std::vector<Command>& commands, const std::vector<std::string>& topic) {
  if (topic.empty()) return CommandList(commands, "");
  for (const Command& command : commands) {
    if (topic.size() == 1 && command.group == topic[0]) return CommandList(commands, topic[0]);
  }
  const auto found = FindCommand(commands, topic);
  return found.ok() && found->words == topic.size() ? CommandHelp(*found->command) : "";
}

int Run(std::vector<std::string> args, Streams& streams) {
  const std::vector<Command> commands = AllCommands();
  const bool json = HasWord(args, "--json");
  if (const auto topic = HelpTopic(args); topic.has_value()) {
    const std::string help = HelpOn(commands, *topic);
    streams.out << help;
    if (!help.empty()) return 0;
    if (args.front() == "help") args = *topic;
  }
  if (!args.empty() && args[0] == "--version") args[0] = "version";
  const auto found = FindCommand(commands, args);
  if (!found.ok()) return Report(found.status(), "", json, streams);
  const Command& command = *found->command;
  args.erase(args.begin(), args.begin() + static_cast<std::ptrdiff_t>(found->words));
  const auto arguments = Arguments::Parse(command.syntax, args);
  if (!arguments.ok()) return Report(arguments.status(), command.FullName(), json, streams);
  const auto code = command.run_with_all != nullptr
                        ? command.run_with_all(commands, *arguments, streams)
                        : command.run(*arguments, streams);
  if (!code.ok()) return Report(code.status(), command.FullName(), json, streams);
  return *code;
}

}  // namespace

int RunCommand(const std::vector<std::string>& args, std::istream& in, std::ostream& out,
               std::ostream& err) {
  Streams streams{in, out, err};
  const int code = Run(args, streams);
  // A full disk or a closed pipe must not look like success.
  out.flush();
  if (!out.good()) {
    err << "lanyard: standard output cannot be written\n";
    return code == 0 ? kExitFailure : code;
  }
  return code;
}

}  // namespace lanyard::tools
