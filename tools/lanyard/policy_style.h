// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_POLICY_STYLE_H_
#define LANYARD_TOOLS_LANYARD_POLICY_STYLE_H_

namespace lanyard::tools {

// The style sheet of PolicyHtml(). Colours are named once for light and once for dark; below 640 px
// a table's rows become blocks.
inline constexpr char kPolicyStyle[] = R"css(
:root {
  color-scheme: light dark;
  --page: #fbfbfa; --text: #1d1f21; --quiet: #63676d; --line: #e2e2df;
  --chip: #f0f0ed; --code: #1d1f21;
  --warn: #8a4b00; --warn-page: #fdf1dd; --bad: #a1201c; --bad-page: #fce9e7;
  --good: #1f6136; --good-page: #e6f3e9; --other: #55408f; --other-page: #eeeaf8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #17181a; --text: #e4e5e3; --quiet: #9a9ea5; --line: #2e3033;
    --chip: #26282b; --code: #e4e5e3;
    --warn: #f0b765; --warn-page: #3a2c14; --bad: #f2958f; --bad-page: #401e1c;
    --good: #8fd0a3; --good-page: #1b3524; --other: #bcaaf0; --other-page: #2d2645;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  -webkit-text-size-adjust: 100%;
}
main { max-width: 68rem; margin: 0 auto; padding: 3rem 2rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.2; font-weight: 600; letter-spacing: -0.015em; margin: 0; }
h2 { font-size: 1.0625rem; font-weight: 600; margin: 2.75rem 0 0.5rem; overflow-wrap: anywhere; }
h2 small { font-weight: 400; font-size: 0.8125rem; color: var(--quiet); margin-left: 0.5rem; }
p { margin: 0.375rem 0 0; color: var(--quiet); }
dl.counts { display: flex; flex-wrap: wrap; gap: 0.75rem 2.25rem; margin: 1.75rem 0 0; }
dl.counts div { display: flex; flex-direction: column-reverse; }
dl.counts dt { font-size: 0.8125rem; color: var(--quiet); }
dl.counts dd {
  margin: 0; font-size: 1.5rem; line-height: 1.2; font-weight: 600;
  font-variant-numeric: tabular-nums;
}
dl.counts .zero dd { font-weight: 400; color: var(--quiet); }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
th {
  text-align: left; font-size: 0.75rem; font-weight: 500; color: var(--quiet);
  padding: 0.25rem 1rem 0.375rem 0; border-bottom: 1px solid var(--line);
}
td { vertical-align: top; padding: 0.625rem 1rem 0.625rem 0; border-bottom: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 0; }
th.method { width: 27%; } th.rule { width: 22%; } th.assert { width: 38%; }
.name { font-weight: 600; overflow-wrap: anywhere; }
td.rule { color: var(--quiet); font-size: 0.8125rem; overflow-wrap: anywhere; }
.alternative { display: flex; flex-wrap: wrap; gap: 0.3125rem; }
.alternative + .alternative { margin-top: 0.5rem; }
.or { color: var(--quiet); font-size: 0.8125rem; padding: 0.125rem 0.125rem 0 0; }
.chip {
  background: var(--chip); border-radius: 0.3125rem; padding: 0.125rem 0.5rem;
  font-size: 0.875rem; max-width: 100%; overflow-wrap: anywhere;
}
.chip b { font-weight: 400; color: var(--quiet); }
.chip i { font-style: normal; color: var(--quiet); font-size: 0.8125rem; }
code { font: 0.9em/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; color: var(--code); }
.badges { display: flex; flex-wrap: wrap; gap: 0.3125rem; margin-top: 0.3125rem; }
.badges:empty { display: none; }
.badge {
  font-size: 0.75rem; line-height: 1.35; padding: 0.125rem 0.4375rem; border-radius: 0.3125rem;
  background: var(--chip); color: var(--quiet); overflow-wrap: anywhere;
}
.warn { background: var(--warn-page); color: var(--warn); }
.bad { background: var(--bad-page); color: var(--bad); }
.good { background: var(--good-page); color: var(--good); }
.other { background: var(--other-page); color: var(--other); }
.nobody { color: var(--quiet); }
ul { list-style: none; margin: 0; padding: 0; border-top: 1px solid var(--line); }
li { padding: 0.625rem 0; border-bottom: 1px solid var(--line); }
@media (max-width: 640px) {
  main { padding: 1.75rem 1rem 3rem; }
  h1 { font-size: 1.5rem; }
  dl.counts { gap: 0.75rem 1.5rem; }
  table, tbody, tr, td { display: block; width: auto; }
  thead { display: none; }
  tr { border-bottom: 1px solid var(--line); padding: 0.75rem 0; }
  td { border: 0; padding: 0.1875rem 0; }
  td[data-label]::before {
    content: attr(data-label); display: block; font-size: 0.75rem; color: var(--quiet);
  }
}
@media print { body { background: none; } tr, li { break-inside: avoid; } }
)css";

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_POLICY_STYLE_H_
