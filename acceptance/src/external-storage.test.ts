// Athens' protocol for external storage, spoken to Stoa just as Athens' own client speaks it.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { unescapeVersion } from "@stoa/gomod";
import { type ModuleFixture, moduleFixture } from "@stoa/gomod/testing";
import { until } from "./testing/bounded-wait.ts";
import { ask, type HttpAnswer } from "./testing/http-answer.ts";
import { filePath, largeModule, smallModule } from "./testing/proxied-modules.ts";
import { type StoaProcess, startStoa } from "./testing/stoa-process.ts";
import { isWhole, versionsIn } from "./testing/stored-versions.ts";

const token = "letmein-7";
const basic = `Basic ${Buffer.from(`athens:${token}`).toString("base64")}`;
const settings = {
  STOA_EXTERNAL_STORAGE_PATH: "/storage",
  STOA_EXTERNAL_STORAGE_TOKEN: token,
};

/** A part of the form: its field, which is its file name too, and its bytes. */
type Part = readonly [field: string, bytes: Uint8Array];

function partsOf({ info, mod, zip }: ModuleFixture): readonly Part[] {
  return [
    ["mod.info", info],
    ["mod.mod", mod],
    ["mod.zip", zip],
  ];
}

interface SaveOptions {
  readonly parts?: readonly Part[];
  readonly authorization?: string | undefined;
  readonly version?: string;
  /** Ends the connection after so many bytes of the body. */
  readonly cutAfter?: number;
  readonly prefix?: string;
}

/** The path below the base: the module escaped, the version raw. */
function versionPath({ module }: ModuleFixture, word: string, version = module.version): string {
  const path = module.path.replace(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`);
  return `${path}/@v/${version}.${word}`;
}

/**
 * POSTs a form as Go's mime/multipart writes it: a boundary of 60 hexadecimal digits, three files in chunks of 32 KiB,
 * without a length. Rejects if the connection breaks.
 */
async function save(
  stoa: StoaProcess,
  fixture: ModuleFixture,
  options: SaveOptions = {},
): Promise<{ readonly status: number; readonly text: string }> {
  const { parts = partsOf(fixture), version, cutAfter, prefix = "/storage" } = options;
  const boundary = randomBytes(30).toString("hex");
  const pieces = parts.flatMap(([field, bytes], index) => [
    Buffer.from(
      `${index === 0 ? "" : "\r\n"}--${boundary}\r\nContent-Disposition: form-data; name="${field}"; filename="${field}"\r\n` +
        "Content-Type: application/octet-stream\r\n\r\n",
    ),
    Buffer.from(bytes),
  ]);
  const body = Buffer.concat([...pieces, Buffer.from(`\r\n--${boundary}--\r\n`)]);
  const authorization = "authorization" in options ? options.authorization : basic;
  const { hostname, port } = new URL(stoa.url);
  const asked = request({
    hostname,
    port,
    method: "POST",
    path: `${prefix}/${versionPath(fixture, "save", version as typeof fixture.module.version)}`,
    agent: false,
    headers: {
      "user-agent": "Go-http-client/1.1",
      "transfer-encoding": "chunked",
      "content-type": `multipart/form-data; boundary=${boundary}`,
      ...(authorization === undefined ? {} : { authorization }),
    },
  });
  const answered = once(asked, "response");
  answered.catch(() => undefined);
  for (let at = 0; at < body.length; at += 32_768) {
    if (cutAfter !== undefined && at >= cutAfter) {
      asked.destroy(new Error("cut"));
      break;
    }
    if (!asked.write(body.subarray(at, at + 32_768))) {
      await Promise.race([once(asked, "drain"), answered]);
    }
  }
  if (cutAfter === undefined) asked.end();
  const [response] = await answered;
  return { status: response.statusCode, text: await text(response) };
}

function read(stoa: StoaProcess, path: string, method = "GET"): Promise<HttpAnswer> {
  return ask(`${stoa.url}/storage/${path}`, { method, headers: { authorization: basic } });
}

describe("an Athens with ATHENS_STORAGE_TYPE=external", () => {
  let stoa: StoaProcess;
  before(async () => {
    stoa = await startStoa({ goproxy: "off", env: settings });
  });
  after(() => stoa[Symbol.asyncDispose]());

  test("saves, and finds again what it has saved, in both places", async () => {
    const fixture = await smallModule("github.com/ACME/Loud", "v1.0.0-RC1");
    const list = "github.com/!a!c!m!e/!loud/@v/list";
    assert.deepEqual((await read(stoa, list)).text, "");
    assert.equal((await read(stoa, versionPath(fixture, "info"))).status, 404);

    assert.deepEqual(await save(stoa, fixture), { status: 200, text: "" });
    assert.equal((await read(stoa, list)).text, "v1.0.0-RC1\n");
    for (const kind of ["info", "mod", "zip"] as const) {
      const answer = await read(stoa, versionPath(fixture, kind));
      assert.equal(answer.status, 200);
      assert.equal(answer.headers["content-length"], `${fixture[kind].length}`);
      assert.deepEqual(answer.body, Buffer.from(fixture[kind]));
      const { body } = await ask(`${stoa.url}${filePath(fixture, kind)}`);
      assert.deepEqual(body, Buffer.from(fixture[kind]));
    }
    const index = await ask(`${stoa.url}/index`);
    assert.match(index.text, /"Path":"github.com\/ACME\/Loud","Version":"v1.0.0-RC1"/);
  });

  test("understands versions that are escaped as well", async () => {
    const fixture = await smallModule("example.com/esc", "v1.0.0-RC1");
    const version = "v1.0.0-!r!c1";
    assert.equal(unescapeVersion(version), "v1.0.0-RC1");
    assert.equal((await save(stoa, fixture, { version })).status, 200);
    assert.equal((await read(stoa, "example.com/esc/@v/v1.0.0-!r!c1.mod")).status, 200);
  });

  test("may save a zip of many megabytes, with a plus in its version", async () => {
    const fixture = await largeModule("example.com/large", "v2.0.0+incompatible", 12 << 20);
    const bare = { ...fixture, mod: Buffer.from("module example.com/large\n") };
    assert.deepEqual(await save(stoa, bare), { status: 200, text: "" });
    const { body } = await read(stoa, versionPath(fixture, "zip"));
    assert.equal(sha(body), sha(fixture.zip));
  });

  test("may save the same again, also packed by another program, but nothing else", async () => {
    const fixture = await smallModule("example.com/again", "v1.0.0");
    assert.equal((await save(stoa, fixture)).status, 200);
    assert.equal((await save(stoa, fixture)).status, 200);

    const packed = { ...fixture, zip: repacked(fixture.zip) };
    assert.notDeepEqual(Buffer.from(packed.zip), Buffer.from(fixture.zip));
    assert.deepEqual(await save(stoa, packed), { status: 200, text: "" });

    const other = await moduleFixture(
      "module example.com/again@v1.0.0\n-- go.mod --\nmodule example.com/again\n\ngo 1.18\n-- a.go --\npackage a\n",
    );
    const refused = await save(stoa, other);
    assert.equal(refused.status, 409, refused.text);
    assert.match(refused.text, /^altered module: example.com\/again@v1.0.0: .+\n$/);
    const { body } = await read(stoa, versionPath(fixture, "zip"));
    assert.deepEqual(body, Buffer.from(fixture.zip));
  });

  const bad: readonly (readonly [
    what: string,
    spoil: (fixture: ModuleFixture) => SaveOptions,
    status: number,
  ])[] = [
    ["no zip", (fixture) => ({ parts: partsOf(fixture).slice(0, 2) }), 400],
    ["no parts at all", () => ({ parts: [] }), 400],
    ["its mod twice", (f) => ({ parts: [...partsOf(f), ["mod.mod", f.mod]] }), 400],
    ["a zip that is none", (f) => ({ parts: partsOf({ ...f, zip: Buffer.from("zip") }) }), 422],
    ["a mod that is not the zip's", (f) => ({ parts: partsOf({ ...f, mod: f.info }) }), 422],
    [
      "the info of another version",
      (f) => ({ parts: partsOf({ ...f, info: Buffer.from('{"Version":"v1.0.1"}') }) }),
      422,
    ],
    [
      "a mod of 17 MiB",
      (f) => ({ parts: partsOf({ ...f, mod: Buffer.alloc(17 << 20, " ") }) }),
      400,
    ],
    ["a version that is none", () => ({ version: "main" }), 400],
    ["a version of another major", () => ({ version: "v3.0.0" }), 400],
  ];
  for (const [index, [what, spoil, status]] of bad.entries()) {
    test(`is told so, and nothing is kept, when it saves with ${what}`, async () => {
      const fixture = await smallModule(`example.com/bad${index}`, "v1.0.0");
      const answer = await save(stoa, fixture, spoil(fixture));
      assert.equal(answer.status, status, answer.text);
      assert.match(answer.text, /^[a-z ]+: .+\n$/);
      assert.equal((await read(stoa, versionPath(fixture, "info"))).status, 404);
    });
  }

  test("leaves nothing behind when it dies while it saves", async () => {
    const fixture = await largeModule("example.com/dies", "v1.0.0", 4 << 20);
    await assert.rejects(save(stoa, fixture, { cutAfter: 2 << 20 }));
    const names = (): Promise<readonly string[]> =>
      versionsIn(stoa.root).then((all) => all.map(({ folder }) => folder));
    assert.ok(!(await names()).includes("example.com/dies/v1.0.0"));
    assert.deepEqual(await save(stoa, fixture), { status: 200, text: "" });
    assert.ok((await versionsIn(stoa.root)).every(isWhole));
  });

  test("deletes what it has saved, and is told when there is nothing", async () => {
    const fixture = await smallModule("example.com/gone", "v1.0.0");
    await save(stoa, fixture);
    await ask(`${stoa.url}${filePath(fixture, "info")}`);
    const path = versionPath(fixture, "delete");
    assert.equal((await read(stoa, path, "DELETE")).status, 200);
    assert.equal((await read(stoa, versionPath(fixture, "info"))).status, 404);
    assert.notEqual((await ask(`${stoa.url}${filePath(fixture, "info")}`)).status, 200);
    assert.equal((await read(stoa, path, "DELETE")).status, 404);
    assert.doesNotMatch((await ask(`${stoa.url}/index`)).text, /example.com\/gone/);
  });

  test("asks in ways that the protocol does not have, and is told so", async () => {
    for (const [method, path, status] of [
      ["PUT", "example.com/m/@v/v1.0.0.save", 405],
      ["GET", "example.com/m/@v/v1.0.0.save", 405],
      ["POST", "example.com/m/@v/v1.0.0.info", 405],
      ["GET", "example.com/m/@latest", 404],
      ["GET", "example.com/m/@v/master.info", 404],
      ["GET", "example.com/m", 404],
      ["GET", "../metrics", 400],
    ] as const) {
      const answer = await read(stoa, path, method);
      assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
    }
    const noForm = await ask(`${stoa.url}/storage/example.com/m/@v/v1.0.0.save`, {
      method: "POST",
      headers: { authorization: basic, "content-type": "application/json" },
    });
    assert.equal(noForm.status, 400);
    assert.match(noForm.text, /multipart\/form-data/);
  });
});

describe("the external storage", () => {
  test("is not there unless it is switched on, and cannot be without a token", async () => {
    const fixture = await smallModule("example.com/m", "v1.0.0");
    await using stoa = await startStoa({ goproxy: "off" });
    assert.equal((await save(stoa, fixture)).status, 404);
    assert.notEqual((await read(stoa, versionPath(fixture, "info"))).status, 200);
    await assert.rejects(
      startStoa({ goproxy: "off", env: { STOA_EXTERNAL_STORAGE_PATH: "/storage" } }),
      /ExternalStorageToken \(STOA_EXTERNAL_STORAGE_TOKEN\) must be set as well/,
    );
  });

  test("has credentials of its own: those of the proxy do not open it, and its own nothing else", async () => {
    const env = {
      ...settings,
      ATHENS_PATH_PREFIX: "/go",
      BASIC_AUTH_USER: "dev",
      BASIC_AUTH_PASS: "secret",
    };
    const fixture = await smallModule("example.com/m", "v1.0.0");
    await using stoa = await startStoa({ goproxy: "off", env });
    const origin = new URL(stoa.url).origin;
    const dev = `Basic ${Buffer.from("dev:secret").toString("base64")}`;
    const wrong = [undefined, dev, "Bearer", "Bearer wrong", basic.slice(0, -4)];
    for (const authorization of wrong) {
      const answer = await save(stoa, fixture, { authorization, prefix: "/go/storage" });
      assert.equal(answer.status, 401, `${authorization}`);
    }
    const state = (path: string, authorization: string): Promise<number> =>
      ask(`${origin}${path}`, { headers: { authorization } }).then(({ status }) => status);
    assert.equal(await state("/go/catalog", basic), 401);
    assert.equal(await state("/go/catalog", dev), 200);
    // Another spelling of the place is no way around.
    assert.equal(await state("/go/%73torage/example.com/m/@v/list", basic), 401);
    for (const authorization of [basic, `Bearer ${token}`]) {
      const answer = await save(stoa, fixture, { authorization, prefix: "/go/storage" });
      assert.equal(answer.status, 200, answer.text);
    }
    await until("its line in the log", () => stoa.output().includes('"path":"/go/storage/'));
    assert.ok(!stoa.output().includes(token));
  });
});

function sha(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The same zip with another comment at its end, which is not part of the content. */
function repacked(zip: Uint8Array): Uint8Array {
  const comment = Buffer.from("packed by another program");
  const bytes = Buffer.concat([zip, comment]);
  bytes.writeUInt16LE(comment.length, zip.length - 2);
  return bytes;
}
