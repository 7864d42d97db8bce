// Module zips and hashes of @stoa/gomod against Go's own golang.org/x/mod, over thousands of archives and file lists.
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { after, describe, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { constants, deflateRawSync } from "node:zlib";
import { checkFilePath, foldKey, hashFiles, hashGoMod, InvalidText } from "@stoa/gomod";
import {
  type CorpusZip,
  corpusModule,
  forgeZip,
  MutatedZips,
  RandomNumbers,
  zipCorpus,
} from "@stoa/gomod/testing";
import {
  checkModuleZip,
  hashZip,
  type ModuleFile,
  memorySource,
  selectModuleFiles,
  writeModuleZip,
} from "@stoa/gomod/zip";
import { type Answer, buildOracle, Oracle, type Question } from "./gomod-oracle/oracle.ts";

/** Another seed or more rounds look further: FUZZ_SEED=7 FUZZ_ROUNDS=100000. */
const seed = Number(process.env["FUZZ_SEED"] ?? 1);
const rounds = Number(process.env["FUZZ_ROUNDS"] ?? 3000);

const { Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE } = constants;

const built = buildOracle();
const skip = typeof built === "string" ? built : false;
after(() => built instanceof Oracle && built[Symbol.dispose]());

describe("archives agree with golang.org/x/mod/zip and dirhash", { skip }, () => {
  test("those of the corpus, but for those refused on purpose", async () => {
    const corpus = zipCorpus();
    const { strict } = await compareZips(corpus);
    assert.deepEqual(strict, [
      "other local name",
      "other local method",
      "other local checksum",
      "other local size",
      "reaching into the next",
      "reaching into the directory",
      "reaching behind the archive",
      "zip64 packed size beyond 2**63",
      "zip64 packed size just below 2**63",
      "unreadable directory hidden by another",
      "directory with content hidden by another",
    ]);
  });

  test("damaged ones", async () => {
    const [first, ...others] = zipCorpus().map(({ bytes }) => bytes);
    const zips = new MutatedZips(seed, [first as Buffer, ...others]);
    const { accepted } = await compareZips(
      Array.from({ length: rounds }, (_, round) => ({
        title: `seed ${seed}, round ${round}`,
        bytes: zips.next(),
      })),
    );
    assert.ok(accepted > rounds / 100, `only ${accepted} of ${rounds} archives were accepted`);
  });

  test("those with damaged data and no checksum, in which zlib is alone with Go's compress/flate", async () => {
    const random = new RandomNumbers(seed);
    const zips = Array.from({ length: rounds }, (_, round) => {
      const content = Buffer.from("to be, or not to be".repeat(1 + random.below(9)));
      const data = deflateRawSync(content, {
        level: random.below(10),
        strategy: random.oneOf([Z_DEFAULT_STRATEGY, Z_HUFFMAN_ONLY, Z_FIXED, Z_RLE] as const),
      });
      for (let left = random.below(3); left > 0; left--) {
        const place = random.below(Math.min(data.length, 1 + random.below(100)));
        data[place] = (data[place] ?? 0) ^ (1 << random.below(8));
      }
      const unchecked = { crc32: 0 };
      const name = "example.com/a@v1.0.0/a";
      const entry = { name, content, data, local: unchecked, directory: unchecked };
      return { title: `seed ${seed}, round ${round}`, bytes: forgeZip([entry]) };
    });
    const { accepted } = await compareZips(zips);
    assert.ok(accepted > rounds / 10, `only ${accepted} of ${rounds} archives were accepted`);
  });

  test("those of more entries than 16 bits can count", async () => {
    const entries = Array.from({ length: 70_000 }, (_, number) => ({
      name: `example.com/a@v1.0.0/${number % 700}/${number}`,
      method: "stored" as const,
    }));
    for (const zip64 of [true, false]) {
      const bytes = forgeZip(entries, { zip64 });
      const [expected] = values([{ op: "HashZip", args: [bytes.toString("base64")] }]);
      assert.equal(await hashZip(memorySource(bytes)), expected);
      assert.equal(await checkedHash(bytes), expected);
    }
  });
});

/** What Go says about an archive: why a function refuses it, or "". */
interface ZipVerdict {
  readonly checkZip: string;
  readonly unzip: string;
  readonly hashZip: string;
  readonly hash: string;
}

/**
 * What `checkModuleZip` refuses on purpose although Go accepts it: what other programs could read otherwise, and entries
 * for directories that cannot be read, at which Go does not look if another one of the same name follows.
 */
const deliberate =
  /its local header has another |it overlaps another entry|it overlaps the directory|\/": its data is not where |\/": it is a directory with content/;
/** Where a file system is more to blame than the archive. */
const systemLimits = /file name too long/;

/** Fails where the two do not agree. Gives how many archives both accept, and the titles of those that only Go does. */
async function compareZips(
  zips: readonly CorpusZip[],
): Promise<{ accepted: number; strict: string[] }> {
  const { path, version } = corpusModule;
  const verdicts = values(
    zips.map(({ bytes }) => ({ op: "ReadZip", args: [path, version, bytes.toString("base64")] })),
  ) as readonly ZipVerdict[];

  let accepted = 0;
  const strict: string[] = [];
  const differences: unknown[] = [];
  for (const [index, { title, bytes }] of zips.entries()) {
    const go = verdicts[index] as ZipVerdict;
    const hashed = await attempt(() => hashZip(memorySource(bytes)));
    const checked = await attempt(() => checkedHash(bytes));
    const expected = goHash(go);
    const isStrict = expected !== undefined && deliberate.test(checked.refusal ?? "");
    if (isStrict) strict.push(title);
    else if (expected !== undefined) accepted++;
    const agrees = hashed.value === hashAlone(go) && (isStrict || checked.value === expected);
    if (!agrees) differences.push({ title, go, hashed, checked, zip: bytes.toString("base64") });
  }
  assert.deepEqual(differences.slice(0, 3), [], `${differences.length} differences`);
  return { accepted, strict };
}

async function checkedHash(zip: Uint8Array): Promise<string> {
  const { hash } = await checkModuleZip(memorySource(zip), corpusModule);
  return hash;
}

/** The hash if all of Go accepts the archive. */
function goHash(go: ZipVerdict): string | undefined {
  const isUnpacked = go.unzip === "" || systemLimits.test(go.unzip);
  return go.checkZip === "" && isUnpacked ? hashAlone(go) : undefined;
}

/** The hash if Go can hash the archive, be it a module zip or not. */
function hashAlone(go: ZipVerdict): string | undefined {
  return go.hashZip === "" ? go.hash : undefined;
}

interface Attempt {
  readonly value?: string;
  readonly refusal?: string;
}

async function attempt(action: () => Promise<string>): Promise<Attempt> {
  try {
    return { value: await action() };
  } catch (failure) {
    if (failure instanceof InvalidText) return { refusal: failure.message };
    throw failure;
  }
}

describe("file lists agree with golang.org/x/mod/zip", { skip }, () => {
  test("CheckFiles", () => {
    const lists = new FileLists(seed);
    const differences: unknown[] = [];
    const cases = Array.from({ length: rounds }, () => lists.next());
    const verdicts = values(cases.map((files) => ({ op: "CheckFiles", args: [files] })));
    for (const [index, files] of cases.entries()) {
      const selection = selectModuleFiles(files, goModOf(files));
      const ours = {
        keep: selection.keep.map(({ path }) => path),
        omitted: selection.omitted.map(({ path }) => path),
        invalid: selection.invalid.map(({ path }) => path),
        isTooLarge: selection.isTooLarge,
      };
      const go = verdicts[index];
      if (!isDeepStrictEqual(ours, go)) differences.push({ files, go, ours });
    }
    assert.deepEqual(differences.slice(0, 3), [], `${differences.length} differences`);
  });

  test("Create", async () => {
    const lists = new FileLists(seed);
    const cases = Array.from({ length: rounds / 3 }, () => lists.next().map(asAnnounced));
    const answers = asked().answers(
      cases.map((files) => ({ op: "CreateZip", args: ["example.com/a", "v1.0.0", files] })),
    );
    const differences: unknown[] = [];
    let created = 0;
    for (const [index, files] of cases.entries()) {
      const ours = await attempt(async () => {
        const readable = files.map((file) => ({
          ...file,
          read: () => [Buffer.from(file.content, "base64")],
        }));
        const chunks = await Array.fromAsync(writeModuleZip(corpusModule, readable));
        return hashZip(memorySource(Buffer.concat(chunks)));
      });
      if (ours.value !== undefined) created++;
      const go = answers[index];
      if (ours.value !== valueIn(go)) differences.push({ files, go, ours });
    }
    assert.deepEqual(differences.slice(0, 3), [], `${differences.length} differences`);
    assert.ok(created > cases.length / 10, `only ${created} of ${cases.length} zips were created`);
  });
});

/** A file as the Go program takes it. */
interface SourceFile extends ModuleFile {
  /** In base64. */
  readonly content: string;
}

const goMods = [
  "",
  "module example.com/a\n",
  "go 1.23\n",
  "go 1.24\n",
  "go 1.24rc1\n",
  "go 1.25.0rc1\n",
  "go 1.25rc01\n",
  "go v1.30-x\n",
  "go 2.1\n",
  "go 1.24\nrequire x\n",
  "go 1.24\nrequire example.com/b v1.0\n",
  "go 1.24\n)\n",
  "go (\n1.24\n)\n",
  "\ufeffgo 1.24\n",
  "go 1.24\r\n",
  "go 1.24 // comment\n",
  'go "1.24"\n',
] as const;

const elements = [
  "a",
  "a",
  "b.go",
  "pkg",
  "long-directory",
  "A",
  "vendor",
  "vendor",
  "Vendor",
  "modules.txt",
  "go.mod",
  "go.mod",
  "GO.mod",
  "LICENSE",
  "license",
  ".hg_archival.txt",
  ".git",
  "s",
  "ſ",
  "ß",
  "ẞ",
  "ä b",
] as const;
const oddElements = [
  "",
  ".",
  "..",
  "x:y",
  "con",
  "NUL.go",
  "e\u0301",
  "*",
  "a.",
  "\u1c89",
] as const;
const kinds = ["directory", "symlink", "irregular"] as const;
const sizes = [0, 2 ** 24, 2 ** 24 + 1, 2 ** 28, 500 * 2 ** 20, 500 * 2 ** 20 + 1, -1] as const;

/** An endless supply of lists of files. The same seed gives the same lists. */
class FileLists {
  readonly #random: RandomNumbers;

  constructor(seed: number) {
    this.#random = new RandomNumbers(seed);
  }

  next(): readonly SourceFile[] {
    const random = this.#random;
    const goMod = random.oneOf(goMods);
    const isOdd = random.below(3) === 0;
    const files = Array.from({ length: random.below(10) }, () => this.#file(goMod, isOdd));
    return random.below(2) === 0 ? files : [file("go.mod", goMod), ...files];
  }

  #file(goMod: string, isOdd: boolean): SourceFile {
    const random = this.#random;
    const depth = 1 + random.below(4);
    const path = Array.from({ length: depth }, () =>
      isOdd && random.below(8) === 0 ? random.oneOf(oddElements) : random.oneOf(elements),
    ).join("/");
    const made = file(path, path.toLowerCase().endsWith("go.mod") ? goMod : path);
    if (!isOdd || random.below(4) > 0) return made;
    return random.below(2)
      ? { ...made, kind: random.oneOf(kinds) }
      : { ...made, sizeBytes: random.oneOf(sizes) };
  }
}

function file(path: string, text: string): SourceFile {
  const content = Buffer.from(text);
  return { path, kind: "regular", sizeBytes: content.length, content: content.toString("base64") };
}

/** With its true size: Go does not mind files that turn out smaller, we do. */
function asAnnounced(made: SourceFile): SourceFile {
  return { ...made, sizeBytes: Buffer.from(made.content, "base64").length };
}

/** What Go reads as the root go.mod of a list. */
function goModOf(files: readonly SourceFile[]): Uint8Array | undefined {
  const found = files.findLast(({ path, kind }) => path === "go.mod" && kind === "regular");
  return found && Buffer.from(found.content, "base64");
}

describe("hashes agree with golang.org/x/mod/sumdb/dirhash", { skip }, () => {
  const random = new RandomNumbers(seed);
  const letters = [
    "a",
    "B",
    "/",
    "\ufb01",
    "\u{10400}",
    "\ue000",
    "é",
    "~",
    "\n",
    "\u0080",
  ] as const;
  const text = () => Array.from({ length: random.below(6) }, () => random.oneOf(letters)).join("");

  test("of files", async () => {
    const cases = Array.from({ length: rounds }, () => [
      ...new Set(Array.from({ length: random.below(20) }, text)),
    ]);
    const base64 = (name: string) => Buffer.from(name).toString("base64");
    const answers = asked().answers(
      cases.map((names) => ({
        op: "HashFiles",
        args: [names.map((name) => ({ Name: base64(name), Content: base64(name) }))],
      })),
    );
    for (const [index, names] of cases.entries()) {
      const sha256 = (name: string) => hash("sha256", name, "hex");
      const ours = await attempt(async () =>
        hashFiles(names.map((name) => ({ name, sha256: sha256(name) }))),
      );
      assert.equal(ours.value, valueIn(answers[index]), JSON.stringify(names));
    }
  });

  test("of go.mod files", () => {
    for (const goMod of goMods) {
      const Content = Buffer.from(goMod).toString("base64");
      const Name = Buffer.from("go.mod").toString("base64");
      const [expected] = values([{ op: "HashFiles", args: [[{ Name, Content }]] }]);
      assert.equal(hashGoMod(Buffer.from(goMod)), expected);
    }
  });
});

describe("all of Unicode agrees with Go", { skip }, () => {
  const characters = Array.from({ length: 0x110000 }, (_, code) => code).filter(
    (code) => code < 0xd800 || code > 0xdfff,
  );

  test("letters in file names", (t) => {
    if (goUnicode() !== "15.0.0") return t.skip(`this Go has Unicode ${goUnicode()}, not 15.0.0`);
    const isLetter = new Set(
      pairs("LetterRuns").flatMap(([first, last]) =>
        Array.from({ length: last - first + 1 }, (_, index) => first + index),
      ),
    );
    const differences = characters.filter(
      (code) => code > 0x7f && isAllowed(String.fromCodePoint(code)) !== isLetter.has(code),
    );
    assert.deepEqual(differences.slice(0, 10).map(hexadecimal), []);
  });

  test("simple folding", (t) => {
    if (goUnicode() !== "15.0.0") return t.skip(`this Go has Unicode ${goUnicode()}, not 15.0.0`);
    const smallest = new Map(pairs("FoldPairs"));
    const keys = new Map<string, number>();
    const differences: string[] = [];
    for (const code of characters) {
      const key = foldKey(String.fromCodePoint(code));
      const expected = smallest.get(code) ?? code;
      // The smallest of its kind comes first, so it is there when the others come.
      const first = keys.get(key);
      if (first === undefined) keys.set(key, code);
      if ((first ?? code) !== expected) differences.push(hexadecimal(code));
    }
    assert.deepEqual(differences.slice(0, 10), []);
  });
});

/** The list of characters that Go does not know yet is made for one version. */
function goUnicode(): unknown {
  return values([{ op: "UnicodeVersion", args: [] }])[0];
}

function isAllowed(path: string): boolean {
  try {
    checkFilePath(path);
    return true;
  } catch {
    return false;
  }
}

function hexadecimal(code: number): string {
  return `U+${code.toString(16)}`;
}

function pairs(op: string): readonly [number, number][] {
  return values([{ op, args: [] }])[0] as readonly [number, number][];
}

function values(questions: readonly Question[]): readonly unknown[] {
  return asked()
    .answers(questions)
    .map((answer) => {
      if (answer.error !== undefined) throw new Error(answer.error);
      return answer.value;
    });
}

/** `undefined` where Go refuses. */
function valueIn(answer: Answer | undefined): unknown {
  return answer?.error === undefined ? answer?.value : undefined;
}

function asked(): Oracle {
  if (built instanceof Oracle) return built;
  throw new Error(built);
}
