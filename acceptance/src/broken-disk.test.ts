// A disk that is full, read-only, gone, or left torn by a crash: what is kept is served, the rest fails with a sentence.
import assert from "node:assert/strict";
import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { ModuleFixture } from "@stoa/gomod/testing";
import { until } from "./testing/bounded-wait.ts";
import { ask, type HttpAnswer } from "./testing/http-answer.ts";
import { filePath, largeModule, proxiedModules, smallModule } from "./testing/proxied-modules.ts";
import { smallDisk, smallDiskIsMissing } from "./testing/small-disk.ts";
import { type StoaProcess, startStoa } from "./testing/stoa-process.ts";
import { filesIn, isWhole, versionsIn } from "./testing/stored-versions.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const kinds = ["info", "mod", "zip"] as const;

/** A clear 5xx: the server's fault, said in one line. */
function assertStoreFailure(answer: HttpAnswer, sentence?: RegExp): void {
  assert.ok([500, 503, 507].includes(answer.status), `${answer.status}: ${answer.text}`);
  assert.equal(answer.headers["content-type"], "text/plain; charset=utf-8");
  assert.match(answer.text, /^[^\n]+ [^\n]+\n$/);
  assert.doesNotMatch(answer.text, /internal error|bug/);
  if (sentence !== undefined) assert.match(answer.text, sentence);
}

async function assertServed(stoa: StoaProcess, fixture: ModuleFixture): Promise<void> {
  for (const kind of kinds) {
    const answer = await ask(`${stoa.url}${filePath(fixture, kind)}`);
    assert.equal(answer.status, 200, `${kind}: ${answer.text}`);
    assert.ok(answer.whole && answer.body.equals(Buffer.from(fixture[kind])), kind);
  }
}

describe("a disk", { skip: smallDiskIsMissing() }, () => {
  test("that is full refuses what is new, and works on when there is room", async () => {
    const kept = await largeModule("example.com/kept", "v1.0.0", 100_000);
    const wanted = await largeModule("example.com/wanted", "v1.0.0", 200_000);
    await using disk = await smallDisk(4 << 20);
    await using scene = await proxiedModules([kept, wanted], { root: join(disk.path, "kept") });
    await assertServed(scene.stoa, kept);
    await disk.fill();
    for (const kind of kinds) {
      const answer = await ask(`${scene.stoa.url}${filePath(wanted, kind)}`);
      // The log of recent files may have room for one more in the block that it ends in.
      if (kind !== "zip" && answer.status === 200) {
        assert.ok(answer.body.equals(Buffer.from(wanted[kind])));
      } else {
        assertStoreFailure(answer, /full/);
      }
    }
    await assertServed(scene.stoa, kept);
    assert.equal((await ask(`${scene.stoa.url}/healthz`)).status, 200);
    assert.equal((await ask(`${scene.stoa.url}/example.com/wanted/@v/list`)).status, 200);
    await disk.makeRoom();
    await assertServed(scene.stoa, wanted);
    assert.ok((await versionsIn(scene.stoa.root)).every(isWhole));
    assert.ok(scene.stoa.isRunning());
  });

  test("that is too small for a zip breaks its transfer and is not left full", async () => {
    const kept = await largeModule("example.com/kept", "v1.0.0", 100_000);
    const wanted = await largeModule("example.com/wanted", "v1.0.0", 6_000_000);
    await using disk = await smallDisk(2 << 20);
    await using scene = await proxiedModules([kept, wanted], { root: join(disk.path, "kept") });
    const answer = await ask(`${scene.stoa.url}${filePath(wanted, "zip")}`);
    if (answer.status === 200) assert.ok(!answer.whole, "the client took it for whole");
    else assertStoreFailure(answer);
    await until("the torn zip to go", async () =>
      (await filesIn(scene.stoa.root)).every((name) => !name.startsWith(".stoa/incoming/")),
    );
    await assertServed(scene.stoa, kept);
    assert.equal((await versionsIn(scene.stoa.root)).length, 1);
  });

  test("that is read-only refuses what is new, and works on when it can be written", async () => {
    const kept = await largeModule("example.com/kept", "v1.0.0", 100_000);
    const wanted = await largeModule("example.com/wanted", "v1.0.0", 200_000);
    await using disk = await smallDisk(4 << 20);
    await using scene = await proxiedModules([kept, wanted], { root: join(disk.path, "kept") });
    await assertServed(scene.stoa, kept);
    // The state's file is closed after a second without use.
    await until("nothing on the disk is open for writing", () => {
      try {
        disk.remount("ro");
        return true;
      } catch {
        return false;
      }
    });
    for (const kind of kinds) {
      assertStoreFailure(await ask(`${scene.stoa.url}${filePath(wanted, kind)}`), /read-only/);
    }
    await assertServed(scene.stoa, kept);
    assert.equal((await ask(`${scene.stoa.url}/healthz`)).status, 200);
    disk.remount("rw");
    await assertServed(scene.stoa, wanted);
  });

  test("that is taken away is not taken for an empty one", async () => {
    const kept = await largeModule("example.com/kept", "v1.0.0", 100_000);
    const wanted = await smallModule("example.com/wanted", "v1.0.0");
    await using disk = await smallDisk(4 << 20);
    await using scene = await proxiedModules([kept, wanted], { root: disk.path });
    await assertServed(scene.stoa, kept);
    disk.takeAway();
    assertStoreFailure(await ask(`${scene.stoa.url}${filePath(kept, "zip")}`));
    for (const kind of kinds) {
      assertStoreFailure(await ask(`${scene.stoa.url}${filePath(wanted, kind)}`));
    }
    assert.deepEqual(await filesIn(disk.path), []);
  });
});

test("a storage folder that vanishes is a failure, never an absence, until it is back", async () => {
  const kept = await largeModule("example.com/kept", "v1.0.0", 100_000);
  const unseen = await largeModule("example.com/unseen", "v1.0.0", 100_000);
  const wanted = await smallModule("example.com/wanted", "v1.0.0");
  await using folder = await temporaryFolder();
  const root = join(folder.path, "kept");
  await using scene = await proxiedModules([kept, unseen, wanted], { root });
  await assertServed(scene.stoa, kept);
  await ask(`${scene.stoa.url}${filePath(unseen, "zip")}`);
  await rename(root, `${root}-away`);

  assertStoreFailure(await ask(`${scene.stoa.url}${filePath(kept, "zip")}`));
  for (const kind of kinds) {
    assertStoreFailure(await ask(`${scene.stoa.url}${filePath(wanted, kind)}`));
    assertStoreFailure(await ask(`${scene.stoa.url}/cached-only${filePath(wanted, kind)}`));
    assertStoreFailure(await ask(`${scene.stoa.url}/cached-only${filePath(unseen, kind)}`));
  }
  for (const path of ["@v/list", "@latest"]) {
    assertStoreFailure(await ask(`${scene.stoa.url}/cached-only/example.com/kept/${path}`));
  }
  assertStoreFailure(await ask(`${scene.stoa.url}/readyz`));
  assert.equal((await ask(`${scene.stoa.url}/healthz`)).status, 200);
  await assert.rejects(stat(root), "an empty storage folder was begun in the place of the old one");

  await rename(`${root}-away`, root);
  await assertServed(scene.stoa, kept);
  await assertServed(scene.stoa, wanted);
  assert.equal((await ask(`${scene.stoa.url}/readyz`)).status, 200);
});

test("a storage folder that is removed for good does not end the program", async () => {
  const wanted = await smallModule("example.com/wanted", "v1.0.0");
  await using scene = await proxiedModules([wanted]);
  await rm(scene.stoa.root, { recursive: true });
  for (const kind of kinds) {
    assertStoreFailure(await ask(`${scene.stoa.url}${filePath(wanted, kind)}`));
  }
  assert.equal((await ask(`${scene.stoa.url}/healthz`)).status, 200);
});

describe("a version that a crash left torn is invisible, and whole after the next fetch", () => {
  type Leftover = Readonly<Partial<Record<"go.mod" | "source.zip" | "v1.0.0.info", Uint8Array>>>;
  const nothing = new Uint8Array();
  const leftovers: readonly (readonly [name: string, make: (whole: ModuleFixture) => Leftover])[] =
    [
      ["an empty folder", () => ({})],
      ["go.mod alone", ({ mod }) => ({ "go.mod": mod })],
      ["half a go.mod", ({ mod }) => ({ "go.mod": mod.subarray(0, 5) })],
      ["go.mod and an empty source.zip", ({ mod }) => ({ "go.mod": mod, "source.zip": nothing })],
      [
        "go.mod and half of source.zip",
        ({ mod, zip }) => ({
          "go.mod": mod,
          "source.zip": zip.subarray(0, zip.length >> 1),
        }),
      ],
      [
        "go.mod and source.zip without .info",
        ({ mod, zip }) => ({ "go.mod": mod, "source.zip": zip }),
      ],
      ["source.zip alone", ({ zip }) => ({ "source.zip": zip })],
      [".info alone", ({ info }) => ({ "v1.0.0.info": info })],
      [
        ".info and go.mod without source.zip",
        ({ info, mod }) => ({ "v1.0.0.info": info, "go.mod": mod }),
      ],
      [
        ".info and source.zip without go.mod",
        ({ info, zip }) => ({ "v1.0.0.info": info, "source.zip": zip }),
      ],
      [
        "all three, source.zip empty",
        ({ info, mod }) => ({
          "go.mod": mod,
          "source.zip": nothing,
          "v1.0.0.info": info,
        }),
      ],
      [
        "all three, the .info empty",
        ({ mod, zip }) => ({
          "go.mod": mod,
          "source.zip": zip,
          "v1.0.0.info": nothing,
        }),
      ],
    ];
  for (const [name, make] of leftovers) {
    test(name, async () => {
      const whole = await largeModule("example.com/torn", "v1.0.0", 20_000);
      await using folder = await temporaryFolder();
      const version = join(folder.path, "example.com", "torn", "v1.0.0");
      await mkdir(version, { recursive: true });
      for (const [file, bytes] of Object.entries(make(whole))) {
        await writeFile(join(version, file), bytes);
      }
      await using scene = await proxiedModules([whole], { root: folder.path });
      const keptOnly = `${scene.stoa.url}/cached-only`;
      assert.equal((await ask(`${keptOnly}/example.com/torn/@v/list`)).status, 404);
      assert.equal((await ask(`${keptOnly}/example.com/torn/@latest`)).status, 404);
      for (const kind of kinds) {
        assert.equal((await ask(`${keptOnly}${filePath(whole, kind)}`)).status, 404, kind);
      }
      await assertServed(scene.stoa, whole);
      const [stored, ...others] = await versionsIn(folder.path);
      assert.deepEqual(others, []);
      assert.deepEqual(
        new Set(stored!.files.keys()),
        new Set(["go.mod", "source.zip", "v1.0.0.info"]),
      );
      assert.ok(stored!.files.get("source.zip")?.equals(Buffer.from(whole.zip)));
      assert.ok(stored!.files.get("go.mod")?.equals(Buffer.from(whole.mod)));
      assert.ok(stored!.files.get("v1.0.0.info")?.equals(Buffer.from(whole.info)));
    });
  }
});

test("a store that Athens has written is served without an upstream", async () => {
  const fixtures = [
    await largeModule("github.com/ACME/Anvil", "v1.2.3", 20_000),
    await smallModule("example.com/m/v2", "v2.0.0-rc.1"),
    await smallModule("example.com/m", "v0.0.0-20200102030405-0123456789ab"),
  ];
  await using folder = await temporaryFolder();
  for (const { module, info, mod, zip } of fixtures) {
    const version = join(folder.path, module.path, module.version);
    await mkdir(version, { recursive: true });
    await writeFile(join(version, "go.mod"), mod);
    await writeFile(join(version, "source.zip"), zip);
    await writeFile(join(version, `${module.version}.info`), info);
  }
  await using stoa = await startStoa({ goproxy: "off", root: folder.path });
  for (const fixture of fixtures) await assertServed(stoa, fixture);
  const list = await ask(`${stoa.url}/cached-only/github.com/!a!c!m!e/!anvil/@v/list`);
  assert.equal(list.text, "v1.2.3\n");
});
