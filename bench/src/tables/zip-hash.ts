// The hash of a kept zip of 50 MB: ours, against Go's own library.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, createWriteStream, fstatSync, openSync, readSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import {
  type ByteSource,
  checkModuleZip,
  hashZip,
  type ReadableModuleFile,
  writeModuleZip,
} from "@stoa/gomod/zip";
import { WorkerZipCheck } from "../../../proxy/src/adapters/worker-zip-check/worker-zip-check.ts";
import type { BenchRun, BenchTable } from "../bench-run.ts";
import { aimColumns, aimed, type MeasuredTable, type Row } from "../measured-table.ts";
import { moduleVersion } from "../module-tree.ts";
import { inTurns, median, ratios, spread } from "../samples.ts";
import { plainEnvironment } from "../servers/server-process.ts";

export const zipHash: BenchTable = { name: "zip-hash", needs: ["go"], measure };

const module = moduleVersion("example.com/large@v1.0.0");
const zipBytes = 50e6;
const execute = promisify(execFile);

/** One zip to be hashed. */
interface Zip {
  readonly content: string;
  readonly path: string;
  readonly sizeBytes: number;
}

/** Hashes the zip and tells how many seconds that took. */
interface Hasher {
  readonly name: string;
  hash(zip: Zip): Promise<{ readonly hash: string; readonly seconds: number }>;
}

async function measure(run: BenchRun): Promise<MeasuredTable> {
  run.say("making two zips of 50 MB");
  const zips = [
    await makeZip(run, "test data, which hardly compresses", randomFiles()),
    await makeZip(run, "source text", await textFiles()),
  ];
  await using go = await startGo(run);
  await using everyCore = new EveryCore();
  const ours = [
    hasherOf("hashZip", (source) => hashZip(source)),
    hasherOf("checkModuleZip", async (source) => (await checkModuleZip(source, module)).hash),
    everyCore.full,
    everyCore.remembered,
  ];
  const rows: Row[] = [];
  for (const zip of zips) {
    run.say(`hashing ${zip.content}`);
    rows.push(...(await measureZip(zip, ours, go, run)));
  }
  return {
    title: "The hash of a kept zip of 50 MB",
    columns,
    rows,
    notes: [
      "One zip at a time: it is hashed in one thread, while zlib unpacks what comes next in another. On every core: one zip for each, all together.",
      "stoa modules verify takes the SHA-256 of a file whose SHA-256 was recorded when it was kept; with --full, and where nothing was recorded, it is checkModuleZip. The aim of 400 MB/s counts for what is recorded.",
      "Go is archive/zip and crypto/sha256, used as golang.org/x/mod/sumdb/dirhash does, in one thread; checkModuleZip also checks every rule of module zips.",
      "Ratio: the median of the rounds' ratios of our rate to Go's.",
    ],
  };
}

const columns = [
  { key: "content", heading: "zip of" },
  { key: "by", heading: "by" },
  { key: "rounds", heading: "rounds" },
  { key: "rate", heading: "MB/s of zip" },
  { key: "goRate", heading: "Go MB/s" },
  { key: "ratio", heading: "ratio", digits: 2 },
  { key: "spread", heading: "lowest–highest" },
  ...aimColumns,
];

async function measureZip(
  zip: Zip,
  ours: readonly Hasher[],
  go: Hasher,
  run: BenchRun,
): Promise<readonly Row[]> {
  const hashes = new Set<string>();
  const rates = await inTurns([...ours, go], run.isQuick ? 3 : 9, async (hasher) => {
    run.signal.throwIfAborted();
    const { hash, seconds } = await hasher.hash(zip);
    hashes.add(hash);
    return zip.sizeBytes / 1e6 / seconds;
  });
  if (hashes.size !== 1) throw new Error(`not all agree on the hash: ${[...hashes].join(", ")}`);
  const theirs = rates.get(go) ?? [];
  return ours.map((hasher) => {
    const own = rates.get(hasher) ?? [];
    const perRound = ratios(own, theirs);
    return {
      content: zip.content,
      by: hasher.name,
      rounds: own.length,
      rate: median(own),
      goRate: median(theirs),
      ratio: median(perRound),
      spread: spread(perRound, 2),
      ...(hasher.name === rememberedName && aimed(median(own), "at least", 400)),
    };
  });
}

function hasherOf(name: string, hash: (source: ByteSource) => Promise<string>): Hasher {
  return {
    name,
    async hash({ path }) {
      const began = performance.now();
      const file = openSync(path, "r");
      try {
        const found = await hash(fileSource(file));
        return { hash: found, seconds: (performance.now() - began) / 1000 };
      } finally {
        closeSync(file);
      }
    },
  };
}

const rememberedName = "verify, every core";

/** As many zips at once as there are cores, as `stoa modules verify` reads them. */
class EveryCore implements AsyncDisposable {
  readonly #threads = availableParallelism();
  readonly #check = new WorkerZipCheck({ threads: this.#threads });
  readonly #never = new AbortController().signal;
  /** What the state would remember of each zip. */
  readonly #hashes = new Map<string, string>();

  readonly full: Hasher = {
    name: "verify --full, every core",
    hash: (zip) =>
      this.#together(async () => {
        const place = { kind: "file", path: zip.path } as const;
        const { hash, digest } = await this.#check.check(module, place, this.#never);
        this.#hashes.set(digest, hash);
        return hash;
      }),
  };

  readonly remembered: Hasher = {
    name: rememberedName,
    hash: (zip) =>
      this.#together(async () => {
        const place = { kind: "file", path: zip.path } as const;
        const digest = await this.#check.digest(module, place, this.#never);
        return this.#hashes.get(digest) ?? "nothing recorded";
      }),
  };

  async #together(hashOne: () => Promise<string>): ReturnType<Hasher["hash"]> {
    const began = performance.now();
    const found = await Promise.all(Array.from({ length: this.#threads }, hashOne));
    const seconds = (performance.now() - began) / 1000 / this.#threads;
    return { hash: [...new Set(found)].join(), seconds };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#check.close();
  }
}

function fileSource(file: number): ByteSource {
  return {
    size: fstatSync(file).size,
    read: (position, into) => readSync(file, into, 0, into.length, position),
  };
}

/** The program in Go, one thread of it, asked again and again. */
async function startGo(run: BenchRun): Promise<Hasher & AsyncDisposable> {
  run.say("building the program in Go");
  const program = join(run.folder, "go-hash-program");
  const cwd = join(import.meta.dirname, "..", "go-hash");
  const env = { ...plainEnvironment(), GOENV: "off", GOFLAGS: "-buildvcs=false", GOWORK: "off" };
  await execute("go", ["build", "-o", program, "."], { cwd, env, signal: run.signal });
  const child: ChildProcess = spawn(program, {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...env, GOMAXPROCS: "1" },
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error("the program in Go has no pipes");
  const lines = createInterface(stdout)[Symbol.asyncIterator]();
  return {
    name: "Go",
    async hash({ path }) {
      stdin.write(`${path}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error("the program in Go has ended");
      const [hash = "", seconds = ""] = String(value).split(" ");
      return { hash, seconds: Number(seconds) };
    },
    async [Symbol.asyncDispose]() {
      stdin.end();
      await ended;
    },
  };
}

async function makeZip(
  run: BenchRun,
  content: string,
  files: readonly ReadableModuleFile[],
): Promise<Zip> {
  const path = join(run.folder, `${content.split(/\W/)[0]}.zip`);
  await pipeline(writeModuleZip(module, files), createWriteStream(path));
  const file = openSync(path, "r");
  const sizeBytes = fstatSync(file).size;
  closeSync(file);
  return { content, path, sizeBytes };
}

const fileBytes = 1 << 20;

function randomFiles(): readonly ReadableModuleFile[] {
  return Array.from({ length: Math.ceil(zipBytes / fileBytes) }, (_, n) => {
    const content = new Uint8Array(fileBytes);
    for (let at = 0; at < fileBytes; at += 65536) {
      crypto.getRandomValues(content.subarray(at, at + 65536));
    }
    return fileOf(`data/f${n}.bin`, content);
  });
}

/** The bench's own library of source text: this repository's files, a little different each time. */
async function textFiles(): Promise<readonly ReadableModuleFile[]> {
  const sources = await Promise.all(
    ["module-tree.ts", "main.ts", "go-command.ts", "tables/cold-download.ts", "tables/memory.ts"]
      .map((name) => join(import.meta.dirname, "..", name))
      .map((path) => readFile(path, "utf8")),
  );
  // Text of this kind comes down to about a third.
  const wanted = zipBytes * 3;
  const files: ReadableModuleFile[] = [];
  for (let made = 0; made < wanted; ) {
    const n = files.length;
    const text = sources[n % sources.length]?.replaceAll(/[aeiou]/g, (letter, at: number) =>
      (at * (n + 1)) % 7 === 0 ? String.fromCharCode(97 + ((at + n) % 26)) : letter,
    );
    const content = Buffer.from(text ?? "");
    files.push(fileOf(`source/f${n}.go`, content));
    made += content.length;
  }
  return files;
}

function fileOf(path: string, content: Uint8Array): ReadableModuleFile {
  return { path, kind: "regular", sizeBytes: content.length, read: () => [content] };
}
