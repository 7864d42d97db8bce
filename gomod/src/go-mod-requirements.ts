// What a go.mod or go.work asks for: requirements, exclusions, replacements, the toolchain, and the folders of a workspace.
import { takeString } from "./go-mod.ts";
import { statementsOf } from "./go-mod-statements.ts";
import { InvalidText } from "./invalid-text.ts";
import { type ModulePath, parseModulePath } from "./module-path.ts";
import { checkModuleVersion, type ModuleVersion } from "./module-version.ts";
import { textOf } from "./utf8.ts";
import { canonicalVersion, parseVersion } from "./version.ts";

/** What stands in for a module, or for one version of it. */
export interface Replacement {
  readonly path: ModulePath;
  /** `undefined` for all versions. */
  readonly version: string | undefined;
  /** Another version, or a folder. */
  readonly by: ModuleVersion | { readonly folder: string };
}

/** What a go.mod or go.work asks for. */
export interface Requirements {
  /** The version of the language, `1.24` or `1.24.0`; `undefined` where it is not said. */
  readonly go: string | undefined;
  /** As in `toolchain go1.25.3`; `undefined` where none is named. */
  readonly toolchain: string | undefined;
  readonly requires: readonly ModuleVersion[];
  /** These two count in main modules only. */
  readonly excludes: readonly ModuleVersion[];
  readonly replaces: readonly Replacement[];
  /** The folders of a workspace. */
  readonly uses: readonly string[];
}

/**
 * Reads a go.mod or go.work. Words it does not know are passed over. Throws `InvalidText` where a requirement, exclusion
 * or replacement cannot be read. Authority: golang.org/x/mod modfile.Parse and ParseWork.
 */
export function requirementsIn(file: string | Uint8Array): Requirements {
  const text = typeof file === "string" ? file : textOf(file);
  const lines = statementsOf(text).flatMap((statement) => {
    const [verb = "", ...words] = statement.words;
    const all = "lines" in statement ? statement.lines.map((line) => line.words) : [words];
    return all.map((args) => ({ verb, args: args.map((word) => takeString(word) ?? "") }));
  });
  const of = (verb: string) => lines.filter((line) => line.verb === verb).map(({ args }) => args);
  return {
    go: of("go")[0]?.[0],
    toolchain: of("toolchain")[0]?.[0],
    requires: of("require").map(([path, version]) => versionOf(path, version)),
    excludes: of("exclude").map(([path, version]) => versionOf(path, version)),
    replaces: of("replace").map(replacementIn),
    uses: of("use").map(([folder = ""]) => folder),
  };
}

function versionOf(path = "", version = ""): ModuleVersion {
  const module = { path: parseModulePath(path), version: parseVersion(canonicalVersion(version)) };
  checkModuleVersion(module.path, module.version);
  return module;
}

/** A replacement without a version is a folder. Authority: modfile.parseReplace. */
function replacementIn(args: readonly string[]): Replacement {
  const arrow = args.indexOf("=>");
  const [path = "", version] = args.slice(0, Math.max(arrow, 0));
  const [target = "", targetVersion] = args.slice(arrow + 1);
  if (arrow < 1 || target === "") {
    throw new InvalidText(
      "go.mod",
      args.join(" "),
      "a replace line has a path on both sides of =>",
    );
  }
  const by = targetVersion === undefined ? { folder: target } : versionOf(target, targetVersion);
  return { path: parseModulePath(path), version, by };
}
