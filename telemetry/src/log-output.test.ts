// Tests of log-output.ts and file-sink.ts, on real files and pipes.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { type TestContext, test } from "node:test";
import { FileSink } from "./file-sink.ts";
import { LogOutput } from "./log-output.ts";

const flushAfterMs = 200;
const makePipe = "mkfifo";

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "stoa-log-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

/** Both ends of a pipe that does not block. */
function pipe(t: TestContext): { readonly reader: number; readonly writer: number } {
  const path = join(folder(t), "pipe");
  assert.equal(spawnSync(makePipe, [path]).status, 0);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  t.after(() => closeSync(writer));
  return { reader, writer };
}

function readAll(reader: number): string {
  const buffer = Buffer.alloc(1 << 20);
  let text = "";
  try {
    for (let count = 1; count > 0; ) {
      count = readSync(reader, buffer);
      text += buffer.toString("latin1", 0, count);
    }
  } catch (failure) {
    assert.equal((failure as NodeJS.ErrnoException).code, "EAGAIN");
  }
  return text;
}

class Gathering {
  readonly texts: string[] = [];
  write(text: string): void {
    this.texts.push(text);
  }
}

test("LogOutput gathers lines and hands them on when their time is over", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const sink = new Gathering();
  const output = new LogOutput(sink, flushAfterMs);
  t.after(() => output.close());
  output.write("a\n");
  t.mock.timers.tick(flushAfterMs - 1);
  output.write("b\n");
  assert.deepEqual(sink.texts, []);
  t.mock.timers.tick(1);
  assert.deepEqual(sink.texts, ["a\nb\n"]);
  t.mock.timers.tick(flushAfterMs);
  assert.deepEqual(sink.texts, ["a\nb\n"]);
});

test("LogOutput does not gather without bound", (t) => {
  const sink = new Gathering();
  const output = new LogOutput(sink, flushAfterMs);
  t.after(() => output.close());
  const line = `${"x".repeat(999)}\n`;
  for (let count = 0; count < 100; count += 1) output.write(line);
  assert.ok(sink.texts.length > 1);
  output.flush();
  assert.equal(sink.texts.join(""), line.repeat(100));
});

test("LogOutput hands on every line at once when told so", (t) => {
  const sink = new Gathering();
  const output = new LogOutput(sink, 0);
  t.after(() => output.close());
  output.write("a\n");
  assert.deepEqual(sink.texts, ["a\n"]);
});

test("LogOutput hands on the rest when closed, and nothing after", () => {
  const sink = new Gathering();
  const output = new LogOutput(sink, flushAfterMs);
  output.write("a\n");
  output.close();
  output.write("b\n");
  output.flush();
  output.close();
  assert.deepEqual(sink.texts, ["a\n"]);
});

test("LogOutput appends to a file and makes the folders above it", (t) => {
  const path = join(folder(t), "deep", "log");
  for (const text of ["one\n", "grün\n"]) {
    const output = new LogOutput(path, flushAfterMs);
    output.write(text);
    output.close();
  }
  assert.equal(readFileSync(path, "utf8"), "one\ngrün\n");
});

test("LogOutput refuses a file that cannot be opened", (t) => {
  assert.throws(() => new LogOutput(folder(t), flushAfterMs), /EISDIR/);
});

test("FileSink keeps what a full pipe does not take, in order", (t) => {
  const { reader, writer } = pipe(t);
  t.after(() => closeSync(reader));
  const failures: Error[] = [];
  const sink = new FileSink(writer, (failure) => failures.push(failure));
  const lines = Array.from({ length: 4_000 }, (_, at) => `line ${at} ${"x".repeat(90)}\n`);
  for (const line of lines) sink.write(line);
  assert.equal(sink.isBehind, true);
  let received = "";
  for (let round = 0; sink.isBehind && round < 100; round += 1) {
    received += readAll(reader);
    sink.retry();
  }
  received += readAll(reader);
  assert.equal(sink.isBehind, false);
  assert.equal(received, lines.join(""));
  assert.deepEqual(failures, []);
});

test("LogOutput tries a full pipe again by itself", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { reader, writer } = pipe(t);
  const output = new LogOutput(writer, flushAfterMs);
  const text = `${"x".repeat(199_999)}\n`;
  output.write(text);
  let received = "";
  for (let round = 0; received.length < text.length && round < 100; round += 1) {
    received += readAll(reader);
    t.mock.timers.tick(flushAfterMs);
  }
  assert.equal(received, text);
  closeSync(reader);
});

test("FileSink loses what nobody reads, and says so once", (t) => {
  const { reader, writer } = pipe(t);
  t.after(() => closeSync(reader));
  const failures: Error[] = [];
  const sink = new FileSink(writer, (failure) => failures.push(failure));
  const megabyte = "x".repeat(1 << 20);
  for (let count = 0; count < 40; count += 1) sink.write(megabyte);
  assert.deepEqual(failures.map(String), ["Error: the log is not being read: lines are lost"]);
  for (let round = 0; sink.isBehind && round < 10_000; round += 1) {
    readAll(reader);
    sink.retry();
  }
  readAll(reader);
  sink.write("on again\n");
  assert.equal(readAll(reader), "on again\n");
});

test("FileSink goes on when the reader of its pipe has gone", (t) => {
  const { reader, writer } = pipe(t);
  const failures: NodeJS.ErrnoException[] = [];
  const sink = new FileSink(writer, (failure) => failures.push(failure));
  closeSync(reader);
  sink.write("a\n");
  sink.write("b\n");
  sink.retryPatiently();
  assert.deepEqual(
    failures.map(({ code }) => code),
    ["EPIPE"],
  );
  assert.equal(sink.isBehind, false);
});

test("FileSink goes on when the disk is full, says so once, and does not hang at the end", {
  skip: existsSync("/dev/full") ? false : "there is no /dev/full here",
}, () => {
  const failures: NodeJS.ErrnoException[] = [];
  const sink = new FileSink("/dev/full", (failure) => failures.push(failure));
  sink.write("a\n");
  sink.write("b\n");
  sink.retryPatiently();
  assert.deepEqual(
    failures.map(({ code }) => code),
    ["ENOSPC"],
  );
  sink.close();
});

const endings: readonly (readonly [name: string, code: string, status: number])[] = [
  ["returns", "", 0],
  ["calls process.exit", "process.exit(3);", 3],
  ["fails", "throw new Error('unexpected');", 1],
];

for (const [name, code, status] of endings) {
  test(`no line is lost when the program ${name}`, () => {
    const program = `
      import { openLog } from ${JSON.stringify(new URL("./log.ts", import.meta.url).href)};
      const log = openLog({ level: "info", format: "json" });
      for (let at = 0; at < 5000; at += 1) {
        log.request({ method: "GET", path: "/" + at, status: 200, bytes: 1, ms: 1, id: "x" });
      }
      log.info("last");
      ${code}`;
    const ended = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
      encoding: "utf8",
      maxBuffer: 16 << 20,
    });
    assert.equal(ended.status, status);
    const lines = ended.stdout.trimEnd().split("\n");
    assert.equal(lines.length, 5001);
    assert.deepEqual(
      lines.slice(0, -1).map((line) => JSON.parse(line).path),
      Array.from({ length: 5000 }, (_, at) => `/${at}`),
    );
    assert.equal(JSON.parse(lines.at(-1) ?? "").msg, "last");
  });
}
