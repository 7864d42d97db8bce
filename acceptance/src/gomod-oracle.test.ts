// The words of @stoa/gomod against Go's own golang.org/x/mod, over thousands of texts.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import * as gomod from "@stoa/gomod";
import {
  goModTexts,
  infoTexts,
  MutatedTexts,
  pathTexts,
  patternTexts,
  proxyTexts,
  type TextMaterial,
  versionTexts,
} from "@stoa/gomod/testing";
import { type Answer, buildOracle, Oracle, type Question } from "./gomod-oracle/oracle.ts";

/** Another seed or more rounds look further: FUZZ_SEED=7 FUZZ_ROUNDS=100000. */
const seed = Number(process.env["FUZZ_SEED"] ?? 1);
const rounds = Number(process.env["FUZZ_ROUNDS"] ?? 3000);

const built = buildOracle();
const skip = typeof built === "string" ? built : false;
after(() => built instanceof Oracle && built[Symbol.dispose]());

describe("paths agree with golang.org/x/mod", { skip }, () => {
  unary("CheckPath", pathTexts, (path) => nothing(gomod.parseModulePath(path)));
  unary("CheckImportPath", pathTexts, (path) => nothing(gomod.checkImportPath(path)));
  unary("CheckFilePath", pathTexts, (path) => nothing(gomod.checkFilePath(path)));
  unary("EscapePath", pathTexts, gomod.escapePath);
  unary("UnescapePath", pathTexts, gomod.unescapePath);
  unary("SplitPathVersion", pathTexts, (path) => gomod.splitPathVersion(path) ?? null);
});

describe("versions agree with golang.org/x/mod", { skip }, () => {
  unary("EscapeVersion", versionTexts, gomod.escapeVersion);
  unary("UnescapeVersion", versionTexts, gomod.unescapeVersion);
  unary("CanonicalVersion", versionTexts, gomod.canonicalVersion);
  unary("IsValid", versionTexts, gomod.isSemver);
  unary("Canonical", versionTexts, gomod.canonicalSemver);
  unary("Major", versionTexts, gomod.majorOf);
  unary("MajorMinor", versionTexts, gomod.majorMinorOf);
  unary("Prerelease", versionTexts, gomod.prereleaseOf);
  unary("Build", versionTexts, gomod.buildOf);
  compare("Compare", twoOf(versionTexts), gomod.compareVersions);
  compare("Sort", listsOf(versionTexts), gomod.sortVersions);
});

describe("modules at versions agree with golang.org/x/mod", { skip }, () => {
  const pathMajors = {
    corpus: [
      "",
      "/v2",
      "/v1",
      "/v0",
      ".v1",
      ".v2",
      ".v0",
      ".v2-unstable",
      ".v-unstable",
      "/",
      "v2",
    ],
    pieces: ["/", ".", "v", "1", "2", "-unstable", "0", "/v3"],
  };
  unary("PathMajorPrefix", pathMajors, gomod.pathMajorPrefix);
  compare("MatchPathMajor", eachOf(versionTexts, pathMajors), gomod.matchesPathMajor);
  compare("Check", eachOf(pathTexts, versionTexts), (path: string, version: string) =>
    nothing(gomod.checkModuleVersion(path, version)),
  );
  test("ModuleSort of two", () => {
    const paths = new MutatedTexts(seed, pathTexts);
    const versions = new MutatedTexts(seed, versionTexts);
    sortAlike(() => {
      const [one = "", other = ""] = paths.list(2);
      return versions.list(2).map((version) => [paths.below(2) === 0 ? one : other, version]);
    });
  });

  // With invalid versions or build metadata, Go's order of three goes round in a circle, and how a list comes out
  // depends on the way of sorting.
  test("ModuleSort of many with canonical versions", () => {
    const paths = new MutatedTexts(seed, pathTexts);
    const versions = new MutatedTexts(seed, versionTexts);
    const files = ["", "", "/go.mod", "/a", "/é"];
    sortAlike(() => {
      const [one = "", other = ""] = paths.list(2);
      return versions
        .list(100)
        .filter(gomod.isVersion)
        .map((version) => [
          paths.below(2) === 0 ? one : other,
          version.replace("+incompatible", "") + files[versions.below(files.length)],
        ]);
    });
  });

  function sortAlike(next: () => readonly (readonly string[])[]): void {
    const lists = Array.from({ length: rounds }, () =>
      next().map(([Path = "", Version = ""]) => ({ Path, Version })),
    );
    agree(
      lists.map((list) => ({ op: "ModuleSort", args: [list] })),
      (list: { Path: string; Version: string }[]) =>
        gomod
          .sortModuleVersions(list.map(({ Path, Version }) => ({ path: Path, version: Version })))
          .map(({ path, version }) => ({ Path: path, ...(version && { Version: version }) })),
    );
  }
});

describe("pseudo-versions agree with golang.org/x/mod", { skip }, () => {
  unary("IsPseudoVersion", versionTexts, gomod.isPseudoVersion);
  unary("IsZeroPseudoVersion", versionTexts, gomod.isZeroPseudoVersion);
  unary("ZeroPseudoVersion", versionTexts, gomod.zeroPseudoVersion);
  unary("PseudoVersionRev", versionTexts, gomod.pseudoVersionRev);
  unary("PseudoVersionBase", versionTexts, gomod.pseudoVersionBase);
  unary("PseudoVersionTime", versionTexts, (version) => gomod.pseudoVersionTime(version).getTime());
  compare(
    "PseudoVersion",
    () => {
      const texts = new MutatedTexts(seed, versionTexts);
      const years = 2 ** 48;
      return () => [texts.next(), texts.next(), texts.below(years) - years / 4, texts.next()];
    },
    (major: string, older: string, milliseconds: number, rev: string) =>
      gomod.makePseudoVersion(major, older, new Date(milliseconds), rev),
  );
});

describe("patterns agree with golang.org/x/mod and path.Match", { skip }, () => {
  compare("MatchPrefixPatterns", twoOf(patternTexts), gomod.matchesModulePatterns);
  compare("PathMatch", twoOf(patternTexts), gomod.pathMatch);
});

describe("documents agree with the go command", { skip }, () => {
  unaryBytes("ModulePath", goModTexts, gomod.modulePathOf);
  unaryBytes("ParseLax", goModTexts, (bytes) => {
    const { module, deprecated, go, retractions } = gomod.parseGoMod(bytes);
    return { module: module ?? null, deprecated: deprecated ?? "", go: go ?? null, retractions };
  });
  unary("ProxyList", proxyTexts, (text) =>
    gomod
      .parseProxyList(text)
      .map((entry) =>
        entry.kind === "proxy"
          ? { url: entry.url, fallBackOnError: entry.onFailure === "next-on-any" }
          : { url: entry.kind, fallBackOnError: false },
      ),
  );
});

test(".info documents are read as the go command reads them", { skip }, () => {
  const texts = new MutatedTexts(seed, infoTexts);
  const documents = [...infoTexts.corpus, ...Array.from({ length: rounds }, () => texts.next())];
  const questions = documents.map((document) => ({
    op: "ReadInfo",
    args: [Buffer.from(document).toString("base64")],
  }));
  agree(questions, (base64: string) => {
    const info = gomod.parseVersionInfo(Buffer.from(base64, "base64"));
    return {
      version: info.version,
      milliseconds: info.time?.getTime() ?? Date.parse("0001-01-01T00:00:00Z"),
      text: gomod.formatVersionInfo(info),
    };
  });
});

test(".info documents are written as the go command writes them", { skip }, () => {
  const texts = new MutatedTexts(seed, { corpus: infoTexts.pieces, pieces: infoTexts.pieces });
  const keys = ["VCS", "URL", "Subdir", "Hash", "TagPrefix", "TagSum", "Ref", "RepoSum"] as const;
  const questions = Array.from({ length: rounds }, () => {
    const origin = keys.map((key) => [key, texts.below(2) === 0 ? "" : texts.next()]);
    return {
      op: "WriteInfo",
      args: [
        "v1.0.0",
        texts.below(253_000_000_000_000),
        texts.below(4) === 0 ? null : Object.fromEntries(origin),
      ],
    };
  });
  agree(
    questions,
    (version: string, milliseconds: number, origin: Record<(typeof keys)[number], string> | null) =>
      gomod.formatVersionInfo({
        version: gomod.parseVersion(version),
        time: new Date(milliseconds),
        origin:
          origin === null
            ? undefined
            : {
                vcs: origin.VCS,
                url: origin.URL,
                subdir: origin.Subdir,
                hash: origin.Hash,
                tagPrefix: origin.TagPrefix,
                tagSum: origin.TagSum,
                ref: origin.Ref,
                repoSum: origin.RepoSum,
              },
      }),
  );
});

describe("characters agree with Go's unicode package", { skip }, () => {
  test("white space", () => {
    const spaces = new Set(runsOf("SpaceRuns").flatMap(([first, last]) => all(first, last)));
    const ours = all(0, 0x10ffff).filter(
      (code) => code !== 0x0a && gomod.modulePathOf(`module${String.fromCodePoint(code)}x`) === "x",
    );
    assert.deepEqual(
      ours,
      [...spaces].filter((code) => code !== 0x0a),
    );
  });

  test("printable characters", (t) => {
    const [version] = values([{ op: "UnicodeVersion", args: [] }]);
    if (version !== "15.0.0") return t.skip(`this Go has Unicode ${version}, not 15.0.0`);
    const runs = runsOf("PrintableRuns");
    const parses = (code: number) => {
      try {
        gomod.parseGoMod(`x${String.fromCodePoint(code)}x`);
        return true;
      } catch {
        return false;
      }
    };
    const printable = runs.flatMap(([first, last]) => all(first, last));
    assert.deepEqual(
      printable.filter((code) => !parses(code)),
      [],
    );
    const gaps = runs.flatMap(([, last], index) => {
      const next = runs[index + 1]?.[0] ?? 0x110000;
      return [last + 1, Math.floor((last + next) / 2), next - 1].filter((code) => code > last);
    });
    assert.deepEqual(gaps.filter(parses), []);
  });
});

/** Gives the arguments of one question after the other. */
type Source = () => () => readonly unknown[];

function twoOf(material: TextMaterial): Source {
  return () => {
    const texts = new MutatedTexts(seed, material);
    return () => texts.list(2);
  };
}

function eachOf(first: TextMaterial, second: TextMaterial): Source {
  return () => {
    const texts = new MutatedTexts(seed, first);
    const others = new MutatedTexts(seed, second);
    return () => [texts.next(), others.next()];
  };
}

function listsOf(material: TextMaterial): Source {
  return () => {
    const texts = new MutatedTexts(seed, material);
    return () => [texts.list(texts.below(100))];
  };
}

/** One text per question: every one of the corpus, then mutated ones. */
function unary(op: string, material: TextMaterial, reply: (text: string) => unknown): void {
  test(op, () => {
    const texts = new MutatedTexts(seed, material);
    const mutated = Array.from({ length: rounds }, () => texts.next());
    agree(
      [...material.corpus, ...mutated].map((text) => ({ op, args: [text] })),
      reply,
    );
  });
}

/** One file per question, some of them with bytes that are no UTF-8. */
function unaryBytes(
  op: string,
  material: TextMaterial,
  reply: (bytes: Uint8Array) => unknown,
): void {
  test(op, () => {
    const texts = new MutatedTexts(seed, material);
    const mutated = Array.from({ length: rounds }, () => {
      const bytes = Buffer.from(texts.next());
      if (texts.below(4) === 0) bytes[texts.below(bytes.length)] = 0x80 + texts.below(0x80);
      return bytes;
    });
    const corpus = material.corpus.map((text) => Buffer.from(text));
    agree(
      [...corpus, ...mutated].map((bytes) => ({ op, args: [bytes.toString("base64")] })),
      (base64: string) => reply(Buffer.from(base64, "base64")),
    );
  });
}

function compare(op: string, source: Source, reply: Reply): void {
  test(op, () => {
    const next = source();
    agree(
      Array.from({ length: rounds }, () => ({ op, args: next() })),
      reply,
    );
  });
}

/** What we say to the arguments of a question; `InvalidText` is a refusal. */
// biome-ignore lint/suspicious/noExplicitAny: the arguments come from questions, whose types their op knows
type Reply = (...args: any[]) => unknown;

/** Asks both and shows the first differences. */
function agree(questions: readonly Question[], reply: Reply): void {
  const answers = asked().answers(questions);
  const differences = questions.flatMap(({ args }, index) => {
    const go = said(answers[index]);
    const ours = saidBy(reply, args);
    return isDeepStrictEqual(ours, go) ? [] : [{ args, go, ours }];
  });
  assert.deepEqual(differences.slice(0, 5), [], `${differences.length} differences, seed ${seed}`);
}

const refused = { refused: true };

function said(answer: Answer | undefined): unknown {
  return answer?.error === undefined ? answer?.value : refused;
}

function saidBy(reply: Reply, args: readonly unknown[]): unknown {
  try {
    return JSON.parse(JSON.stringify(reply(...args)));
  } catch (failure) {
    if (failure instanceof gomod.InvalidText) return refused;
    throw failure;
  }
}

function values(questions: readonly Question[]): readonly unknown[] {
  return asked().answers(questions).map(said);
}

function runsOf(op: string): readonly [first: number, last: number][] {
  const [runs] = values([{ op, args: [] }]);
  return runs as [number, number][];
}

function all(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function asked(): Oracle {
  if (built instanceof Oracle) return built;
  throw new Error(built);
}

function nothing(_: unknown): null {
  return null;
}
