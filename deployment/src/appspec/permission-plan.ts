// Which rule of the section permissions applies to what an installation makes.
import type { Appspec, PermissionRule } from "./appspec.ts";
import type { Diagnostic } from "./diagnostic.ts";

/** Something that an installation has made and whose permissions are set. */
export interface PlannedPermission {
  readonly target: string;
  readonly kind: "file" | "directory";
  /** Apply in this order: mode, acls, context, owner and group. */
  readonly rule: PermissionRule;
}

/** What an installation makes on this machine. */
export interface Made {
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/** Which rule applies to what, and what is wrong with the rules. */
export interface PermissionPlan {
  readonly permissions: readonly PlannedPermission[];
  readonly problems: readonly Diagnostic[];
}

/**
 * Which rule applies to what. Rules reach only what this installation makes: never files and folders that were there
 * before. A rule for a folder reaches the folder itself only where it names the type `directory` in so many words, as the
 * sixth example of CodeDeploy's documentation does.
 */
export function planPermissions(
  { permissions }: Pick<Appspec, "permissions">,
  made: Made,
): PermissionPlan {
  const problems: Diagnostic[] = [];
  const chosen = new Map<string, PlannedPermission>();
  for (const rule of permissions) {
    const reached = made.files.includes(rule.object) ? ofFile(rule, problems) : below(rule, made);
    if (reached.length === 0) {
      problems.push(
        say(
          "warning",
          rule,
          `${rule.object} is no file that is copied and holds nothing that is; the rule has no effect`,
        ),
      );
    }
    for (const one of reached) {
      const other = chosen.get(one.target);
      if (other !== undefined) {
        problems.push(
          say(
            "error",
            rule,
            `${one.target} is reached by two rules, also by that of line ${other.rule.place.line}`,
          ),
        );
      }
      if (one.kind === "file" && rule.acls?.some(({ isDefault }) => isDefault)) {
        problems.push(
          say(
            "error",
            rule,
            `${one.target} is a file, and default entries of acls are for folders`,
          ),
        );
      }
      chosen.set(one.target, one);
    }
  }
  return { permissions: [...chosen.values()], problems };
}

function ofFile(rule: PermissionRule, problems: Diagnostic[]): readonly PlannedPermission[] {
  if (rule.pattern !== "**" || rule.except.length > 0) {
    problems.push(
      say("error", rule, `${rule.object} is a file; pattern and except are for folders`),
    );
  }
  return rule.types.includes("file") ? [{ target: rule.object, kind: "file", rule }] : [];
}

function below(rule: PermissionRule, { files, folders }: Made): readonly PlannedPermission[] {
  const everything = [
    ...folders.map((target) => ({ target, kind: "directory" as const, rule })),
    ...files.map((target) => ({ target, kind: "file" as const, rule })),
  ];
  return everything.filter(
    ({ target, kind }) => rule.types.includes(kind) && reaches(rule, target),
  );
}

function reaches(rule: PermissionRule, target: string): boolean {
  if (target === rule.object) return rule.hasOwnTypes && rule.types.includes("directory");
  const prefix = rule.object === "/" ? "/" : `${rule.object}/`;
  if (!target.startsWith(prefix)) return false;
  const rest = target.slice(prefix.length);
  if (rule.except.some((name) => matchesName(name, rest))) return false;
  return rule.pattern === "**" || matchesName(rule.pattern, rest);
}

/** `*` stands for any letters; only what lies directly inside can match. */
function matchesName(pattern: string, path: string): boolean {
  if (path.includes("/")) return false;
  const [first = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return path === pattern;
  if (!path.startsWith(first)) return false;
  const last = rest.pop() ?? "";
  let place = first.length;
  for (const part of rest) {
    const found = path.indexOf(part, place);
    if (found === -1) return false;
    place = found + part.length;
  }
  return path.length - last.length >= place && path.endsWith(last);
}

function say(
  severity: Diagnostic["severity"],
  { place }: PermissionRule,
  sentence: string,
): Diagnostic {
  return { severity, line: place.line, column: place.column, sentence };
}
