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

/** Every ASCII character and some more, where each might be allowed or not. */
const characters = Array.from({ length: 0x180 }, (_, code) => String.fromCharCode(code)).flatMap(
  (character) => [`exa${character}mple.com`, `example.com/a${character}b`, `v1.0.0-a${character}b`],
);
const paths = { ...pathTexts, corpus: [...pathTexts.corpus, ...characters] };
const versions = { ...versionTexts, corpus: [...versionTexts.corpus, ...characters] };
const soundPaths = onlySound(pathTexts, gomod.isModulePath);
const soundVersions = onlySound(versionTexts, gomod.isSemver);
const pseudoVersions = onlySound(versionTexts, gomod.isPseudoVersion);

describe("paths agree with golang.org/x/mod", { skip }, () => {
  unary("CheckPath", paths, (path) => nothing(gomod.parseModulePath(path)));
  unary("CheckPath", soundPaths, (path) => nothing(gomod.parseModulePath(path)));
  unary("CheckImportPath", paths, (path) => nothing(gomod.checkImportPath(path)));
  unary("CheckFilePath", paths, (path) => nothing(gomod.checkFilePath(path)));
  unary("EscapePath", paths, gomod.escapePath);
  unary("UnescapePath", paths, gomod.unescapePath);
  unary("SplitPathVersion", paths, (path) => gomod.splitPathVersion(path) ?? null);
});

describe("versions agree with golang.org/x/mod", { skip }, () => {
  unary("EscapeVersion", versions, gomod.escapeVersion);
  unary("UnescapeVersion", versions, gomod.unescapeVersion);
  unary("CanonicalVersion", versions, gomod.canonicalVersion);
  unary("IsValid", versions, gomod.isSemver);
  unary("Canonical", versions, gomod.canonicalSemver);
  unary("Major", versions, gomod.majorOf);
  unary("MajorMinor", versions, gomod.majorMinorOf);
  unary("Prerelease", soundVersions, gomod.prereleaseOf);
  unary("Build", soundVersions, gomod.buildOf);
  compare("Compare", twoOf(soundVersions), gomod.compareVersions);
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
  compare("MatchPathMajor", eachOf(soundVersions, pathMajors), gomod.matchesPathMajor);
  compare("Check", eachOf(soundPaths, soundVersions), (path: string, version: string) =>
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
  unary("IsPseudoVersion", pseudoVersions, gomod.isPseudoVersion);
  const zeroes = {
    corpus: [gomod.zeroPseudoVersion(""), gomod.zeroPseudoVersion("v1")],
    pieces: ["0", "1", "-", "+x", "."],
  };
  unary("IsZeroPseudoVersion", zeroes, gomod.isZeroPseudoVersion);
  unary("ZeroPseudoVersion", pseudoVersions, gomod.zeroPseudoVersion);
  unary("PseudoVersionRev", pseudoVersions, gomod.pseudoVersionRev);
  unary("PseudoVersionBase", pseudoVersions, gomod.pseudoVersionBase);
  unary("PseudoVersionTime", pseudoVersions, (version) =>
    gomod.pseudoVersionTime(version).getTime(),
  );
  compare(
    "PseudoVersion",
    () => {
      const texts = new MutatedTexts(seed, versionTexts);
      const years = 2 ** 49;
      return () => [texts.next(), texts.next(), texts.below(years) - years / 4, texts.next()];
    },
    (major: string, older: string, milliseconds: number, rev: string) =>
      gomod.makePseudoVersion(major, older, new Date(milliseconds), rev),
  );
});

describe("patterns agree with golang.org/x/mod and path.Match", { skip }, () => {
  const globs = {
    corpus: ["*", "a*", "*b", "?", "a/*", "*/b", "[ab]*", "a,b/*"],
    pieces: ["*", "?", "a", "b", "/", "[a]", "[^a]", ",", "\\"],
  };
  const names = { corpus: ["a", "ab", "aab", "a/b", "b/a/b"], pieces: ["a", "b", "/"] };
  compare("MatchPrefixPatterns", twoOf(patternTexts), gomod.matchesModulePatterns);
  compare("MatchPrefixPatterns", eachOf(globs, names), gomod.matchesModulePatterns);
  compare("PathMatch", twoOf(patternTexts), gomod.pathMatch);
  compare("PathMatch", eachOf(globs, names), gomod.pathMatch);
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

const infoMembers = [
  '"Version":"v1.2.3"',
  '"version":"v2.0.0+incompatible"',
  '"VERSION":null',
  '"Verſion":"v1.2.4"',
  '"Version":"v1"',
  '"Time":"2020-01-02T17:33:45Z"',
  '"time":"2020-01-02T7:33:45,5+01:30"',
  '"TIME":"2020-01-02T17:33:45.120-24:60"',
  '"Time":null',
  '"Time":"2020\\u002d01-02T17:33:45Z"',
  '"Origin":{}',
  '"Origin":null',
  '"origin":{"VCS":"git","Hash":"a<b>&c\\u2028\\ud800"}',
  '"Origin":{"vcs":"hg","Ref":null,"TagPrefix":"x/","More":{"VCS":1}}',
  '"ORIGIN":{"ref":"refs/tags/x","REF":""}',
  '"Origin":{"VCS":1}',
  '"More":[{"Version":1},"}\\"",1e9]',
  '"\\u0056ersion":"v1.5.0"',
];

describe(".info documents agree with the go command", { skip }, () => {
  const reply = (bytes: Uint8Array) => {
    const info = gomod.parseVersionInfo(bytes);
    return {
      version: info.version,
      milliseconds: info.time?.getTime() ?? Date.parse("0001-01-01T00:00:00Z"),
      text: gomod.formatVersionInfo(info),
    };
  };
  unaryBytes("ReadInfo", infoTexts, reply);

  test("ReadInfo of random members", () => {
    const chance = new MutatedTexts(seed, infoTexts);
    const documents = Array.from({ length: rounds }, () => {
      const members = Array.from(
        { length: chance.below(5) },
        () => infoMembers[chance.below(infoMembers.length)],
      );
      return `{${['"Version":"v1.0.0"', ...members].join(",")}}`;
    });
    agree(
      documents.map((text) => ({ op: "ReadInfo", args: [Buffer.from(text).toString("base64")] })),
      (base64: string) => reply(Buffer.from(base64, "base64")),
    );
  });

  test("WriteInfo", () => {
    const texts = new MutatedTexts(seed, { corpus: infoTexts.pieces, pieces: infoTexts.pieces });
    const names = ["VCS", "URL", "Subdir", "Hash", "TagPrefix", "TagSum", "Ref", "RepoSum"];
    const questions = Array.from({ length: rounds }, () => {
      const origin = names.map((name) => [name, texts.below(2) === 0 ? "" : texts.next()]);
      const milliseconds = texts.below(253_000_000_000_000);
      const isKnown = texts.below(4) > 0;
      return {
        op: "WriteInfo",
        args: ["v1.0.0", milliseconds, isKnown ? Object.fromEntries(origin) : null],
      };
    });
    agree(
      questions,
      (version: string, milliseconds: number, origin: Record<string, string> | null) =>
        gomod.formatVersionInfo({
          version: gomod.parseVersion(version),
          time: new Date(milliseconds),
          origin:
            origin === null
              ? undefined
              : {
                  vcs: origin["VCS"],
                  url: origin["URL"],
                  subdir: origin["Subdir"],
                  hash: origin["Hash"],
                  tagPrefix: origin["TagPrefix"],
                  tagSum: origin["TagSum"],
                  ref: origin["Ref"],
                  repoSum: origin["RepoSum"],
                },
        }),
    );
  });
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

/** The material of which only sound texts are damaged, so that many stay sound. */
function onlySound(material: TextMaterial, isSound: (text: string) => boolean): TextMaterial {
  return { corpus: material.corpus.filter(isSound), pieces: material.pieces };
}

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
type Reply = (...args: any[]) => unknown;

/** Asks both and shows the first differences. The questions must not all have the same answer. */
function agree(questions: readonly Question[], reply: Reply): void {
  const answers = asked().answers(questions);
  const differences = questions.flatMap(({ args }, index) => {
    const go = said(answers[index]);
    const ours = saidBy(reply, args);
    return isDeepStrictEqual(ours, go) ? [] : [{ args, go, ours }];
  });
  assert.deepEqual(differences.slice(0, 5), [], `${differences.length} differences, seed ${seed}`);

  const counts = Map.groupBy(answers, (answer) => JSON.stringify(said(answer))).values();
  const most = Math.max(...Array.from(counts, ({ length }) => length));
  assert.ok(most < questions.length * 0.97, `${most} of ${questions.length} answers are the same`);
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
