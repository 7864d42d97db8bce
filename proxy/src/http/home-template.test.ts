import assert from "node:assert/strict";
import { it } from "node:test";
import { renderHome } from "./home-template.ts";

const facts = { Host: "https://go.example", NoSumPatterns: "" };
const withPatterns = { Host: `http://<"&'>`, NoSumPatterns: "corp.example/*,a" };

for (const [template, given, expected] of [
  ["<p>plain</p>", facts, "<p>plain</p>"],
  ["GOPROXY={{ .Host }} {{.Host}}", facts, "GOPROXY=https://go.example https://go.example"],
  ["{{ .Host }}", withPatterns, "http://&#60;&#34;&#38;&#39;&#62;"],
  ["a {{- .Host -}} b", facts, "ahttps://go.exampleb"],
  ["a{{/* {{ nothing }} */}}b", facts, "ab"],
  ["{{ if .NoSumPatterns }}[{{ .NoSumPatterns }}]{{ else }}none{{ end }}.", facts, "none."],
  ["{{ if .NoSumPatterns }}[{{ .NoSumPatterns }}]{{ end }}.", withPatterns, "[corp.example/*,a]."],
  ["{{if .NoSumPatterns}}{{if .Host}}a{{else}}b{{end}}{{end}}.", facts, "."],
] as const) {
  it(`renderHome makes ${JSON.stringify(expected)} of ${template}`, () => {
    assert.equal(renderHome(template, given), expected);
  });
}

for (const [template, message] of [
  ["\n{{ .Name }}", /line 2 .*\{\{ \.Name \}\}/],
  ["{{ range .Host }}", /range/],
  ["{{ .constructor }}", /constructor/],
  ["{{ if .Host }}", /without its end/],
  ["{{ end }}", /end/],
  ["{{ else }}", /else/],
  ["{{ .Host | printf }}", /printf/],
] as const) {
  it(`renderHome refuses ${JSON.stringify(template)}`, () => {
    assert.throws(() => renderHome(template, facts), { code: "unsupported", message });
  });
}
