// Which version control systems may be used for which modules: GOVCS.
import { InvalidText, matchesModulePatterns } from "@stoa/gomod";

interface VcsRule {
  readonly pattern: string;
  readonly systems: readonly string[];
}

/** The rules in their order; the first whose pattern fits decides. */
export type VcsRules = readonly VcsRule[];

/** A server runs these programs on what strangers ask for, so it is stricter than the go command on a desk. */
const rulesOfServer: VcsRules = [
  { pattern: "private", systems: ["git"] },
  { pattern: "public", systems: ["git"] },
];

/**
 * Reads a list such as `github.com:git,*.corp.example:git|hg,public:off`. Where no rule of it fits, git alone is allowed.
 * Throws `InvalidText` of kind `GOVCS entry`. Authority: cmd/go vcs.parseGOVCS, but for that default.
 */
export function parseVcsRules(text: string): VcsRules {
  if (text.trim() === "") return rulesOfServer;
  const rules: VcsRule[] = [];
  for (const entry of text.split(",").map((item) => item.trim())) {
    const rule = parseEntry(entry);
    if (rules.some(({ pattern }) => pattern === rule.pattern)) {
      throw new InvalidText("GOVCS entry", entry, "an entry before it has the same pattern");
    }
    rules.push(rule);
  }
  return [...rules, ...rulesOfServer];
}

/**
 * Whether a system may be used for the repository that a path prefix stands for. `privateModules` are patterns as in
 * GOPRIVATE. Module proxies (`mod`) are always allowed: they run no program. Authority: cmd/go vcs.checkGOVCS.
 */
export function allowsSystem(
  rules: VcsRules,
  place: { readonly system: string; readonly root: string },
  privateModules: string,
): boolean {
  if (place.system === "mod") return true;
  const isPrivate = matchesModulePatterns(privateModules, place.root);
  const rule = rules.find(({ pattern }) => {
    if (pattern === "private") return isPrivate;
    if (pattern === "public") return !isPrivate;
    return matchesModulePatterns(pattern, place.root);
  });
  return rule?.systems.some((system) => system === place.system || system === "all") ?? false;
}

function parseEntry(entry: string): VcsRule {
  const refuse = (reason: string) => new InvalidText("GOVCS entry", entry, reason);
  if (entry === "") throw refuse("it is empty");
  const colon = entry.indexOf(":");
  if (colon < 0) throw refuse("it has no colon");
  const pattern = entry.slice(0, colon).trim();
  const systems = entry
    .slice(colon + 1)
    .split("|")
    .map((system) => system.trim());
  if (pattern === "") throw refuse("it has no pattern before the colon");
  if (/^\.\.?(\/|$)/.test(pattern)) throw refuse("its pattern is a relative path");
  if (systems.includes("")) throw refuse("it has an empty name after the colon");
  return { pattern, systems };
}
