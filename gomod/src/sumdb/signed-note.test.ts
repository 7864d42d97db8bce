// Keys, notes, tree heads and records as texts.
import assert from "node:assert/strict";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { describe, test } from "node:test";
import { formatRecord, hashesIn, parseRecord } from "./checksum-record.ts";
import { parseDatabaseSetting, parseMirroredDatabase } from "./database-setting.ts";
import { openNote } from "./signed-note.ts";
import { formatTreeHead, parseTreeHead } from "./tree-head.ts";
import { parseVerifierKey, type VerifierKey } from "./verifier-key.ts";

/** The example of golang.org/x/mod/sumdb/note. */
const peterKey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const peterText =
  "If you think cryptography is the answer to your problem,\n" +
  "then you don't know what your problem is.\n";
const peterLine =
  "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const peterNote = `${peterText}\n${peterLine}`;

interface TestSigner {
  readonly key: VerifierKey;
  readonly text: string;
  line(text: string): string;
}

function signer(name: string): TestSigner {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const { x = "" } = publicKey.export({ format: "jwk" });
  const bytes = Buffer.concat([Buffer.from([1]), Buffer.from(x, "base64url")]);
  const keyHash = createHash("sha256").update(`${name}\n`).update(bytes).digest().subarray(0, 4);
  const text = `${name}+${keyHash.toString("hex")}+${bytes.toString("base64")}`;
  return {
    text,
    key: parseVerifierKey(text),
    line: (signed) =>
      `— ${name} ${Buffer.concat([keyHash, sign(undefined, Buffer.from(signed), privateKey)]).toString("base64")}\n`,
  };
}

function open(note: string, ...keys: readonly VerifierKey[]): ReturnType<typeof openNote> {
  return openNote(Buffer.from(note), keys);
}

describe("parseVerifierKey", () => {
  test("reads a key", () => {
    const key = parseVerifierKey(peterKey);
    assert.equal(key.name, "PeterNeumann");
    assert.equal(key.keyHash, 0xc74f20a3);
  });
  for (const [text, reason] of [
    ["", /name/],
    [peterKey.replace("PeterNeumann", ""), /name/],
    [peterKey.replace("Neumann", " Neumann"), /name/],
    [peterKey.replace("Neumann", "\u00a0Neumann"), /name/],
    [peterKey.replace("c74f20a3", "c74f20a"), /eight/],
    [peterKey.replace("c74f20a3", "c74f20ag"), /eight/],
    [peterKey.replace("c74f20a3", "c74f20a4"), /does not fit/],
    [peterKey.replace("Peter", "Paul"), /does not fit/],
    [peterKey.replace("10TW", "10T"), /base64/],
    [`${peterKey}+`, /base64/],
    ["PeterNeumann+c74f20a3+", /base64/],
  ] as const) {
    test(`refuses ${text.slice(0, 40)}: ${reason}`, () => {
      assert.throws(() => parseVerifierKey(text), { name: "InvalidText", message: reason });
    });
  }
});

describe("openNote", () => {
  const [one, two] = [signer("one.test"), signer("two.test/db")];
  const text = "first\n\nthird line\n";

  test("opens the example of Go's own package", () => {
    const note = open(peterNote, parseVerifierKey(peterKey));
    assert.equal(note.text, peterText);
    assert.deepEqual(
      note.signatures.map(({ name }) => name),
      ["PeterNeumann"],
    );
  });

  test("takes a text with blank lines, and tells known signatures from others", () => {
    const note = open(`${text}\n${two.line(text)}${one.line(text)}${one.line(text)}`, one.key);
    assert.equal(note.text, text);
    assert.deepEqual(
      note.signatures.map(({ name }) => name),
      ["one.test"],
    );
    assert.deepEqual(
      note.unverified.map(({ name }) => name),
      ["two.test/db"],
    );
  });

  const line = one.line(text);
  for (const [what, note, reason] of [
    ["a changed text", `${text.replace("first", "First")}\n${line}`, /is wrong/],
    ["another's signature under a known name", `${text}\n${one.line("other\n")}`, /is wrong/],
    ["nobody known", `${text}\n${two.line(text)}`, /no known key/],
    ["no signature", text, /cut off|dash/],
    ["no blank line", `x\n${line}`, /no signatures/],
    ["a last line cut off", `${text}\n${line.slice(0, -1)}`, /cut off/],
    ["a signature cut off", `${text}\n${line.slice(0, -9)}\n`, /base64|is wrong/],
    ["nothing below the blank line", "text\n\n", /cut off/],
    ["a line without a dash", `${text}\n${line.slice(2)}`, /no dash/],
    ["a minus for a dash", `${text}\n${line.replace("—", "-")}`, /no dash/],
    ["a name alone", `${text}\n— one.test\n`, /name and base64/],
    ["two spaces", `${text}\n${line.replace("test ", "test  ")}`, /name and base64/],
    ["a plus in the name", `${text}\n${line.replace("one.test", "one+test")}`, /name and base64/],
    ["a signature of four bytes", `${text}\n— one.test AAAAAA==\n`, /name and base64/],
    ["a carriage return", `${text}\r\n\n${line}`, /control/],
    ["a tab", `a\tb\n\n${one.line("a\tb\n")}`, /control/],
    ["101 signatures", `${text}\n${two.line(text).repeat(100)}${line}`, /more than 100/],
  ] as const) {
    test(`refuses ${what}`, () => {
      assert.throws(() => open(note, one.key), { name: "InvalidText", message: reason });
    });
  }

  test("refuses bytes that are not UTF-8", () => {
    const note = Buffer.concat([Buffer.from([0xff]), Buffer.from(`${text}\n${line}`)]);
    assert.throws(() => openNote(note, [one.key]), /not UTF-8/);
  });

  test("refuses to choose between two equal keys", () => {
    assert.throws(() => open(`${text}\n${line}`, one.key, parseVerifierKey(one.text)), /two known/);
  });
});

describe("tree heads", () => {
  const hash = "nND/nri/U0xuHUrYSy0HtMeal2vzD9V4k/BO79C+QeI=";
  test("are read and written alike", () => {
    const text = `go.sum database tree\n123456789012\n${hash}\n`;
    assert.equal(formatTreeHead(parseTreeHead(text)), text);
    assert.equal(parseTreeHead(`${text}for the future\n`).size, 123_456_789_012);
  });
  for (const text of [
    "",
    `go.sum database tree\n5\n${hash}`,
    `go.sum database tree\n-5\n${hash}\n`,
    `go.sum database tree\n+5\n${hash}\n`,
    `go.sum database tree\n05\n${hash}\n`,
    `go.sum database tree\n\n${hash}\n`,
    `go.sum database tree\n9223372036854775808\n${hash}\n`,
    `go.sum database tree\n5\n${hash.slice(4)}\n`,
    `go.sum database tree\n5\n${hash} \n`,
    `go.sum database trees\n5\n${hash}\n`,
    `go.sum database tree\n5\n${hash}\n${"x".repeat(1_000_000)}\n`,
  ]) {
    test(`${JSON.stringify(text.slice(0, 60))} is none`, () => {
      assert.throws(() => parseTreeHead(text), { name: "InvalidText" });
    });
  }
});

describe("records", () => {
  const text = "example.com/m v1.0.0 h1:zip=\nexample.com/m v1.0.0/go.mod h1:mod=\n";
  test("are taken apart", () => {
    const record = parseRecord(Buffer.from(`17\n${text}\ngo.sum database tree\n…`));
    assert.equal(record.id, 17);
    assert.equal(Buffer.from(record.text).toString(), text);
    assert.match(Buffer.from(record.rest).toString(), /^go\.sum/);
    assert.equal(Buffer.from(formatRecord(17, record.text)).toString(), `17\n${text}\n`);
    assert.deepEqual(hashesIn(record.text, { path: "example.com/m", version: "v1.0.0" }), {
      zip: ["h1:zip="],
      mod: ["h1:mod="],
    });
    const other = hashesIn(record.text, { path: "example.com/m", version: "v1.0" });
    assert.deepEqual(other, { zip: [], mod: [] });
  });
  for (const message of [
    "",
    "17",
    "17\n",
    `x\n${text}\n`,
    `-1\n${text}\n`,
    `17\n${text}`,
    "17\na\tb\n\n",
    "17\n\n",
  ]) {
    test(`${JSON.stringify(message.slice(0, 40))} is none`, () => {
      assert.throws(() => parseRecord(Buffer.from(message)), { name: "InvalidText" });
    });
  }
});

describe("GOSUMDB", () => {
  const { text: key } = signer("sum.test/db");
  const cases: readonly (readonly [text: string, name: string | undefined, url?: string])[] = [
    ["", "sum.golang.org"],
    ["sum.golang.org", "sum.golang.org"],
    ["sum.golang.org https://mirror.example/sum", "sum.golang.org", "https://mirror.example/sum"],
    ["sum.golang.google.cn", "sum.golang.org", "https://sum.golang.google.cn"],
    ["off", undefined],
    [key, "sum.test/db"],
    [` ${key}  http://127.0.0.1:1 `, "sum.test/db", "http://127.0.0.1:1"],
  ];
  for (const [text, name, url] of cases) {
    test(`${JSON.stringify(text.slice(0, 30))} means ${name ?? "none"}`, () => {
      const setting = parseDatabaseSetting(text);
      assert.deepEqual([setting?.name, setting?.url], [name, url]);
    });
  }
  for (const [text, reason] of [
    ["sum.example.com", /neither/],
    ["sum.golang.org https://a.example b", /more than/],
    ["sum.golang.org ftp://a.example", /no http/],
    [signer("../etc").text, /not a host/],
    [signer("a//b").text, /not a host/],
    [signer("a/").text, /not a host/],
  ] as const) {
    test(`${text.slice(0, 30)} is refused`, () => {
      assert.throws(() => parseDatabaseSetting(text), { name: "InvalidText", message: reason });
    });
  }

  test("a database to mirror may be a URL alone", () => {
    const read = (text: string): readonly unknown[] => {
      const { name, url } = parseMirroredDatabase(text);
      return [name, url];
    };
    const behind = "https://user:word@proxy.example/go/sumdb/sum.golang.org";
    assert.deepEqual(read("https://sum.golang.org"), ["sum.golang.org", undefined]);
    assert.deepEqual(read("https://sum.golang.org/"), ["sum.golang.org", undefined]);
    assert.deepEqual(read(`${key} https://sum.test/db`), ["sum.test/db", "https://sum.test/db"]);
    assert.deepEqual(read(behind), ["sum.golang.org", behind]);
    assert.deepEqual(read("https://sum.golang.google.cn"), [
      "sum.golang.org",
      "https://sum.golang.google.cn",
    ]);
    assert.throws(() => read("https://sum.example.com"), /key of sum\.example\.com is not known/);
    assert.throws(() => read("off"), /no database/);
  });
});
