import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRevision, type Revision, revisionId, shortId } from "./revision.ts";
import { differenceOf, isSameRevision } from "./revision-difference.ts";

const digest = "0".repeat(64);
const sound: Revision = {
  format: 1,
  service: "shop",
  version: "1.214",
  os: "linux",
  arch: "amd64",
  files: [
    { path: "bin/shop", mode: 0o755, size: 10, sha256: digest },
    { path: "etc/shop.json", mode: 0o644, size: 2, sha256: digest },
  ],
  run: {
    entry: "bin/shop",
    arguments: ["-v"],
    environment: { A: "b" },
    sockets: [{ name: "http", address: ":8080" }],
    health: {
      kind: "http",
      socket: "http",
      path: "/status",
      intervalMs: 200,
      timeoutMs: 1000,
      healthyAfter: 2,
      deadlineMs: 10_000,
      minimumHealthyMs: 0,
    },
    readiness: "health",
    handOff: "overlap",
    drainMs: 30_000,
  },
};

function changed(change: (revision: any) => void): unknown {
  const copy = structuredClone(sound);
  change(copy);
  return copy;
}

test("parseRevision gives back what is sound", () => {
  assert.deepEqual(parseRevision(JSON.parse(JSON.stringify(sound))), sound);
});

test("revisionId depends on everything but the builder and the order of members", () => {
  const id = revisionId(sound);
  assert.match(id, /^[0-9a-f]{64}$/);
  assert.equal(shortId(id), id.slice(0, 12));
  assert.equal(revisionId({ ...sound, builder: "ann" }), id);
  assert.equal(revisionId(Object.fromEntries(Object.entries(sound).reverse()) as never), id);
  assert.notEqual(revisionId({ ...sound, version: "1.215" }), id);
  assert.notEqual(
    revisionId({ ...sound, files: [{ ...sound.files[0]!, mode: 0o700 }, sound.files[1]!] }),
    id,
  );
});

test("revisionId is the same on every machine", () => {
  assert.equal(
    revisionId(sound),
    "12bfabb42633c9054718a0083ad4c509ad0f2e6b8102e3749be1ce6e77b1a95e",
  );
});

const wrong: readonly (readonly [what: string, change: (revision: any) => void, said: RegExp])[] = [
  ["a missing member", (r) => delete r.service, /invalid revision: service is missing/],
  [
    "a member too many",
    (r) => (r.files[0].owner = "root"),
    /files\[0\] has members that this version does not know: "owner"/,
  ],
  ["another format", (r) => (r.format = 2), /format must be 1/],
  ["another system", (r) => (r.os = "windows"), /os must be "linux"/],
  [
    "a service with a slash",
    (r) => (r.service = "a/b"),
    /service must be 1 to 63 lower-case letters/,
  ],
  ["a version with a space", (r) => (r.version = "1 2"), /version must be 1 to 128/],
  ["no files", (r) => (r.files = []), /at least one file/],
  ["a file twice", (r) => (r.files[1].path = "bin/shop"), /files\[1\].path comes twice/],
  ["files out of order", (r) => r.files.reverse(), /out of order/],
  ["an absolute path", (r) => (r.files[0].path = "/bin/shop"), /files\[0\].path is absolute/],
  ["a path that leaves", (r) => (r.files[0].path = "a/../../b"), /has the part \.\./],
  ["a path with an empty part", (r) => (r.files[0].path = "a//b"), /has an empty part/],
  ["a path with a line end", (r) => (r.files[0].path = "a\nb"), /control character/],
  [
    "a file in a file",
    (r) => (r.files[1].path = "bin/shop/x"),
    /lies in bin\/shop, which is a file/,
  ],
  ["a set-user-id bit", (r) => (r.files[0].mode = 0o4755), /files\[0\].mode/],
  [
    "a size with a fraction",
    (r) => (r.files[0].size = 1.5),
    /files\[0\].size must be a whole number/,
  ],
  ["a short digest", (r) => (r.files[0].sha256 = "00"), /64 lower-case hexadecimal digits/],
  ["neither run nor appspec", (r) => delete r.run, /either run or appspec/],
  ["both run and appspec", (r) => (r.appspec = { path: "bin/shop" }), /either run or appspec/],
  [
    "an entry that is no file",
    (r) => (r.run.entry = "bin/shop2"),
    /run.entry names no file of the revision: bin\/shop2/,
  ],
  [
    "a question to no socket",
    (r) => (r.run.health.socket = "https"),
    /run.health.socket names none/,
  ],
  [
    "an address without a port",
    (r) => (r.run.sockets[0].address = "localhost"),
    /run.sockets\[0\].address must be :PORT/,
  ],
  ["a port that is none", (r) => (r.run.sockets[0].address = ":65536"), /must be :PORT/],
  [
    "a socket twice",
    (r) => r.run.sockets.push({ name: "http", address: ":1" }),
    /run.sockets\[1\].name comes twice/,
  ],
  ["a variable that is none", (r) => (r.run.environment = { "A B": "c" }), /run.environment/],
  ["an argument with a NUL", (r) => (r.run.arguments = ["\0"]), /must not hold a NUL/],
  [
    "listening without sockets",
    (r) => {
      r.run.sockets = [];
      r.run.health = { kind: "listening" };
    },
    /has no sockets/,
  ],
  ["an unknown question", (r) => (r.run.health = { kind: "grpc" }), /run.health/],
];

for (const [what, change, said] of wrong) {
  test(`parseRevision refuses ${what}`, () => {
    assert.throws(
      () => parseRevision(changed(change)),
      (failure: Error) =>
        (failure.name === "DocumentProblem" && said.test(failure.message)) ||
        assert.fail(failure.message),
    );
  });
}

for (const nonsense of [null, 1, "x", [], {}]) {
  test(`parseRevision refuses ${JSON.stringify(nonsense)}`, () => {
    assert.throws(() => parseRevision(nonsense), { name: "DocumentProblem" });
  });
}

test("differenceOf names files, modules and facts that change, and nothing else", () => {
  const go = {
    version: "go1.25.0",
    path: "example.com/shop",
    module: "example.com/shop",
    moduleVersion: "(devel)",
    dependencies: [{ path: "golang.org/x/net", version: "v0.1.0", sum: "h1:a" }],
    settings: { GOARCH: "amd64" },
  };
  const before: Revision = { ...sound, go };
  const after: Revision = {
    ...sound,
    version: "1.215",
    builder: "bob",
    files: [
      { ...sound.files[0]!, sha256: "1".repeat(64) },
      { path: "new", mode: 0o644, size: 1, sha256: digest },
    ],
    run: { ...sound.run!, drainMs: 5 },
    go: {
      ...go,
      version: "go1.26.0",
      dependencies: [
        { path: "golang.org/x/net", version: "v0.2.0", sum: "h1:b" },
        { path: "golang.org/x/sys", version: "v0.1.0", sum: "" },
      ],
    },
  };
  const difference = differenceOf(before, after);
  assert.deepEqual(
    difference.files.map(({ name, before, after }) => [
      name,
      before !== undefined,
      after !== undefined,
    ]),
    [
      ["bin/shop", true, true],
      ["etc/shop.json", true, false],
      ["new", false, true],
    ],
  );
  assert.deepEqual(difference.modules, [
    { name: "golang.org/x/net", before: "v0.1.0 (h1:a)", after: "v0.2.0 (h1:b)" },
    { name: "golang.org/x/sys", after: "v0.1.0" },
  ]);
  assert.deepEqual(difference.facts, [
    { name: "go.version", before: "go1.25.0", after: "go1.26.0" },
    { name: "run.drainMs", before: "30000", after: "5" },
    { name: "version", before: "1.214", after: "1.215" },
  ]);
  assert.equal(isSameRevision(difference), false);
  assert.equal(isSameRevision(differenceOf(before, { ...before, builder: "x" })), true);
});
