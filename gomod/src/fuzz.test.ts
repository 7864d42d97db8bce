// Every parser of this room on damaged texts: it throws nothing but InvalidText, what it takes survives a round trip,
// and time grows with the length. FUZZ_SEED=7 FUZZ_ROUNDS=1000000 looks further.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as gomod from "./index.ts";
import { MutatedTexts, type TextMaterial } from "./testing/mutated-texts.ts";
import {
  goModTexts,
  infoTexts,
  pathTexts,
  patternTexts,
  proxyTexts,
  versionTexts,
} from "./testing/text-corpora.ts";

const seed = Number(process.env["FUZZ_SEED"] ?? Date.now() % 1_000_000);
const rounds = Number(process.env["FUZZ_ROUNDS"] ?? 4000);

describe("a text that is taken survives a round trip", () => {
  fuzz("module path", pathTexts, (text) => {
    const path = taken(gomod.parseModulePath, text);
    assert.equal(gomod.isModulePath(text), path !== undefined);
    if (path === undefined) return;
    assert.equal(gomod.unescapePath(gomod.escapePath(path)), path);
    const { prefix, pathMajor } = gomod.splitPathVersion(path) ?? assert.fail("it does not split");
    assert.equal(prefix + pathMajor, path);
    gomod.checkImportPath(path);
    gomod.checkFilePath(path);
  });

  fuzz("escaped module path", pathTexts, (text) => {
    const path = taken(gomod.unescapePath, text);
    if (path !== undefined) assert.equal(gomod.escapePath(path), text);
  });

  fuzz("import and file path", pathTexts, (text) => {
    const isImport = isTaken(gomod.checkImportPath, text);
    const isFile = isTaken(gomod.checkFilePath, text);
    assert.ok(isFile || !isImport);
  });

  fuzz("escaped version", versionTexts, (text) => {
    const version = taken(gomod.unescapeVersion, text);
    if (version !== undefined) assert.equal(gomod.escapeVersion(version), text);
    const escaped = taken(gomod.escapeVersion, text);
    if (escaped !== undefined) assert.equal(gomod.unescapeVersion(escaped), text);
  });

  fuzz("version", versionTexts, (text) => {
    const canonical = gomod.canonicalVersion(text);
    assert.equal(gomod.isSemver(text), canonical !== "");
    assert.equal(
      taken(gomod.parseVersion, text),
      canonical === text && text !== "" ? text : undefined,
    );
    assert.equal(gomod.compareVersions(text, canonical), 0);
    if (canonical === "") return;
    assert.equal(gomod.parseVersion(canonical), canonical);
    assert.ok(gomod.canonicalSemver(text).startsWith(gomod.majorMinorOf(text)));
    assert.ok(gomod.majorMinorOf(text).startsWith(`${gomod.majorOf(text)}.`));
    assert.ok(text.endsWith(gomod.prereleaseOf(text) + gomod.buildOf(text)));
  });

  fuzz("pseudo-version", versionTexts, (text) => {
    const rev = taken(gomod.pseudoVersionRev, text);
    assert.equal(gomod.isPseudoVersion(text), rev !== undefined);
    const base = taken(gomod.pseudoVersionBase, text);
    const time = taken(gomod.pseudoVersionTime, text);
    if (rev === undefined || base === undefined || time === undefined) return;
    assert.equal(gomod.makePseudoVersion(gomod.majorOf(text), base, time, rev), text);
    assert.equal(gomod.compareVersions(base, text), -1);
  });

  fuzz("version query", versionTexts, (text) => {
    const query = taken(gomod.parseVersionQuery, text);
    if (query?.kind === "version") assert.equal(query.canonical, gomod.canonicalVersion(text));
    if (query?.kind === "revision") assert.equal(typeof gomod.escapeVersion(text), "string");
  });

  fuzz("GOPROXY list", proxyTexts, (text) => {
    const entries = taken(gomod.parseProxyList, text);
    const written = entries?.map((entry) => {
      if (entry.kind !== "proxy") return entry.kind;
      return entry.url + (entry.onFailure === "next-on-any" ? "|" : ",");
    });
    if (written !== undefined) assert.deepEqual(gomod.parseProxyList(written.join("")), entries);
  });

  fuzz(".info document", infoTexts, (text) => {
    const info = taken(gomod.parseVersionInfo, text);
    if (info === undefined) return;
    const written = gomod.formatVersionInfo(info);
    const { timeText: _, ...again } = gomod.parseVersionInfo(written);
    const { timeText: __, ...before } = info;
    assert.deepEqual(again, before);
    assert.equal(gomod.formatVersionInfo(gomod.parseVersionInfo(written)), written);
  });

  fuzz("pattern", patternTexts, (text) => {
    taken((pattern) => gomod.pathMatch(pattern, text), text);
    assert.equal(gomod.pathMatch(text.replace(/[*?[\\]/g, "\\$&"), text), true);
    gomod.matchesModulePatterns(text, text);
  });

  fuzz("go.mod", goModTexts, (text) => {
    assert.equal(typeof gomod.modulePathOf(text), "string");
    const goMod = taken(gomod.parseGoMod, text);
    if (goMod === undefined) return;
    assert.deepEqual(gomod.parseGoMod(`\n${text}\n\nfuture [ line\n`), goMod);
    assert.deepEqual(gomod.parseGoMod(Buffer.from(text)), goMod);
  });
});

test(`sorting puts versions in order (seed ${seed})`, () => {
  const texts = new MutatedTexts(seed, versionTexts);
  for (let round = 0; round < rounds / 20; round++) {
    const sorted = gomod.sortVersions(texts.list(40));
    for (const [index, version] of sorted.slice(1).entries()) {
      assert.ok(gomod.compareVersions(sorted[index] ?? "", version) <= 0, JSON.stringify(sorted));
    }
    assert.deepEqual(gomod.sortVersions(sorted.toReversed()), sorted);
  }
});

/** Pieces that, repeated, have brought down parsers with backtracking or quadratic loops. */
const repeated = [
  "/",
  ".",
  "-",
  "0",
  "1",
  "~1",
  "!a",
  "!",
  "v",
  "a",
  "A",
  "/v1",
  "-0.",
  "0.",
  "*",
  "*a",
  "[",
  "[a",
  "\\",
  ",",
  "|",
  ":",
  "@",
  "%",
  "%25",
  "[::",
  "//",
  "//\n",
  "\n",
  "(",
  ")",
  "x (\n",
  '"',
  "\\x41",
  "é",
  "😀",
  "{",
  "[",
  '{"a":',
  "\u3000",
  " ",
  "a ",
  "Deprecated:",
  "// Deprecated: x\n//\n",
];

/** What stands around them, so that the parsers get that far. */
const frames = [
  ["", ""],
  ["example.com/x", "!"],
  ["gopkg.in/x", ".v1"],
  ["v1.2.3-", "_"],
  ["v0.0.0-", "20060102150405-abcdef123456"],
  ["https://", "x"],
  ['module "', '"\n'],
  ["module a\nretract (\n// ", "\nv1\n)\n"],
  ['{"Version":"v1.0.0","Time":"2020-01-02T17:33:45.', 'Z"}'],
  ['{"Version":"v1.0.0","x":"', '"}'],
] as const;

const parsers: readonly ((text: string) => unknown)[] = [
  gomod.parseModulePath,
  gomod.checkImportPath,
  gomod.checkFilePath,
  gomod.unescapePath,
  gomod.unescapeVersion,
  gomod.splitPathVersion,
  gomod.parseVersion,
  gomod.pseudoVersionBase,
  gomod.parseVersionQuery,
  gomod.parseProxyList,
  gomod.parseVersionInfo,
  gomod.modulePathOf,
  gomod.parseGoMod,
  (text) => gomod.compareVersions(text, `${text}0`),
  (text) => gomod.pathMatch(text, "example.com/x"),
  (text) => gomod.matchesModulePatterns("*.example.com/*,example.com/[a-x]*y", text),
];

test("long texts take no more than their share of time and stack", { timeout: 120_000 }, () => {
  for (const piece of repeated) {
    for (const [before, after] of frames) {
      const text = before + piece.repeat(4000 / piece.length) + after;
      for (const parse of parsers) taken(parse, text);
    }
  }
  for (const piece of ["x", "é", "1", "a/", "a//\n", "/v1", "0."]) {
    const text = piece.repeat(2 ** 19 / piece.length);
    for (const parse of parsers) taken(parse, text);
  }
});

function fuzz(name: string, material: TextMaterial, check: (text: string) => void): void {
  test(`${name} (seed ${seed})`, () => {
    const texts = new MutatedTexts(seed, material);
    for (let round = 0; round < rounds; round++) {
      const text = texts.next();
      try {
        check(text);
      } catch (failure) {
        throw new Error(`FUZZ_SEED=${seed}, round ${round}: ${JSON.stringify(text)}`, {
          cause: failure,
        });
      }
    }
  });
}

/** What the parser makes of a text; `undefined` if it refuses. */
function taken<T>(parse: (text: string) => T, text: string): T | undefined {
  try {
    return parse(text);
  } catch (failure) {
    if (failure instanceof gomod.InvalidText) return undefined;
    throw failure;
  }
}

function isTaken(check: (text: string) => void, text: string): boolean {
  return taken(() => check(text) ?? true, text) ?? false;
}
