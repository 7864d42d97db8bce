// Tests of log.ts.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { type LogOptions, type OpenLog, openLog } from "./log.ts";

const nowMs = (): number => Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const time = "2026-01-02T03:04:05.678Z";
const request = { method: "GET", path: "/a", status: 200, bytes: 12, ms: 1.5, id: "x-1" };

interface Captured {
  readonly log: OpenLog;
  text(): string;
  lines(): unknown[];
}

function capture(t: TestContext, options: Partial<LogOptions> = {}): Captured {
  let captured = "";
  const destination = {
    write: (text: string) => {
      captured += text;
    },
  };
  const log = openLog({ level: "debug", format: "json", destination, nowMs, ...options });
  t.after(() => log.close());
  const text = (): string => {
    log.flush();
    return captured;
  };
  return {
    log,
    text,
    lines: () =>
      text()
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
  };
}

for (const level of ["debug", "info", "warn", "error"] as const) {
  test(`openLog writes an event of level ${level} as JSON`, (t) => {
    const { log, text } = capture(t);
    log[level]("module stored", { module: "example.com/a", ms: 12 });
    assert.equal(
      text(),
      `{"level":"${level}","time":"${time}","msg":"module stored","module":"example.com/a","ms":12}\n`,
    );
  });
}

test("openLog writes gcp lines as Google Cloud reads them", (t) => {
  const { log, text } = capture(t, { format: "gcp" });
  log.warn("slow", { ms: 12 });
  assert.equal(text(), `{"severity":"WARNING","timestamp":"${time}","message":"slow","ms":12}\n`);
});

test("openLog writes plain lines for events and requests", (t) => {
  const { log, text } = capture(t, { format: "plain" });
  log.info("listening", { url: "http://localhost:3000" });
  log.request({ ...request, cache: "hit" });
  assert.equal(
    text(),
    `${time} INFO  listening url=http://localhost:3000\n` +
      `${time} INFO  GET /a 200 bytes=12 ms=1.5 id=x-1 cache=hit\n`,
  );
});

test("openLog colours plain lines only when told to, or on a terminal", (t) => {
  const plain = capture(t, { format: "plain" });
  plain.log.warn("slow");
  assert.ok(!plain.text().includes("\u001b"));
  const coloured = capture(t, { format: "plain", colour: true });
  coloured.log.warn("slow");
  assert.ok(coloured.text().includes("\u001b[33mWARN"));
});

test("openLog leaves out what is below its level", (t) => {
  const { log, lines } = capture(t, { level: "warn" });
  log.debug("no");
  log.info("no");
  log.request(request);
  log.warn("yes");
  assert.equal(lines().length, 1);
  assert.equal(log.isLevelEnabled("info"), false);
  assert.equal(log.isLevelEnabled("warn"), true);
});

for (const format of ["json", "plain"] as const) {
  test(`setLevel moves the level of a ${format} log, its children and its requests`, (t) => {
    const { log, text } = capture(t, { level: "warn", format });
    const child = log.child({ part: "a" });
    const alike = log.requestsLike({ method: "GET", path: "/b", status: 200, bytes: 1 });
    const writeAll = (): void => {
      log.info("event");
      child.info("event of a child");
      log.request(request);
      alike(1, "x-2");
    };
    writeAll();
    assert.equal(text(), "");
    log.setLevel("info");
    assert.equal(child.isLevelEnabled("info"), true);
    writeAll();
    assert.equal(text().trimEnd().split("\n").length, 4);
    log.setLevel("error");
    writeAll();
    assert.equal(text().trimEnd().split("\n").length, 4);
  });
}

test("openLog writes nothing when it is to be silent", (t) => {
  const { log, text } = capture(t, { level: "silent" });
  log.error("no");
  log.request(request);
  assert.equal(text(), "");
});

test("openLog keeps events and requests in order", (t) => {
  const { log, lines } = capture(t);
  log.info("first");
  log.request(request);
  log.info("last");
  assert.deepEqual(
    lines().map((line) => (line as { msg: string }).msg),
    ["first", "request", "last"],
  );
});

test("a child writes its fields into every event, and its own children theirs too", (t) => {
  const { log, lines } = capture(t);
  const child = log.child({ job: "seed", url: "https://u:p@h" }).child({ step: 2 });
  child.info("begun", { more: true });
  assert.deepEqual(lines(), [
    { level: "info", time, job: "seed", url: "https://***@h", step: 2, msg: "begun", more: true },
  ]);
});

test("openLog masks credentials in events, fields and failures", (t) => {
  const { log, text } = capture(t);
  const failure = new Error("GET https://user:hunter2@example.com failed");
  log.error("cannot reach https://user:hunter2@example.com", { failure, password: "hunter2" });
  assert.doesNotMatch(text(), /hunter2/);
  assert.match(text(), /https:\/\/\*\*\*@example\.com/);
});

test("openLog does not let fields take the place of what every line has", (t) => {
  const { log, lines } = capture(t);
  log.info("event", { msg: "other", time: 1, level: "none" });
  assert.deepEqual(lines(), [
    { level: "info", time, msg: "event", msg_: "other", time_: 1, level_: "none" },
  ]);
});

test("openLog writes whatever it is given, on one line", (t) => {
  const { log, lines, text } = capture(t);
  const loop: Record<string, unknown> = {};
  loop["self"] = loop;
  log.info('two\nlines "%s" %d', { loop, big: 1n, nothing: undefined, "a\nb": "c\nd" });
  assert.equal(text().split("\n").length, 2);
  assert.deepEqual(lines(), [
    {
      level: "info",
      time,
      msg: 'two\nlines "%s" %d',
      loop: { self: "(circular)" },
      big: "1",
      "a\nb": "c\nd",
    },
  ]);
});

test("openLog hands errors on at once", (t) => {
  const texts: string[] = [];
  const destination = { write: (text: string) => texts.push(text) };
  const { log } = capture(t, { destination });
  log.warn("later");
  assert.equal(texts.length, 0);
  log.error("now");
  assert.equal(texts.length, 1);
});

for (const format of ["json", "gcp", "plain"] as const) {
  test(`requestsLike writes the lines that request writes, as ${format}`, (t) => {
    const { ms, id, ...alike } = { ...request, module: "example.com/a", cache: "hit" };
    const one = capture(t, { format });
    one.log.request({ ...alike, ms, id });
    const other = capture(t, { format });
    other.log.requestsLike(alike)(ms, id);
    assert.equal(other.text(), one.text());
    assert.match(one.text(), /example\.com\/a/);
  });
}

test("requestsLike writes nothing where requests are not logged", (t) => {
  const { log, text } = capture(t, { level: "warn" });
  log.requestsLike(request)(1, "x");
  assert.equal(text(), "");
});
