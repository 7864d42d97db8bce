// An operator's own home page: the part of Go's html/template that such pages use.
import { ProxyFailure } from "../domain/proxy-failure.ts";

/** What a template may refer to, by Athens' names: `{{ .Host }}`, `{{ .NoSumPatterns }}`. */
export interface HomeFacts {
  /** Scheme, host and port. */
  readonly Host: string;
  /** Separated by commas. */
  readonly NoSumPatterns: string;
}

/** An `{{ if }}` that is open: whether its text is shown now, and whether it stands in text that is. */
interface Branch {
  readonly isAround: boolean;
  isShown: boolean;
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
  const isShown = (): boolean => branches.at(-1)?.isShown ?? true;
  for (const match of template.matchAll(/(\s*\{\{-\s|\{\{)\s*([\s\S]*?)\s*(\s-\}\}\s*|\}\})/g)) {
    const [whole, , action = ""] = match;
    if (isShown()) page += template.slice(at, match.index);
    at = match.index + whole.length;
    const condition = /^if\s+\.(\w+)$/.exec(action)?.[1];
    const value = action.startsWith(".") ? factNamed(action.slice(1), facts) : undefined;
    if (condition !== undefined && factNamed(condition, facts) !== undefined) {
      const isAround = isShown();
      branches.push({ isAround, isShown: isAround && factNamed(condition, facts) !== "" });
    } else if (action === "else" && branches.length > 0) {
      for (const branch of branches.slice(-1)) {
        branch.isShown = branch.isAround && !branch.isShown;
      }
    } else if (action === "end" && branches.length > 0) {
      branches.pop();
    } else if (value !== undefined) {
      if (isShown()) page += escapeHtml(value);
    } else if (!/^\/\*[\s\S]*\*\/$/.test(action)) {
      throw unknownAction(template, match.index, action);
    }
  }
  if (branches.length > 0) throw unknownAction(template, template.length, "if, without its end");
  return page + template.slice(at);
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
