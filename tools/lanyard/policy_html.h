// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_POLICY_HTML_H_
#define LANYARD_TOOLS_LANYARD_POLICY_HTML_H_

#include <string>

#include "lanyard/tools/policy_view.h"

namespace lanyard::tools {

// The policy as one HTML page for people who review it: no script, nothing that is loaded, and
// whatever stands in the config is shown as text and never as markup.
std::string PolicyHtml(const PolicyView& view);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_POLICY_HTML_H_
