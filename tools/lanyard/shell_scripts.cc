// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/shell_scripts.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "lanyard/sdk/algorithm.h"
#include "lanyard/sdk/version.h"
#include "lanyard/tools/help.h"

namespace lanyard::tools {
namespace {

using Names = std::vector<std::string>;

// What may stand for the value of an option or an operand, as far as its name in help tells.
struct Values {
  enum class Kind { kUnknown, kFiles, kChoice };
  Kind kind;
  Names choice;
};
Values ValuesOf(absl::string_view name) {
  if (name == "ALG") {
    Values values{Values::Kind::kChoice, {}};
    for (const Algorithm algorithm : kAllAlgorithms) {
      values.choice.emplace_back(AlgorithmName(algorithm));
    }
    return values;
  }
  for (const char* file : {"FILE", "DIR", "CONFIG", "OLD", "PATH"}) {
    if (absl::StrContains(name, file)) return {Values::Kind::kFiles, {}};
  }
  const bool is_choice = absl::StrContains(name, "|") &&
                         std::all_of(name.begin(), name.end(),
                                     [](char c) { return (c >= 'a' && c <= 'z') || c == '|'; });
  if (!is_choice) return {Values::Kind::kUnknown, {}};
  return {Values::Kind::kChoice, absl::StrSplit(name, '|')};
}

Names Groups(const std::vector<Command>& commands) {
  Names groups;
  for (const Command& command : commands) {
    const bool is_new = std::find(groups.begin(), groups.end(), command.group) == groups.end();
    if (!command.group.empty() && is_new) groups.push_back(command.group);
  }
  return groups;
}

std::string GroupSummary(const std::vector<Command>& commands, const std::string& group) {
  Names names;
  for (const Command& command : commands) {
    if (command.group == group) names.push_back(command.name);
  }
  return absl::StrJoin(names, ", ");
}

// In single quotes, as bash and zsh read it.
std::string Quoted(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

// A word with what it means, for zsh's _describe.
std::string Described(absl::string_view word, absl::string_view text) {
  return Quoted(absl::StrCat(word, ":", text));
}

std::string QuotedForFish(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
}

// The cases of "COMMAND OPTION" by what may be the option's value, as `arm` writes one.
template <typename Arm>
void ForEachValue(const std::vector<Command>& commands, const Arm& arm) {
  for (const Command& command : commands) {
    for (const Option& option : command.syntax.options) {
      if (option.value.empty()) continue;
      arm(absl::StrCat("\"", command.FullName(), " ", option.name, "\""), ValuesOf(option.value));
    }
  }
}

template <typename Arm>
void ForEachOperand(const std::vector<Command>& commands, const Arm& arm) {
  for (const Command& command : commands) {
    const Values values = ValuesOf(command.syntax.operand);
    if (values.kind != Values::Kind::kUnknown) {
      arm(absl::StrCat("\"", command.FullName(), "\""), values);
    }
  }
}

std::string Header(absl::string_view shell) {
  return absl::StrCat("# Completion of lanyard for ", shell, ", written by \"lanyard completion ",
                      shell, "\" of Lanyard ", kLanyardVersion, ".\n");
}

// What fish is told of values: `files` where they are files, else `other` and the choice.
std::string FishValues(const Values& values, absl::string_view files, absl::string_view other) {
  if (values.kind == Values::Kind::kFiles) return std::string(files);
  if (values.kind == Values::Kind::kUnknown) return std::string(other);
  return absl::StrCat(other, " -a '", absl::StrJoin(values.choice, " "), "'");
}

}  // namespace

std::string BashScript(const std::vector<Command>& commands) {
  const Names groups = Groups(commands);
  Names first = groups;
  for (const Command& command : commands) {
    if (command.group.empty()) first.push_back(command.name);
  }
  std::string out =
      absl::StrCat(Header("bash"),
                   "_lanyard() {\n"
                   "  local at=1 cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
                   "  local command= words= files=\n"
                   "  COMPREPLY=()\n"
                   "  if ((COMP_CWORD > 1)) && [[ ${COMP_WORDS[1]} == help ]]; then at=2; fi\n"
                   "  if ((COMP_CWORD == at)); then\n"
                   "    words='",
                   absl::StrJoin(first, " "),
                   "'\n"
                   "    if ((at == 1)); then words+=' help --help --version'; fi\n"
                   "  else\n"
                   "    command=${COMP_WORDS[at]}\n"
                   "    case $command in\n");
  for (const std::string& group : groups) {
    Names names;
    for (const Command& command : commands) {
      if (command.group == group) names.push_back(command.name);
    }
    absl::StrAppend(&out, "      ", group, ")\n        if ((COMP_CWORD == at + 1)); then words='",
                    absl::StrJoin(names, " "),
                    "'; fi\n        command+=\" ${COMP_WORDS[at + 1]}\" ;;\n");
  }
  absl::StrAppend(&out,
                  "    esac\n"
                  "  fi\n"
                  "  # --name=value comes as three words.\n"
                  "  if [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD - 2]}; fi\n"
                  "  if [[ $cur == = ]]; then cur=; fi\n"
                  "  if [[ -z $words ]]; then\n"
                  "    case \"$command $prev\" in\n");
  ForEachValue(commands, [&](const std::string& pattern, const Values& values) {
    absl::StrAppend(&out, "      ", pattern, ") ",
                    values.kind == Values::Kind::kFiles ? "files=1"
                    : values.kind == Values::Kind::kChoice
                        ? absl::StrCat("words='", absl::StrJoin(values.choice, " "), "'")
                        : "return",
                    " ;;\n");
  });
  absl::StrAppend(&out,
                  "    esac\n  fi\n  if [[ -z $words$files && $cur == -* ]]; then\n"
                  "    case $command in\n");
  for (const Command& command : commands) {
    Names names;
    for (const Option& option : AllOptions(command)) names.push_back(option.name);
    absl::StrAppend(&out, "      \"", command.FullName(), "\") words='", absl::StrJoin(names, " "),
                    "' ;;\n");
  }
  absl::StrAppend(&out, "    esac\n  elif [[ -z $words$files ]]; then\n    case $command in\n");
  ForEachOperand(commands, [&](const std::string& pattern, const Values& values) {
    absl::StrAppend(&out, "      ", pattern, ") ",
                    values.kind == Values::Kind::kFiles
                        ? "files=1"
                        : absl::StrCat("words='", absl::StrJoin(values.choice, " "), "'"),
                    " ;;\n");
  });
  absl::StrAppend(&out,
                  "    esac\n"
                  "  fi\n"
                  "  if [[ -n $files ]]; then\n"
                  "    compopt -o filenames 2>/dev/null\n"
                  "    mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
                  "  elif [[ -n $words ]]; then\n"
                  "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
                  "  fi\n"
                  "}\n"
                  "complete -F _lanyard lanyard\n");
  return out;
}

std::string ZshScript(const std::vector<Command>& commands) {
  const Names groups = Groups(commands);
  std::string out =
      absl::StrCat("#compdef lanyard\n", Header("zsh"),
                   "_lanyard() {\n"
                   "  local at=2 prev=${words[CURRENT-1]} command\n"
                   "  local -a names\n"
                   "  if (( CURRENT > 2 )) && [[ ${words[2]} == help ]]; then at=3; fi\n"
                   "  if (( CURRENT == at )); then\n"
                   "    names=(\n");
  for (const std::string& group : groups) {
    absl::StrAppend(&out, "      ", Described(group, GroupSummary(commands, group)), "\n");
  }
  for (const Command& command : commands) {
    if (command.group.empty()) {
      absl::StrAppend(&out, "      ", Described(command.name, command.summary), "\n");
    }
  }
  absl::StrAppend(&out,
                  "      'help:Says how a command is used'\n"
                  "    )\n"
                  "    _describe command names\n"
                  "    return\n"
                  "  fi\n"
                  "  command=${words[at]}\n"
                  "  case $command in\n");
  for (const std::string& group : groups) {
    absl::StrAppend(&out, "    (", group,
                    ")\n      if (( CURRENT == at + 1 )); then\n        names=(\n");
    for (const Command& command : commands) {
      if (command.group == group) {
        absl::StrAppend(&out, "          ", Described(command.name, command.summary), "\n");
      }
    }
    absl::StrAppend(&out,
                    "        )\n"
                    "        _describe command names\n"
                    "        return\n"
                    "      fi\n"
                    "      command+=\" ${words[at+1]}\" ;;\n");
  }
  absl::StrAppend(&out,
                  "  esac\n"
                  "  if [[ $PREFIX == --*=* ]]; then\n"
                  "    prev=${PREFIX%%=*}\n"
                  "    compset -P '*='\n"
                  "  fi\n"
                  "  case \"$command $prev\" in\n");
  ForEachValue(commands, [&](const std::string& pattern, const Values& values) {
    absl::StrAppend(&out, "    (", pattern, ") ",
                    values.kind == Values::Kind::kFiles ? "_files; return"
                    : values.kind == Values::Kind::kChoice
                        ? absl::StrCat("compadd -- ", absl::StrJoin(values.choice, " "), "; return")
                        : "return",
                    " ;;\n");
  });
  absl::StrAppend(&out, "  esac\n  if [[ $PREFIX == -* ]]; then\n    case $command in\n");
  for (const Command& command : commands) {
    absl::StrAppend(&out, "      (\"", command.FullName(), "\") names=(\n");
    for (const Option& option : AllOptions(command)) {
      absl::StrAppend(&out, "        ", Described(option.name, option.help), "\n");
    }
    absl::StrAppend(&out, "      ) ;;\n");
  }
  absl::StrAppend(&out,
                  "    esac\n"
                  "    _describe -o option names\n"
                  "    return\n"
                  "  fi\n"
                  "  case $command in\n");
  ForEachOperand(commands, [&](const std::string& pattern, const Values& values) {
    absl::StrAppend(&out, "    (", pattern, ") ",
                    values.kind == Values::Kind::kFiles
                        ? "_files"
                        : absl::StrCat("compadd -- ", absl::StrJoin(values.choice, " ")),
                    " ;;\n");
  });
  absl::StrAppend(
      &out,
      "  esac\n"
      "}\n"
      "if [[ ${funcstack[1]} == _lanyard ]]; then _lanyard \"$@\"; else compdef _lanyard "
      "lanyard; fi\n");
  return out;
}

std::string FishScript(const std::vector<Command>& commands) {
  std::string out = absl::StrCat(
      Header("fish"),
      "function __lanyard_at --description 'Whether these words, and no others, stand there'\n"
      "    set -l words (commandline -opc)\n"
      "    set -e words[1]\n"
      "    test \"$words\" = \"$argv\"\n"
      "end\n"
      "function __lanyard_in --description 'Whether these words stand first'\n"
      "    set -l words (commandline -opc)\n"
      "    set -e words[1]\n"
      "    set -l count (count $argv)\n"
      "    test (count $words) -ge $count; and test \"$words[1..$count]\" = \"$argv\"\n"
      "end\n"
      "complete -c lanyard -f\n"
      "complete -c lanyard -n __lanyard_at -a help -d 'Says how a command is used'\n");
  for (const std::string& group : Groups(commands)) {
    absl::StrAppend(&out, "complete -c lanyard -n __lanyard_at -a ", group, " -d ",
                    QuotedForFish(GroupSummary(commands, group)), "\n");
  }
  for (const Command& command : commands) {
    const std::string at =
        command.group.empty() ? "__lanyard_at" : "'__lanyard_at " + command.group + "'";
    const std::string in =
        absl::StrCat("complete -c lanyard -n '__lanyard_in ", command.FullName(), "'");
    absl::StrAppend(&out, "complete -c lanyard -n ", at, " -a ", command.name, " -d ",
                    QuotedForFish(command.summary), "\n");
    for (const Option& option : AllOptions(command)) {
      absl::StrAppend(
          &out, in, " -l ", absl::StripPrefix(option.name, "--"),
          option.value.empty() ? "" : FishValues(ValuesOf(option.value), " -r -F", " -x"), " -d ",
          QuotedForFish(option.help), "\n");
    }
    const Values operand = ValuesOf(command.syntax.operand);
    if (operand.kind != Values::Kind::kUnknown) {
      absl::StrAppend(&out, in, FishValues(operand, " -F", ""), "\n");
    }
  }
  return out;
}

}  // namespace lanyard::tools
