// What the Go toolchain writes into a binary about how it was built. Authority: runtime/debug, BuildInfo and ParseBuildInfo.
import { takeQuoted } from "./go-quoted-text.ts";
import { anyText, list, object, optional, record, type Shape } from "./shape.ts";

/** A module that was compiled in. */
export interface GoModule {
  readonly path: string;
  /** `(devel)` where it was built from a working tree. */
  readonly version: string;
  /** `h1:…`; empty for the main module and for folders. */
  readonly sum: string;
  /** The path it is imported by, where it was put in the place of another module. */
  readonly replaces?: string;
}

/** What the Go toolchain writes into a binary (`go version -m`). */
export interface GoBuildInfo {
  /** The toolchain: `go1.26.0`. */
  readonly version: string;
  /** The import path of the main package. */
  readonly path: string;
  /** The main module; empty where it was built without modules. */
  readonly module: string;
  readonly moduleVersion: string;
  /** What was compiled in, replacements in place of what they replace; in the toolchain's order, which is by path. */
  readonly dependencies: readonly GoModule[];
  /** `-ldflags`, `GOOS`, `vcs.revision` and so on. */
  readonly settings: Readonly<Record<string, string>>;
}

/** The shape of `GoBuildInfo`. */
export const goBuildInfoShape: Shape<GoBuildInfo> = object<GoBuildInfo>({
  version: anyText,
  path: anyText,
  module: anyText,
  moduleVersion: anyText,
  dependencies: list(
    object<GoModule>({
      path: anyText,
      version: anyText,
      sum: anyText,
      replaces: optional(anyText),
    }),
  ),
  settings: record(anyText, anyText),
});

/** Reads the lines that the toolchain writes. Lines that are not understood are passed over: later toolchains write more. */
export function parseGoModuleLines(version: string, text: string): GoBuildInfo {
  let path = "";
  let main: GoModule = { path: "", version: "", sum: "" };
  const dependencies: GoModule[] = [];
  const settings: [string, string][] = [];
  let last: "mod" | "dep" | undefined;
  for (const line of text.split("\n")) {
    const [kind, rest] = cut(line, "\t");
    switch (kind) {
      case "path":
        path = rest;
        break;
      case "mod":
        main = moduleOf(rest);
        last = kind;
        break;
      case "dep":
        dependencies.push(moduleOf(rest));
        last = kind;
        break;
      case "=>":
        if (last === "dep") dependencies.push(replacement(dependencies.pop(), moduleOf(rest)));
        if (last === "mod") main = moduleOf(rest);
        break;
      case "build":
        settings.push(...settingOf(rest));
        break;
      default:
    }
  }
  return {
    version,
    path,
    module: main.path,
    moduleVersion: main.version,
    dependencies,
    settings: Object.fromEntries(settings),
  };
}

function replacement(replaced: GoModule | undefined, module: GoModule): GoModule {
  return replaced === undefined || replaced.path === module.path
    ? module
    : { ...module, replaces: replaced.path };
}

function moduleOf(line: string): GoModule {
  const [path = "", version = "", sum = ""] = line.split("\t");
  return { path, version, sum };
}

/** `key=value`, either of them in quotes if it needs them. */
function settingOf(line: string): readonly [string, string][] {
  const quotedKey = takeQuoted(line);
  const [key, value] =
    quotedKey === undefined ? cut(line, "=") : [quotedKey.value, quotedKey.rest.slice(1)];
  return key === "" ? [] : [[key, takeQuoted(value)?.value ?? value]];
}

function cut(text: string, separator: string): readonly [before: string, after: string] {
  const place = text.indexOf(separator);
  return place === -1 ? [text, ""] : [text.slice(0, place), text.slice(place + 1)];
}
