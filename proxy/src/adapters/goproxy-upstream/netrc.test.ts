// What .netrc files say.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import { parseNetrc, readNetrc } from "./netrc.ts";

const cases: readonly [what: string, text: string, entries: readonly string[]][] = [
  ["an empty file", "", []],
  ["one line", "machine a.example login me password word", ["a.example me word"]],
  ["several lines", "machine a\n  login me\n\tpassword word\n", ["a me word"]],
  ["windows line ends", "machine a\r\nlogin me\r\npassword word\r\n", ["a me word"]],
  ["password first", "machine a\npassword word\nlogin me", ["a me word"]],
  [
    "two machines",
    "machine a login b password c\nmachine d login e password f",
    ["a b c", "d e f"],
  ],
  ["a machine without password", "machine a login b\nmachine c login d password e", ["c d e"]],
  ["a machine without login", "machine a\npassword b\nmachine c login d password e", ["c d e"]],
  ["words before any machine", "login a password b\nmachine c login d password e", ["c d e"]],
  ["an account", "machine a login b account c password d", ["a b d"]],
  [
    "a macro",
    "machine a macdef m\n  login b\n  password c\n\nmachine d login e password f",
    ["d e f"],
  ],
  ["a macro with a login on its line", "machine a macdef m login b password c\nlogin d", ["a b c"]],
  ["a default alone", "machine a login b password c\ndefault\nlogin d password e", ["a b c"]],
  ["a machine after default", "default\nlogin a\nmachine b login c password d", []],
  ["a default on one line", "default login a password b\nmachine c login d password e", ["c d e"]],
  ["a password like a word", "machine a login machine password password", ["a machine password"]],
];
for (const [what, text, entries] of cases) {
  test(`parseNetrc reads ${what}`, () => {
    const found = parseNetrc(text).map((e) => `${e.machine} ${e.login} ${e.password}`);
    assert.deepEqual(found, entries);
  });
}

test("readNetrc reads the file that is named", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "stoa-netrc-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "credentials");
  await writeFile(path, "machine named login a password b");
  assert.equal((await readNetrc(path))[0]?.machine, "named");
});

test("readNetrc refuses a named file that it cannot read, and says which", async () => {
  await assert.rejects(
    readNetrc("/nowhere/credentials"),
    (failure) =>
      failure instanceof ProxyFailure &&
      failure.code === "upstream_unavailable" &&
      failure.message.includes("/nowhere/credentials"),
  );
});

test("readNetrc reads .netrc in the home folder, which may be missing", async (t) => {
  const home = await mkdtemp(join(tmpdir(), "stoa-netrc-"));
  const { HOME } = process.env;
  Object.assign(process.env, { HOME: home });
  t.after(async () => {
    Object.assign(process.env, { HOME });
    await rm(home, { recursive: true });
  });
  assert.deepEqual(await readNetrc(undefined), []);
  await writeFile(join(home, ".netrc"), "machine home login a password b");
  assert.equal((await readNetrc(undefined))[0]?.machine, "home");
});
