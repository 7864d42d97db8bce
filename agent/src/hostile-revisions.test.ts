// Revisions that somebody with a key has signed past every check of ours: refused in a sentence, and nothing is touched.
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
  canonicalJson,
  makeSecretKey,
  type Revision,
  revisionId,
  sha256Hex,
  signText,
} from "@stoa/deployment";
import { textOf } from "./testing/ask.ts";
import { openMachine, type TestMachine, Tree } from "./testing/delivery.ts";
import { buildPolite, noGo } from "./testing/go-programs.ts";

type Loose = Record<string, unknown>;

/** A file of a revision, and whatever else somebody writes there. */
interface LooseFile extends Loose {
  path: string;
  mode: number;
  size: number;
  sha256: string;
}

/** A revision before somebody has looked at it. */
interface Forgery extends Loose {
  files: LooseFile[];
  run: Loose;
}

const bait = "somebody was here\n";

/** What is wrong, how it comes in, and what the machine says of it. */
const hostile: readonly (readonly [
  title: string,
  forge: (revision: Forgery) => void,
  sentence: RegExp,
])[] = [
  ["../", holding("../../../../escaped"), /files\[0\]\.path has the part \.\.: "\.\.\/\.\./],
  ["a path that only looks harmless", holding("bin/../../x"), /has the part \.\./],
  ["an absolute path", holding("/tmp/escaped"), /files\[0\]\.path is absolute; .*"\/tmp\/escaped"/],
  [
    "a name with a line end",
    holding("a\nnotes: running"),
    /control character: "a\\nnotes: running"/,
  ],
  [
    "a name with an escape of a terminal",
    holding("a\u001b[2J"),
    /control character: "a\\u001b\[2J"/,
  ],
  ["a backslash", holding("a\\..\\b"), /holds a backslash/],
  ["a dot", holding("./a"), /has the part \./],
  ["an empty part", holding("a//b"), /has an empty part/],
  ["a name that is too long", holding("a".repeat(300)), /a part of more than 255 bytes/],
  ["the same file twice", holding("bin/service"), /files\[1\]\.path comes twice: bin\/service/],
  ["a file in a file", holding("bin/service/x"), /lies in bin\/service, which is a file/],
  [
    "files out of order",
    ({ files }) => files.push(file("a")),
    /files\[1\]\.path is out of order: files are sorted by path/,
  ],
  [
    "a symbolic link",
    ({ files }) => files.unshift({ ...file("a"), kind: "link", target: "/etc/shadow" }),
    /files\[0\] has members that this version does not know: "kind", "target"/,
  ],
  [
    "a hard link",
    ({ files }) => files.unshift({ ...file("a"), linkTo: "bin/service" }),
    /members that this version does not know: "linkTo"/,
  ],
  ["a link by its mode", mode(0o120777), /files\[0\]\.mode/],
  ["a device by its mode", mode(0o020666), /files\[0\]\.mode/],
  ["a set-user-id program", mode(0o4755), /files\[0\]\.mode/],
  ["a sticky, set-group-id program", mode(0o3755), /files\[0\]\.mode/],
  [
    "a program that is no file of it",
    ({ run }) => Object.assign(run, { entry: "../../../../bin/sh" }),
    /run\.entry names no file of the revision: \.\.\/\.\./,
  ],
  [
    "a digest that leads elsewhere",
    ({ files }) => Object.assign(files[0] ?? {}, { sha256: "../../../keys/machine.key" }),
    /files\[0\]\.sha256 must be 64 lower-case hexadecimal digits/,
  ],
  [
    "a user that is a command line",
    ({ run }) => Object.assign(run, { user: "root --shell=/bin/sh" }),
    /run\.user must be a user name or number/,
  ],
  [
    "more files than there is room for",
    ({ files }) => files.unshift({ ...file("a"), size: 2 ** 50 }),
    /there is no room for its files in .*: [0-9]+ MiB are needed and [0-9]+ are free; free [0-9]+ MiB there and deploy again/,
  ],
  [
    "a file that unpacks to more than it says",
    ({ files }) => files.unshift({ ...file("a"), size: 3 }),
    /more than the 3 bytes it should have for a; somebody has altered it/,
  ],
  [
    "a file that is nowhere",
    ({ files }) => files.unshift({ ...file("a"), sha256: "0".repeat(64) }),
    /the store has no blob 000000000000 for a; deploy the revision again/,
  ],
  [
    "a program of another machine",
    (revision) => Object.assign(revision, { arch: "s390x" }),
    /is built for s390x, and this machine is [a-z0-9]+; build it for linux\//,
  ],
];

describe("a hostile revision", { skip: noGo }, () => {
  const folder = mkdtempSync(join(tmpdir(), "stoa-hostile-"));
  const tree = new Tree(mkdtempSync(join(folder, "tree-")));
  let machine: TestMachine;
  let one = "";
  let whatServes = "";
  before(async () => {
    one = tree.publish("notes", "1", buildPolite(folder, "1"));
    tree.assign({ notes: one });
    writeFileSync(join(tree.folder, "blobs", "sha256", sha256Hex(bait)), bait);
    machine = await openMachine(folder, tree);
    await machine.until("notes", ({ state }) => state === "running");
    whatServes = await textOf(await machine.urlOf("notes"));
  });
  after(async () => {
    await machine?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  const isUntouched = async (): Promise<void> => {
    assert.equal(await textOf(await machine.urlOf("notes")), whatServes);
    const service = join(machine.root, "services", "notes");
    assert.deepEqual(readdirSync(join(service, "releases")), [one]);
    assert.ok(!existsSync(join(machine.root, "escaped")) && !existsSync("/tmp/escaped"));
  };
  const refusedWith = async (id: string, sentence: RegExp): Promise<void> => {
    tree.assign({ notes: id });
    const status = await machine.until(
      "notes",
      ({ state, desired }) => state === "failed" && desired === id,
    );
    assert.match(status.sentence, sentence);
    assert.doesNotMatch(status.sentence, /\n/);
    await isUntouched();
  };

  for (const [title, forge, sentence] of hostile) {
    test(`with ${title} is refused`, async () => {
      const forged = structuredClone(tree.revisions.get(one)) as unknown as Forgery;
      forged["version"] = `1${title.replaceAll(/[^a-z0-9]+/g, "-")}`;
      forge(forged);
      await refusedWith(publish(tree, forged), sentence);
    });
  }

  test("whose names differ in case alone has two files there, and neither is the other", async () => {
    const forged = structuredClone(tree.revisions.get(one)) as unknown as Forgery;
    forged.files.unshift(file("BIN/service"), file("Bin/Service"));
    const id = publish(tree, { ...forged, version: "cases" });
    tree.assign({ notes: id });
    await machine.until("notes", ({ state, running }) => state === "running" && running === id);
    const release = join(machine.root, "services", "notes", "releases", id);
    assert.equal(readFileSync(join(release, "Bin", "Service"), "utf8"), bait);
    assert.notEqual(readFileSync(join(release, "bin", "service"), "latin1"), bait);
    tree.assign({ notes: one });
    await machine.until("notes", ({ state, running }) => state === "running" && running === one);
    whatServes = await textOf(await machine.urlOf("notes"));
    rmSync(release, { recursive: true, force: true, maxRetries: 5 });
  });

  const documents: readonly (readonly [string, (text: string) => string, RegExp])[] = [
    ["cut short", (text) => text.slice(0, text.length / 2), /invalid envelope: is not JSON/],
    ["empty", () => "", /invalid envelope: is not JSON/],
    ["of zero bytes", (text) => "\0".repeat(text.length), /invalid envelope: is not JSON/],
    [
      "with a letter changed",
      (text) => text.replace("bin/service", "bin/servicE"),
      /is not signed by a key that counts here/,
    ],
    [
      "signed by a stranger",
      (text) => envelope(JSON.parse(text).document, "revision", makeSecretKey()),
      /is not signed by a key that counts here/,
    ],
    [
      "signed as something else",
      (text) => envelope(JSON.parse(text).document, "environment", tree.key),
      /is no revision document/,
    ],
    [
      "with a member twice",
      (text) =>
        envelope(
          JSON.parse(text).document.replace('{"arch"', '{"arch":"s390x","arch"'),
          "revision",
          tree.key,
        ),
      /cannot be read/,
    ],
  ];
  for (const [title, alter, sentence] of documents) {
    test(`whose document is ${title} is refused`, async () => {
      const sound = { ...tree.revisions.get(one), version: title.replaceAll(" ", "-") } as Revision;
      const id = tree.publishRevision(sound);
      const path = join(tree.folder, "revisions", "notes", `${id}.json`);
      writeFileSync(path, alter(readFileSync(path, "utf8")));
      await refusedWith(id, sentence);
    });
  }

  test("whose document is another's is refused", async () => {
    const sound = tree.revisions.get(one);
    assert.ok(sound !== undefined);
    const id = revisionId({ ...sound, version: "exchanged" });
    const at = (name: string): string => join(tree.folder, "revisions", "notes", `${name}.json`);
    writeFileSync(at(id), readFileSync(at(one)));
    await refusedWith(id, /describes another one; somebody has exchanged it/);
  });

  for (const [title, appspec, sentence] of [
    [
      "takes files from outside",
      "files:\n  - source: ../../../keys\n    destination: /opt/shop\n",
      /appspec\.yml:4:13: error: source must stay inside the bundle, without \.\./,
    ],
    [
      "puts files where no path is",
      "files:\n  - source: page.txt\n    destination: ../../etc\n",
      /destination must begin with a slash/,
    ],
    [
      "goes up on its way",
      "files:\n  - source: page.txt\n    destination: /opt/../etc/cron.d\n",
      /destination must not go up with \.\./,
    ],
    [
      "runs what is not its own",
      "hooks:\n  AfterInstall:\n    - location: ../../../../../bin/sh\n",
      /location must stay inside the bundle, without \.\./,
    ],
    [
      "runs as somebody that is a command line",
      "hooks:\n  AfterInstall:\n    - location: stop.sh\n      runas: 'root -c reboot'\n",
      /runas must name a user/,
    ],
    [
      "makes one file of two",
      "files:\n  - source: page.txt\n    destination: /opt/shop\n  - source: a/page.txt\n    destination: /opt/shop\n",
      /would both become \/opt\/shop\/page\.txt/,
    ],
    [
      "names what it has not",
      "files:\n  - source: nothing.txt\n    destination: /opt/shop\n",
      /source nothing\.txt names nothing in the bundle/,
    ],
    ["is nonsense", "}{\n", /appspec\.yml:[0-9]+:[0-9]+: error: /],
  ] as const) {
    test(`whose appspec ${title} is refused before the old one is stopped`, async () => {
      const targetRoot = mkdtempSync(join(folder, "target-"));
      const stopped = join(targetRoot, "stopped");
      mkdirSync(join(targetRoot, "opt"));
      const bundles = new Tree(mkdtempSync(join(folder, "tree-")));
      const publishBundle = (version: string, rest: string): string =>
        bundles.publishBundle("shop", version, {
          "a/page.txt": "other\n",
          "appspec.yml": `version: 0.0\nos: linux\n${rest}`,
          "page.txt": "page\n",
          "stop.sh": `#!/bin/sh\ntouch ${stopped}\n`,
        });
      const stop = "hooks:\n  ApplicationStop:\n    - location: stop.sh\n";
      bundles.assign({ shop: publishBundle("1", stop) });
      await using other = await openMachine(folder, bundles, { targetRoot });
      await other.until("shop", ({ state }) => state === "running");
      bundles.assign({ shop: publishBundle("2", appspec) });
      const status = await other.until("shop", ({ state }) => state === "failed");
      assert.match(status.sentence, sentence);
      assert.ok(!existsSync(stopped), "the old revision was stopped");
      assert.deepEqual(readdirSync(targetRoot), ["opt"]);
      assert.deepEqual(readdirSync(join(targetRoot, "opt")), []);
    });
  }

  test("in an index that names a service like a path is not even looked at", async () => {
    const path = "environments/production/index.json";
    tree.assign({ notes: one });
    const { document } = JSON.parse(readFileSync(join(tree.folder, path), "utf8"));
    const index = JSON.parse(document);
    const [assignment] = Object.values(index.services);
    index.serial += 100;
    index.services = { "../../escaped": assignment };
    const text = canonicalJson(index);
    const before = machine.decisions.length;
    tree.write(path, envelope(text, "environment", tree.key, index.serial));
    await machineSays(
      machine,
      before,
      /the environment document cannot be read: .*what runs goes on/,
    );
    await isUntouched();
  });
});

/** Puts a file of that name at the front, or behind the program if it must. */
function holding(path: string): (revision: Forgery) => void {
  return ({ files }) => {
    files.push(file(path));
    files.sort((a, b) => (a.path < b.path ? -1 : 1));
  };
}

function mode(bits: number): (revision: Forgery) => void {
  return ({ files }) => Object.assign(files[0] ?? {}, { mode: bits });
}

function file(path: string): LooseFile {
  return { path, mode: 0o644, size: bait.length, sha256: sha256Hex(bait) };
}

/** Signs it as it is, and gives the id under which machines will ask for it. */
function publish({ folder, key }: Tree, revision: Loose): string {
  const text = canonicalJson(revision);
  const id = sha256Hex(text);
  writeFileSync(join(folder, "revisions", "notes", `${id}.json`), envelope(text, "revision", key));
  return id;
}

function envelope(
  document: string,
  kind: string,
  key: Parameters<typeof signText>[2],
  serial = 0,
): string {
  const signature = signText(document, `stoa ${kind} serial:${serial}`, key);
  return `${JSON.stringify({ document, signatures: [signature] })}\n`;
}

async function machineSays(machine: TestMachine, from: number, sentence: RegExp): Promise<void> {
  const deadline = performance.now() + 120_000;
  while (!machine.decisions.slice(from).some((decision) => sentence.test(decision))) {
    if (performance.now() > deadline) assert.fail(machine.decisions.slice(from).join("\n"));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
