// stoa modules verify: what it reads and what it unpacks, side by side, and what it shows of that.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { type ModuleFixture, moduleFixture } from "@stoa/gomod/testing";
import { fixtureProxy } from "@stoa/proxy/testing";
import {
  buildChecksumDatabase,
  type ChecksumDatabase,
  ChecksumDatabaseProgram,
} from "./checksum-database/checksum-database.ts";
import { ask } from "./testing/http-answer.ts";
import { filePath, proxiedModules, smallModule } from "./testing/proxied-modules.ts";
import { loseHashes, recordDigest } from "./testing/recorded-hashes.ts";
import { finishedStoa, shownStoa, startStoa } from "./testing/stoa-process.ts";
import { noTerminal } from "./testing/terminal.ts";

const built = buildChecksumDatabase();
const noDatabase = typeof built === "string" ? built : false;
after(() => built instanceof ChecksumDatabaseProgram && built[Symbol.dispose]());

/** A store of these modules that no server has open. */
async function keptModules(modules: readonly ModuleFixture[]) {
  const scene = await proxiedModules(modules);
  for (const one of modules) {
    assert.equal((await ask(`${scene.stoa.url}${filePath(one, "zip")}`)).status, 200);
  }
  await scene.stoa.stop();
  const { root } = scene.stoa;
  const env = { GOPROXY: scene.upstream.url, ATHENS_DISK_STORAGE_ROOT: root };
  return { scene, root, env };
}

function smallModules(count: number): Promise<ModuleFixture[]> {
  return Promise.all(
    Array.from({ length: count }, (_, n) => smallModule(`example.com/m${n}`, "v1.0.0")),
  );
}

/** Puts a sound zip of other content in the place of a kept one, and gives its digest. */
async function swapZip(root: string, { module }: ModuleFixture): Promise<string> {
  const { path, version } = module;
  const { zip } = await moduleFixture(
    `module ${path}@${version}\n-- go.mod --\nmodule ${path}\n\ngo 1.18\n-- evil.go --\npackage evil\n`,
  );
  await writeFile(join(root, path, version, "source.zip"), zip);
  return createHash("sha256").update(zip).digest("hex");
}

test("what is remembered of a file counts for just that file, until --full, and not without the state", async () => {
  const modules = await smallModules(3);
  const { scene, root, env } = await keptModules(modules);
  await using _scene = scene;
  const verify = (...words: string[]): ReturnType<typeof finishedStoa> =>
    finishedStoa(["modules", "verify", ...words], env);
  const sound =
    "3 versions: 0 confirmed by the checksum database, 3 exempt and unchanged (GOSUMDB is off: only compared with when they were kept)\n";
  for (const words of [[], ["--full"]]) {
    const { code, stdout, stderr } = await verify(...words);
    assert.deepEqual([code, stdout], [0, sound], stderr);
  }

  const [swapped] = modules as [ModuleFixture];
  const digest = await swapZip(root, swapped);
  const altered =
    /^bad: example\.com\/m0@v1\.0\.0: its zip has h1:\S+, but had h1:\S+ when it was kept$/m;
  const found = await verify();
  assert.equal(found.code, 1);
  assert.match(found.stdout, altered);
  // Whoever can write the state can say so: then the file is what the state says it is, and only unpacking it tells.
  recordDigest(root, swapped.module.path, digest);
  assert.equal((await verify()).code, 0);
  const full = await verify("--full");
  assert.equal(full.code, 1);
  assert.match(full.stdout, altered);
  recordDigest(root, swapped.module.path, "0".repeat(64));
  assert.match((await verify()).stdout, altered);

  for (const { module } of modules) loseHashes(root, module.path);
  const anew = await verify();
  assert.deepEqual([anew.code, anew.stdout], [0, sound], "nothing is known of any of them");
  await swapZip(root, modules[1] as ModuleFixture);
  assert.match((await verify()).stdout, /^bad: example\.com\/m1@v1\.0\.0: .* when it was kept$/m);
});

test("on a terminal it shows how far it is, and leaves a line for each bad version", {
  skip: noTerminal,
}, async () => {
  const modules = await smallModules(12);
  const { scene, root, env } = await keptModules(modules);
  await using _scene = scene;
  const bad = [2, 5, 11];
  for (const n of bad) await swapZip(root, modules[n] as ModuleFixture);
  const words = ["modules", "verify", "--quarantine"];
  const { code, written, passing, lines } = await shownStoa(words, env);
  assert.equal(code, 1, written);
  const counts = passing.map((text) => {
    const [, done] = /^(\d+) of 12 versions, [0-3] bad$/.exec(text) ?? [];
    assert.ok(done !== undefined, text);
    return Number(done);
  });
  assert.ok(counts.length > 0, written);
  assert.deepEqual(
    counts,
    counts.toSorted((a, b) => a - b),
  );
  const named = lines.filter((line) => line.startsWith("bad: "));
  assert.deepEqual(
    named
      .map((line) => /^bad: example\.com\/m(\d+)@v1\.0\.0: .* it is now in /.exec(line)?.[1])
      .toSorted(),
    bad.map(String).toSorted(),
    written,
  );
  assert.equal(lines.length, named.length + 2, written);
  assert.match(lines.at(-2) ?? "", /^12 versions: .* 9 exempt and unchanged, 3 bad/);
  assert.match(lines.at(-1) ?? "", /^3 taken out of service/);

  // Elsewhere than on a terminal it says nothing of that.
  const plain = await finishedStoa(["modules", "verify"], env);
  assert.deepEqual([plain.code, plain.stderr], [0, ""]);
  assert.match(plain.stdout, /^9 versions: /);
});

describe("with a checksum database", { skip: noDatabase }, () => {
  test("four versions are looked up side by side", async () => {
    const modules = await smallModules(12);
    await using upstream = await fixtureProxy(modules);
    await using database = await (built as ChecksumDatabaseProgram).start(upstream.url);
    await database.grow(3);
    await using stoa = await startStoa({ goproxy: upstream.url });
    for (const one of modules) {
      assert.equal((await ask(`${stoa.url}${filePath(one, "zip")}`)).status, 200);
    }
    await stoa.stop();
    await using meeting = await meetingPlace(database, 4);
    const { code, stdout, stderr } = await finishedStoa(["modules", "verify"], {
      GOPROXY: upstream.url,
      GOSUMDB: `${database.key} ${meeting.url}`,
      ATHENS_DISK_STORAGE_ROOT: stoa.root,
    });
    assert.equal(code, 0, `${stdout}${stderr}`);
    assert.equal(stdout, "12 versions: 12 confirmed by the checksum database\n");
    assert.equal(meeting.lookups(), 12);
  });
});

/** Passes requests on to a database; lookups only when `together` of them have come. */
async function meetingPlace(database: ChecksumDatabase, together: number) {
  let lookups = 0;
  let met = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      if (request.url?.startsWith("/lookup/")) {
        lookups += 1;
        const ours = met;
        if (lookups % together === 0) {
          met = Promise.withResolvers();
          ours.resolve();
        }
        await ours.promise;
      }
      const given = await fetch(`${database.url}${request.url}`);
      const body = Buffer.from(await given.arrayBuffer());
      response.writeHead(given.status, { "content-type": "text/plain" }).end(body);
    };
    answer().catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    lookups: () => lookups,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
