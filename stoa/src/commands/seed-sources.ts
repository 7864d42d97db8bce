// What may be seeded from: go.mod, go.work, go.sum, a list, an SBOM, a vendor folder, a repository.
import { execFile } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import {
  checkModuleVersion,
  type MainModules,
  type ModuleVersion,
  modulePathOf,
  parseModulePath,
  parseVersion,
  type Requirements,
  requirementsIn,
} from "@stoa/gomod";
import { parseImportList, type SeedOrder } from "@stoa/proxy";

/** What a source asks for, and what in it is no module version. */
export type SeedSource = Omit<SeedOrder, "whole"> & { readonly unusable: readonly string[] };

const nothing = {
  main: undefined,
  folders: new Map<string, Requirements>(),
  versions: [],
  mods: [],
  unusable: [],
} as const;

/** Reads a file, a folder or the URL of a repository. Rejects with a sentence. */
export async function readSeedSource(written: string, toolchainOf: string): Promise<SeedSource> {
  if (/^[a-z+]+:\/\//i.test(written) || written.endsWith(".git")) {
    return readRepository(written, toolchainOf);
  }
  const path = resolve(written);
  if (!existsSync(path))
    throw new Error(`${written} is not there: name a file, a folder or the URL of a repository`);
  return readPath(path, toolchainOf);
}

function readPath(path: string, toolchainOf: string): SeedSource {
  if (statSync(path).isDirectory()) {
    const found = ["go.work", "go.mod", "modules.txt"].find((name) => existsSync(join(path, name)));
    if (found !== undefined) return readPath(join(path, found), toolchainOf);
    throw new Error(`${path} has no go.work, go.mod or modules.txt`);
  }
  const text = readFileSync(path, "utf8");
  switch (basename(path)) {
    case "go.mod":
      return {
        ...withToolchain(mainOf([path], undefined), [text], toolchainOf),
        folders: foldersOf([path]),
      };
    case "go.work":
      return workspace(path, text, toolchainOf);
    case "modules.txt":
      return vendored(text);
    default:
      return text.trimStart().startsWith("{") ? materials(text, path) : listed(text);
  }
}

function mainOf(goMods: readonly string[], work: string | undefined): MainModules {
  const modules = goMods.map((file) => {
    const text = readFileSync(file, "utf8");
    return { path: modulePathOf(text), requirements: requirementsIn(text) };
  });
  const ofWork = work === undefined ? [] : requirementsIn(readFileSync(work, "utf8")).replaces;
  const replaces = [...ofWork, ...modules.flatMap(({ requirements }) => requirements.replaces)];
  return { modules, replaces, isWorkspace: work !== undefined };
}

function workspace(path: string, text: string, toolchainOf: string): SeedSource {
  const { uses } = requirementsIn(text);
  const files = uses.map((folder) => join(dirname(path), folder, "go.mod"));
  const texts = [text, ...files.map((file) => readFileSync(file, "utf8"))];
  return {
    ...withToolchain(mainOf(files, path), texts, toolchainOf),
    folders: foldersOf([path, ...files]),
  };
}

/** What the folders ask for that stand in for modules; one without a go.mod is left out. */
function foldersOf(files: readonly string[]): ReadonlyMap<string, Requirements> {
  const folders = files.flatMap((file) =>
    requirementsIn(readFileSync(file, "utf8")).replaces.flatMap(({ by }) =>
      "folder" in by ? [[by.folder, resolve(dirname(file), by.folder, "go.mod")] as const] : [],
    ),
  );
  return new Map(
    folders
      .filter(([, goMod]) => existsSync(goMod))
      .map(([folder, goMod]) => [folder, requirementsIn(readFileSync(goMod, "utf8"))]),
  );
}

/** The toolchain that is named, for one platform: `linux-amd64`. Authority: cmd/go toolchain.Select, go.dev/ref/mod#go-mod-file-toolchain. */
function withToolchain(main: MainModules, texts: readonly string[], platform: string): SeedSource {
  const named = texts.flatMap((text) => requirementsIn(text).toolchain ?? []);
  const versions = [...new Set(named)]
    .filter((name) => /^go1[.0-9a-z]*$/.test(name) && platform !== "")
    .map((name) => versionOf("golang.org/toolchain", `v0.0.1-${name}.${platform}`));
  return { ...nothing, main, versions };
}

/** Authority: cmd/go modload, vendor/modules.txt; a replaced module is named with what stands in for it. */
function vendored(text: string): SeedSource {
  const names = text.split("\n").flatMap((line) => {
    const [hash, path = "", version = "", arrow, by = "", byVersion] = line.trim().split(/\s+/);
    if (hash !== "#" || !version.startsWith("v")) return [];
    if (arrow !== "=>") return [`${path}@${version}`];
    return byVersion === undefined ? [] : [`${by}@${byVersion}`];
  });
  return listed(names.join("\n"));
}

/** Also a go.sum. */
function listed(text: string): SeedSource {
  const entries = parseImportList(text);
  return {
    ...nothing,
    versions: entries.flatMap((one) => (one.kind === "whole" ? [one.module] : [])),
    mods: entries.flatMap((one) => (one.kind === "loose" ? [one.module] : [])),
    unusable: entries.flatMap((one) =>
      one.kind === "unusable" ? [`${one.place}: ${one.why}`] : [],
    ),
  };
}

/**
 * Every package URL of the type golang, wherever it stands. Authority: CycloneDX 1.6 `components[].purl`, SPDX 2.3
 * `packages[].externalRefs[].referenceLocator`, package-url/purl-spec.
 */
function materials(text: string, path: string): SeedSource {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${path} begins like JSON and is none`, { cause });
  }
  const isKnown =
    document !== null &&
    typeof document === "object" &&
    ("bomFormat" in document || "spdxVersion" in document);
  if (!isKnown) throw new Error(`${path} is neither CycloneDX nor SPDX 2 in JSON`);
  // The component that the document is about is the main module, which nobody downloads.
  const { metadata: _about, ...rest } = document as Record<string, unknown>;
  const purls = new Set(textsIn(rest).filter((one) => one.startsWith("pkg:golang/")));
  const names = [...purls].flatMap((purl) => {
    const [bare = ""] = purl.slice("pkg:golang/".length).split(/[?#]/);
    const [module, version] = bare.split("@").map(decodeURIComponent);
    if (module === undefined || version === undefined || module === "stdlib" || module === "std")
      return [];
    return [`${module}@${version}`];
  });
  return listed(names.join("\n"));
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  if (value === null || typeof value !== "object") return [];
  return Object.values(value).flatMap(textsIn);
}

async function readRepository(url: string, toolchainOf: string): Promise<SeedSource> {
  const folder = await mkdtemp(join(tmpdir(), "stoa-seed-"));
  try {
    // A login that git does not know is a failure, and no question.
    const words = ["-c", "core.askPass=true", "clone", "--quiet", "--depth=1", "--", url, folder];
    await promisify(execFile)("git", words).catch((cause: { readonly stderr?: string }) => {
      throw new Error(`the repository cannot be read: ${cause.stderr?.trim() || String(cause)}`, {
        cause,
      });
    });
    return readPath(folder, toolchainOf);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function versionOf(path: string, version: string): ModuleVersion {
  const module = { path: parseModulePath(path), version: parseVersion(version) };
  checkModuleVersion(module.path, module.version);
  return module;
}
