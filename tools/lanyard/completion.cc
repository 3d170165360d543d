// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/completion.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/tools/shell_scripts.h"
#include "lanyard/tools/usage_error.h"

namespace lanyard::tools {
namespace {

absl::StatusOr<int> Run(const std::vector<Command>& all, const Arguments& arguments,
                        Streams& streams) {
  const std::string shell = arguments.operand();
  std::string script;
  if (shell == "bash") {
    script = BashScript(all);
  } else if (shell == "zsh") {
    script = ZshScript(all);
  } else if (shell == "fish") {
    script = FishScript(all);
  } else {
    return UsageError("there is completion for bash, zsh and fish, and for no other shell");
  }
  if (arguments.json()) {
    streams.out << internal::JsonObject()
                       .Bool("ok", true)
                       .Text("shell", shell)
                       .Text("script", script)
                       .Finish()
                << "\n";
  } else {
    streams.out << script;
  }
  return 0;
}

}  // namespace

Command CompletionCommand() {
  Command command;
  command.name = "completion";
  command.summary = "Writes the completion of commands and options for a shell";
  command.details =
      "  bash: source <(lanyard completion bash)\n"
      "  zsh:  source <(lanyard completion zsh), after compinit; or as _lanyard in a folder of "
      "fpath\n"
      "  fish: lanyard completion fish | source\n";
  command.syntax.operand = "bash|zsh|fish";
  command.syntax.operand_required = true;
  command.run_with_all = Run;
  return command;
}

}  // namespace lanyard::tools
