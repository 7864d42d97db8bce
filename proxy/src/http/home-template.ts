// An operator's own home page: the part of Go's html/template that such pages use.
import { ProxyFailure } from "../domain/proxy-failure.ts";

/** What a template may refer to, by Athens' names: `{{ .Host }}`, `{{ .NoSumPatterns }}`. */
export interface HomeFacts {
  /** Scheme, host and port. */
  readonly Host: string;
  /** Separated by commas. */
  readonly NoSumPatterns: string;
}

/**
 * The page with its actions filled in. The known actions are `{{ .Name }}`, `{{ if .Name }}`, `{{ else }}`, `{{ end }}`
 * and comments; `{{-` and `-}}` trim white space (text/template). Values are escaped as HTML. Throws `unsupported` for
 * anything else, naming it and its line.
 */
export function renderHome(template: string, facts: HomeFacts): string {
  const branches: Branch[] = [];
  let page = "";
  let at = 0;
  for (const { index, 0: whole, 1: action = "" } of template.matchAll(actions)) {
    if (isShown(branches)) page += template.slice(at, index);
    at = index + whole.length;
    const text = textOf(action, branches, facts);
    if (text === undefined) throw unknownAction(template, index, action);
    if (isShown(branches)) page += escapeHtml(text);
  }
  if (branches.length > 0) throw unknownAction(template, template.length, "if, without its end");
  return page + template.slice(at);
}

const actions = /(?:\s*\{\{-\s|\{\{)\s*(\/\*[\s\S]*?\*\/|[\s\S]*?)\s*(?:\s-\}\}\s*|\}\})/g;

/** An `if` whose `end` has not come: whether its text is shown now, and whether it stands in text that is. */
interface Branch {
  readonly isAround: boolean;
  readonly isShown: boolean;
}

function isShown(branches: readonly Branch[]): boolean {
  return branches.at(-1)?.isShown ?? true;
}

/** What stands in the place of an action, which may open, turn or close a branch; undefined if it is not known. */
function textOf(action: string, branches: Branch[], facts: HomeFacts): string | undefined {
  if (action.startsWith(".")) return factNamed(action.slice(1), facts);
  if (/^\/\*[\s\S]*\*\/$/.test(action)) return "";
  const [word = "", name = ""] = action.split(/\s+\.?/);
  if (word === "if") {
    const fact = factNamed(name, facts);
    const isAround = isShown(branches);
    if (fact !== undefined) branches.push({ isAround, isShown: isAround && fact !== "" });
    return fact === undefined ? undefined : "";
  }
  const branch = action === "else" || action === "end" ? branches.pop() : undefined;
  if (branch === undefined) return undefined;
  const { isAround } = branch;
  if (action === "else") branches.push({ isAround, isShown: isAround && !branch.isShown });
  return "";
}

/** `text` with the characters that mean something in HTML written as references. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function factNamed(name: string, facts: HomeFacts): string | undefined {
  return Object.hasOwn(facts, name) ? facts[name as keyof HomeFacts] : undefined;
}

function unknownAction(template: string, at: number, action: string): ProxyFailure {
  const line = template.slice(0, at).split("\n").length;
  return new ProxyFailure(
    "unsupported",
    `line ${line} of the home template has {{ ${action} }}; it may have .Host, .NoSumPatterns, if, else and end`,
  );
}
