// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_FINDINGS_H_
#define LANYARD_TOOLS_LANYARD_FINDINGS_H_

#include <string>
#include <utility>
#include <vector>

namespace lanyard::tools {

// What one check of `lanyard doctor` has found.
struct Finding {
  enum class Result { kOk, kWarn, kFail };

  std::string check;  // What was looked at: "config", "files", "tls" and so on.
  Result result;
  std::string text;
  std::string remedy;  // What to do; empty with kOk.
};

// All findings, in their order. Texts may come from files: whoever prints them makes them safe to
// show. None holds a token or a key.
class Findings {
 public:
  void Ok(std::string check, std::string text) {
    all_.push_back({std::move(check), Finding::Result::kOk, std::move(text), ""});
  }
  void Warn(std::string check, std::string text, std::string remedy) {
    all_.push_back({std::move(check), Finding::Result::kWarn, std::move(text), std::move(remedy)});
  }
  void Fail(std::string check, std::string text, std::string remedy) {
    all_.push_back({std::move(check), Finding::Result::kFail, std::move(text), std::move(remedy)});
  }

  const std::vector<Finding>& all() const { return all_; }
  bool HasFailed() const {
    for (const Finding& finding : all_) {
      if (finding.result == Finding::Result::kFail) return true;
    }
    return false;
  }

 private:
  std::vector<Finding> all_;
};

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_FINDINGS_H_
