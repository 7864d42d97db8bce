// The words of @stoa/gomod/sumdb, and its client, against Go's own golang.org/x/mod/sumdb.
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { after, describe, test } from "node:test";
import { InvalidText, parseModulePath, parseVersion } from "@stoa/gomod";
import {
  ChecksumClient,
  ForkedTree,
  formatRecord,
  formatTreeHead,
  type HashReader,
  nodeHash,
  openNote,
  parseRecord,
  parseTilePath,
  parseTreeHead,
  parseVerifierKey,
  proveRecord,
  provesRecord,
  provesTree,
  proveTree,
  recordHash,
  splitStoredHashIndex,
  storedHashCount,
  storedHashIndex,
  tileForIndex,
  UntrustedAnswer,
} from "@stoa/gomod/sumdb";
import {
  MutatedTexts,
  noteTexts,
  RandomNumbers,
  recordTexts,
  type TextMaterial,
  tilePathTexts,
  treeHeadTexts,
  verifierKeyTexts,
} from "@stoa/gomod/testing";
import { type Answer, buildOracle, Oracle, type Question } from "./gomod-oracle/oracle.ts";

/** Another seed or more rounds look further: FUZZ_SEED=7 FUZZ_ROUNDS=100000. */
const seed = Number(process.env["FUZZ_SEED"] ?? 1);
const rounds = Number(process.env["FUZZ_ROUNDS"] ?? 3000);

const built = buildOracle();
const skip = typeof built === "string" ? built : false;
after(() => built instanceof Oracle && built[Symbol.dispose]());

/** Beyond these the sums of doubles are not exact, and no database will ever be. */
const mostRecords = 2 ** 50;
const [key = ""] = verifierKeyTexts.corpus;

describe("the texts agree with golang.org/x/mod/sumdb", { skip }, () => {
  words("NewVerifier", verifierKeyTexts, (text) => {
    const verifier = parseVerifierKey(text);
    return [verifier.name, verifier.keyHash];
  });
  words("ParseTilePath", tilePathTexts, (text) => {
    const { height, level, n, width } = parseTilePath(text);
    return [height, level === "data" ? -1 : level, n, width];
  });
  files("OpenNote", noteTexts, [key], (bytes) => {
    const note = openNote(bytes, [parseVerifierKey(key)]);
    return [note.text, note.signatures.length, note.unverified.length];
  });
  files("ParseTree", treeHeadTexts, [], (bytes) => {
    const { size, hash } = parseTreeHead(Buffer.from(bytes).toString());
    return [size, base64(hash)];
  });
  files("ParseRecord", recordTexts, [], (bytes) => {
    const { id, text, rest } = parseRecord(bytes);
    return [id, base64(text), base64(rest)];
  });
});

describe("the arithmetic agrees with golang.org/x/mod/sumdb/tlog", { skip }, () => {
  const random = new RandomNumbers(seed);
  const numbers = Array.from({ length: rounds }, (_, index) =>
    index < 300 ? index : Math.floor(2 ** random.below(49) * (1 + random.below(1000) / 1000)),
  );
  test("StoredHashIndex", () =>
    same(
      "StoredHashIndex",
      numbers.map((n) => [random.below(3), n]),
      (level: number, n: number) => storedHashIndex(level, n),
    ));
  test("SplitStoredHashIndex", () =>
    same(
      "SplitStoredHashIndex",
      numbers.map((n) => [n]),
      (index: number) => {
        const { level, n } = splitStoredHashIndex(index);
        return [level, n];
      },
    ));
  test("StoredHashCount", () =>
    same(
      "StoredHashCount",
      numbers.map((n) => [n]),
      storedHashCount,
    ));
  test("TileForIndex", () =>
    same(
      "TileForIndex",
      numbers.map((n) => [1 + random.below(10), n]),
      (height: number, index: number) => {
        const tile = tileForIndex(height, index);
        return [tile.height, tile.level, tile.n, tile.width];
      },
    ));
});

describe("proofs agree with golang.org/x/mod/sumdb/tlog", { skip }, () => {
  test("CheckRecord and CheckTree", async () => {
    const random = new RandomNumbers(seed);
    const log = new TestLog(200, "plain");
    const asked = await Promise.all(
      Array.from({ length: Math.min(rounds, 1000) }, () => proofOf(log, random)),
    );
    const questions = asked.map(({ question }) => question);
    const ours = asked.map(({ ours: verdict }) => verdict);
    const theirs = oracle()
      .answers(questions)
      .map(({ error }) => error === undefined);
    assert.deepEqual(ours, theirs);
    assert.ok(ours.includes(true) && ours.includes(false));
  });
});

/** A proof, maybe spoilt, as a question to Go, and what we say to it. */
async function proofOf(
  log: TestLog,
  random: RandomNumbers,
): Promise<{ readonly question: Question; readonly ours: boolean }> {
  const size = 1 + random.below(200);
  const isRecord = random.below(2) === 0;
  const about = random.below(size) + (isRecord ? 0 : 1);
  const hash = isRecord ? log.leaf(about) : log.root(about);
  const prove = isRecord ? proveRecord : proveTree;
  const head = { size: random.below(8) === 0 ? size + 1 : size, hash: log.root(size) };
  const how = random.below(2 ** 30);
  const proof = spoilt(await prove(size, about, log), new RandomNumbers(how));
  const args = [proof.map(base64), head.size, base64(head.hash), about, base64(hash)];
  return isRecord
    ? { question: { op: "CheckRecord", args }, ours: provesRecord(proof, head, about, hash) }
    : { question: { op: "CheckTree", args }, ours: provesTree(proof, head, { size: about, hash }) };
}

describe("the client agrees with golang.org/x/mod/sumdb.Client", { skip }, () => {
  test("over honest, damaged and forked databases", async () => {
    const random = new RandomNumbers(seed);
    const logs = { plain: new TestLog(700, "plain"), other: new TestLog(700, "other") };
    const scenes = Array.from({ length: Math.min(rounds, 600) }, () => sceneOf(logs, random));
    const theirs = oracle()
      .answers(scenes.map((scene) => ({ op: "Lookup", args: argumentsOf(scene) })))
      .map((answer) => (answer.error === undefined ? answer.value : "refused"));
    const kinds = new Set<unknown>();
    for (const [index, scene] of scenes.entries()) {
      const ours = await outcome(scene);
      kinds.add(typeof ours === "string" ? ours : "found");
      // Where a kept tile is in the way Go sees an inconsistent tile; we look again, and see the other history.
      const isSeenThrough = ours === "forked" && scene.isOther && theirs[index] === "refused";
      if (!isSeenThrough) assert.deepEqual(ours, theirs[index], scene.title);
    }
    assert.deepEqual(kinds, new Set(["forked", "found", "refused"]));
  });
});

/** A client that knows a tree and its tiles, and a database that may be damaged or have another history. */
interface ClientScene {
  readonly title: string;
  readonly isOther: boolean;
  readonly key: string;
  readonly head: Uint8Array;
  readonly kept: ReadonlyMap<string, Uint8Array>;
  readonly answers: ReadonlyMap<string, Uint8Array>;
  readonly version: string;
}

function sceneOf(
  { plain, other }: { readonly plain: TestLog; readonly other: TestLog },
  random: RandomNumbers,
): ClientScene {
  const known = random.below(4) === 0 ? 0 : 1 + random.below(700);
  const size = 1 + random.below(700);
  const id = random.below(700);
  const isOther = random.below(6) === 0;
  const log = isOther ? other : plain;
  const truth = new Map([
    [`lookup/example.com/m@v0.${id}.0`, log.answer(id, size)],
    // A database that only grows still has the parts of tiles that it had.
    ...log.tiles(Math.max(known, size)),
    ...log.tiles(size),
  ]);
  return {
    title: `record ${id} in ${size} of ${isOther ? "another" : "the same"} history as ${known}`,
    isOther,
    key: plain.key,
    head: known === 0 ? new Uint8Array() : plain.note(known),
    kept: known === 0 ? new Map() : plain.tiles(known),
    answers: new Map([...truth].map(([path, bytes]) => [path, damage(bytes, random)])),
    version: `v0.${id}.0`,
  };
}

function argumentsOf({
  key: keyText,
  head,
  kept,
  answers,
  version,
}: ClientScene): readonly unknown[] {
  const files = (map: ReadonlyMap<string, Uint8Array>): Record<string, string> =>
    Object.fromEntries([...map].map(([path, bytes]) => [path, base64(bytes)]));
  return [keyText, base64(head), files(answers), "example.com/m", version, files(kept)];
}

/** What our client makes of it. */
async function outcome(scene: ClientScene): Promise<unknown> {
  let { head } = scene;
  const client = new ChecksumClient({
    key: parseVerifierKey(scene.key),
    readRemote: async (path) => {
      const answer = scene.answers.get(path);
      if (answer === undefined) throw new Error(`${path}: 404 Not Found`);
      return answer;
    },
    readKept: async (path) => scene.kept.get(path),
    keep: () => undefined,
    readHead: async () => (head.length === 0 ? undefined : head),
    keepHead: async (_, note) => {
      head = note;
    },
  });
  try {
    const module = { path: parseModulePath("example.com/m"), version: parseVersion(scene.version) };
    const { hashes } = await client.lookup(module);
    return [hashes.zip.length, hashes.mod.length, base64(head)];
  } catch (failure) {
    if (failure instanceof ForkedTree) return "forked";
    if (failure instanceof InvalidText || failure instanceof UntrustedAnswer) return "refused";
    if (failure instanceof Error && failure.message.endsWith("404 Not Found")) return "refused";
    throw failure;
  }
}

/** A whole database: records, hashes, signed trees. Two of another kind share nothing but the key. */
class TestLog implements HashReader {
  static readonly #pair = generateKeyPairSync("ed25519");
  static readonly #name = "sum.test/db";
  readonly #records: readonly Buffer[];
  readonly #nodes = new Map<string, Uint8Array>();

  constructor(size: number, kind: string) {
    this.#records = Array.from({ length: size }, (_, id) =>
      Buffer.from(
        `example.com/m v0.${id}.0 h1:${kind}=\nexample.com/m v0.${id}.0/go.mod h1:mod=\n`,
      ),
    );
  }

  get key(): string {
    const { publicKey } = TestLog.#pair;
    const { x = "" } = publicKey.export({ format: "jwk" });
    const bytes = Buffer.concat([Buffer.from([1]), Buffer.from(x, "base64url")]);
    return `${TestLog.#name}+${this.#keyHash(bytes).toString("hex")}+${bytes.toString("base64")}`;
  }

  leaf(id: number): Uint8Array {
    return recordHash(this.#records[id] ?? Buffer.from(""));
  }

  /** The hash over whole subtrees of the level. */
  #node(level: number, n: number): Uint8Array {
    const name = `${level} ${n}`;
    const known = this.#nodes.get(name);
    if (known !== undefined) return known;
    const node =
      level === 0
        ? this.leaf(n)
        : nodeHash(this.#node(level - 1, 2 * n), this.#node(level - 1, 2 * n + 1));
    this.#nodes.set(name, node);
    return node;
  }

  readHashes(indexes: readonly number[]): Promise<readonly Uint8Array[]> {
    return Promise.resolve(
      indexes.map((index) => {
        const { level, n } = splitStoredHashIndex(index);
        return this.#node(level, n);
      }),
    );
  }

  root(size: number): Uint8Array {
    let root: Uint8Array | undefined;
    let end = size;
    for (let level = 0; end > 0; level++, end = Math.floor(end / 2)) {
      if (end % 2 === 0) continue;
      const left = this.#node(level, end - 1);
      root = root === undefined ? left : nodeHash(left, root);
    }
    assert.ok(root);
    return root;
  }

  note(size: number): Uint8Array {
    const text = formatTreeHead({ size, hash: this.root(size) });
    const [, hash = ""] = this.key.split("+");
    const signature = Buffer.concat([
      Buffer.from(hash, "hex"),
      sign(undefined, Buffer.from(text), TestLog.#pair.privateKey),
    ]);
    return Buffer.from(`${text}\n— ${TestLog.#name} ${signature.toString("base64")}\n`);
  }

  /** The answer to the lookup of a record, with the signed tree of a size. */
  answer(id: number, size: number): Uint8Array {
    const record = formatRecord(id, this.#records[id] ?? Buffer.from(""));
    return Buffer.concat([record, this.note(size)]);
  }

  tiles(size: number): Map<string, Uint8Array> {
    const tiles = new Map<string, Uint8Array>();
    for (let level = 0; size >> (8 * level) > 0; level++) {
      const hashes = size >> (8 * level);
      for (let n = 0; n * 256 < hashes; n++) {
        const width = Math.min(256, hashes - n * 256);
        const bytes = Buffer.concat(
          Array.from({ length: width }, (_, index) => this.#node(8 * level, n * 256 + index)),
        );
        const name = `tile/8/${level}/${`${n}`.padStart(3, "0")}`;
        tiles.set(width === 256 ? name : `${name}.p/${width}`, bytes);
      }
    }
    return tiles;
  }

  #keyHash(bytes: Buffer): Buffer {
    return createHash("sha256").update(`${TestLog.#name}\n`).update(bytes).digest().subarray(0, 4);
  }
}

/** Most answers stay as they are; some are changed in a bit, cut, or lengthened. */
function damage(bytes: Uint8Array, random: RandomNumbers): Uint8Array {
  const changed = Buffer.from(bytes);
  switch (random.below(30)) {
    case 0: {
      const at = random.below(changed.length);
      changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8));
      return changed;
    }
    case 1:
      return changed.subarray(0, random.below(changed.length));
    case 2:
      return Buffer.concat([changed, Buffer.from("x")]);
    default:
      return bytes;
  }
}

/** Most proofs stay as they are. */
function spoilt(proof: readonly Uint8Array[], random: RandomNumbers): readonly Uint8Array[] {
  const at = random.below(proof.length + 1);
  switch (random.below(8)) {
    case 0:
      return proof.toSpliced(at, 1);
    case 1:
      return proof.toSpliced(at, 0, recordHash(Buffer.from("another")));
    case 2:
      return proof.toReversed();
    default:
      return proof;
  }
}

/** One text per question: every one of the corpus, then mutated ones. */
function words(op: string, material: TextMaterial, reply: (text: string) => unknown): void {
  test(op, () => {
    const texts = new MutatedTexts(seed, material);
    const mutated = Array.from({ length: rounds }, () => texts.next());
    same(
      op,
      [...material.corpus, ...mutated].map((text) => [text]),
      reply,
    );
  });
}

/** The same for bytes, some of which are no UTF-8. */
function files(
  op: string,
  material: TextMaterial,
  more: readonly unknown[],
  reply: (bytes: Uint8Array) => unknown,
): void {
  test(op, () => {
    const texts = new MutatedTexts(seed, material);
    const mutated = Array.from({ length: rounds }, () => {
      const bytes = Buffer.from(texts.next());
      if (texts.below(8) === 0) bytes[texts.below(bytes.length)] = 0x80 + texts.below(0x80);
      return bytes;
    });
    const corpus = material.corpus.map((text) => Buffer.from(text));
    same(
      op,
      [...corpus, ...mutated].map((bytes) => [base64(bytes), ...more]),
      (text: string) => reply(Buffer.from(text, "base64")),
    );
  });
}

type Reply = (...args: any[]) => unknown;

/** Asks both the same and shows the first difference. */
function same(op: string, questions: readonly (readonly unknown[])[], reply: Reply): void {
  const theirs = oracle().answers(questions.map((args) => ({ op, args })));
  let accepted = 0;
  for (const [index, args] of questions.entries()) {
    const expected = withinMeasure(op, theirs[index]);
    const actual = said(() => reply(...args));
    assert.deepEqual(actual, expected, `${op} ${JSON.stringify(args)}`);
    if (actual !== "refused") accepted += 1;
  }
  assert.ok(accepted > 0, "nothing was accepted");
}

/** What Go accepts and we refuse on purpose: numbers beyond all measure, and numbers below zero. */
function withinMeasure(op: string, answer: Answer | undefined): unknown {
  if (answer?.error !== undefined) return "refused";
  const numbers = [answer?.value].flat().filter((value) => typeof value === "number");
  const isBeyond = (n: number): boolean => n > mostRecords || (op !== "ParseTilePath" && n < 0);
  const [, level = 0, place = 0] = numbers;
  if (op === "ParseTilePath") {
    return level > 63 || place > Number.MAX_SAFE_INTEGER ? "refused" : answer?.value;
  }
  return op.startsWith("Parse") && numbers.some(isBeyond) ? "refused" : answer?.value;
}

function said(reply: () => unknown): unknown {
  try {
    return reply();
  } catch (failure) {
    if (failure instanceof InvalidText) return "refused";
    throw failure;
  }
}

function oracle(): Oracle {
  assert.ok(built instanceof Oracle);
  return built;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
