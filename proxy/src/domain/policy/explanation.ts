// What the policy decides about a module, in words.
import { type ModulePath, parseModulePath } from "@stoa/gomod";
import {
  decide,
  type Endpoint,
  type ModulePolicy,
  type PolicyDecision,
  type Reason,
} from "./module-policy.ts";

/** What is done at some endpoints, and which rules say so. */
interface ExplainedEndpoints {
  readonly endpoints: readonly Endpoint[];
  /** What is answered if the module, or this version of it, is kept here. */
  readonly kept: string;
  readonly notKept: string;
  readonly because: readonly Reason[];
}

/** What the policy decides about a module. Nobody was asked for it: neither an upstream nor the validator. */
export interface Explanation {
  readonly module: ModulePath;
  /** The version or query; absent where the whole module is meant. */
  readonly version?: string;
  readonly decisions: readonly ExplainedEndpoints[];
}

/** Explains `example.com/m@v1.0.0`, or `example.com/m`. Throws `InvalidText` if the path is none. */
export function explain(policy: ModulePolicy, text: string): Explanation {
  const at = text.indexOf("@");
  const path = parseModulePath(at < 0 ? text : text.slice(0, at));
  const version = at < 0 ? undefined : text.slice(at + 1);
  const ofFiles = decide(policy, { endpoint: "info", path, version });
  const ofQuestions = decide(policy, { endpoint: "list", path, version: undefined });
  return {
    module: path,
    ...(version === undefined ? {} : { version }),
    decisions: [
      { endpoints: ["info", "mod", "zip"], ...explained(ofFiles, "served", whenAbsent(ofFiles)) },
      { endpoints: ["list", "latest"], ...explained(ofQuestions, ...whenAsked(ofQuestions)) },
    ],
  };
}

/** The explanation for people to read. */
export function explanationText({ module, version, decisions }: Explanation): string {
  const lines = [version === undefined ? module : `${module}@${version}`];
  for (const { endpoints, kept, notKept, because } of decisions) {
    lines.push("", endpoints.join(", "), `  kept      ${kept}`, `  not kept  ${notKept}`);
    const reasons = because.map(({ topic, says }) => `${topic}: ${says}`);
    lines.push(
      ...reasons.map((reason, index) => `  ${index === 0 ? "because " : "        "}  ${reason}`),
    );
  }
  return `${lines.join("\n")}\n`;
}

function explained(
  { admission, isValidated, reasons }: PolicyDecision,
  kept: string,
  notKept: string,
): Omit<ExplainedEndpoints, "endpoints"> {
  if (admission.verdict === "refused") {
    const refused = `refused with 403: ${admission.why}`;
    return { kept: refused, notKept: refused, because: reasons };
  }
  if (admission.verdict === "elsewhere") {
    const sent = `sent with 303 to ${withoutUser(admission.base)}`;
    return { kept: sent, notKept: sent, because: reasons };
  }
  const condition = isValidated ? ", if the validator allows it" : "";
  return { kept: kept + condition, notKept: notKept + condition, because: reasons };
}

function whenAbsent({ onMiss, network }: PolicyDecision): string {
  switch (onMiss.action) {
    case "fetch":
      return "fetched from the upstream now, kept and served";
    case "queue":
      return "404, and fetched in the background";
    case "absent":
      return network === "offline" ? "404: this proxy is offline" : "404";
    case "redirect":
      return redirected(onMiss.base) + (onMiss.queue ? ", and fetched in the background" : "");
  }
}

function whenAsked({ onMiss, network }: PolicyDecision): readonly [kept: string, notKept: string] {
  if (onMiss.action === "redirect") {
    const sent = redirected(onMiss.base);
    return [network === "offline" ? "answered from what is kept" : sent, sent];
  }
  if (onMiss.action === "absent") {
    return [
      "answered from what is kept",
      network === "offline" ? "an empty list; latest is 404" : "404",
    ];
  }
  const asked = "asked of the upstream";
  return network === "fallback"
    ? [`${asked}; if it fails, answered from what is kept`, asked]
    : [asked, asked];
}

function redirected(base: string): string {
  return base === ""
    ? "refused with 403: no downloadURL says where to"
    : `sent to ${withoutUser(base)}`;
}

function withoutUser(url: string): string {
  return url.replace(/\/\/[^/@]*@/, "//");
}
