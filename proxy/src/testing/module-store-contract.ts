// What every ModuleStore must do, as tests that each driver runs.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { type ModuleVersion, parseModulePath, parseVersion } from "@stoa/gomod";
import type { FileKind, ModuleStore, StagedZip, StoredFile } from "../domain/module-store.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";

/** The three files of a version, as bytes. */
export type FileBytes = Readonly<Record<FileKind, Uint8Array>>;

/** A fresh, empty store and what the contract needs to try it. */
export interface ModuleStoreUnderTest {
  readonly store: ModuleStore;
  /** A second door to the same storage, as another process would have it. */
  readonly other: ModuleStore;
  /**
   * Leaves these files of a version on the storage, as a crash would or another program. Absent where nothing can be
   * torn.
   */
  readonly tear?: (module: ModuleVersion, pieces: Partial<FileBytes>) => Promise<void>;
  cleanUp(): Promise<void>;
}

const kinds = ["info", "mod", "zip"] as const satisfies readonly FileKind[];

/** Declares the tests of the contract for one driver. */
export function moduleStoreContract(name: string, make: () => Promise<ModuleStoreUnderTest>): void {
  describe(`${name} keeps the contract of ModuleStore:`, () => {
    let made: ModuleStoreUnderTest;
    let store: ModuleStore;
    let other: ModuleStore;

    beforeEach(async () => {
      made = await make();
      ({ store, other } = made);
    });
    afterEach(() => made.cleanUp());

    test("a version that was never put is absent, and its module has no versions", async () => {
      await assertAbsent(store, moduleVersion("example.com/a", "v1.0.0"));
    });

    test("a version that was put is whole, for everybody", async () => {
      const module = moduleVersion("github.com/Azure/Go-sdk", "v1.0.0-RC1.info");
      await putFiles(store, module, filesOf("x"));
      for (const door of [store, other]) {
        assert.deepEqual(await keptFiles(door, module), filesOf("x"));
        assert.deepEqual(await door.versions(module.path), [module.version]);
      }
    });

    test("a file says the same size and time at every opening, a zip when it began to arrive", async () => {
      const module = moduleVersion("example.com/a", "v1.0.0");
      const zip = await stageZip(store, filesOf("x").zip);
      await store.put(module, { ...filesOf("x"), zip });
      await zip[Symbol.asyncDispose]();
      for (const kind of kinds) {
        await using here = await opened(store, module, kind);
        await using there = await opened(other, module, kind);
        assert.equal(here.size, filesOf("x")[kind].length);
        assert.equal(there.size, here.size);
        assert.deepEqual(there.modified, here.modified);
        if (kind === "zip") assert.deepEqual(here.modified, zip.started);
      }
    });

    test("a file can be read anywhere, and shows where it ends", async () => {
      const module = moduleVersion("example.com/a", "v1.0.0");
      const zip = largeBytes(700_001, 7);
      await putFiles(store, module, { ...filesOf("x"), zip });
      await using file = await opened(store, module, "zip");
      for (const [position, length] of [
        [0, 1],
        [0, zip.length],
        [0, zip.length + 5],
        [699_990, 20],
        [262_143, 3],
        [700_001, 4],
        [900_000, 4],
        [10, 0],
      ] as const) {
        const into = new Uint8Array(length);
        const count = await file.read(position, into);
        assert.deepEqual(into.subarray(0, count), zip.slice(position, position + length));
      }
    });

    test("disposing of a file again is harmless", async () => {
      const module = moduleVersion("example.com/a", "v1.0.0");
      await putFiles(store, module, filesOf("x"));
      const file = await opened(store, module, "mod");
      await file[Symbol.asyncDispose]();
      await file[Symbol.asyncDispose]();
    });

    test("an empty go.mod is kept like any other", async () => {
      const module = moduleVersion("example.com/a", "v1.0.0");
      const files = { ...filesOf("x"), mod: new Uint8Array() };
      await putFiles(store, module, files);
      assert.deepEqual(await keptFiles(other, module), files);
    });

    test("a staged zip can be read while it grows, and keeps no chunk", async () => {
      const zip = largeBytes(300_000, 3);
      await using staged = await store.stage();
      const chunk = new Uint8Array(1000);
      for (let position = 0; position < zip.length; position += chunk.length) {
        chunk.set(zip.subarray(position, position + chunk.length));
        await staged.append(chunk);
        chunk.fill(0);
        assert.equal(staged.size, position + chunk.length);
        assert.deepEqual(await bytesOf(staged), zip.slice(0, staged.size));
      }
      await staged.end();
      assert.equal(await staged.read(staged.size, new Uint8Array(1)), 0);
      assert.deepEqual(await bytesOf(staged), zip);
    });

    test("a staged zip is seen by nobody, and discarded by disposing of it", async () => {
      const module = moduleVersion("example.com/a", "v1.0.0");
      const staged = await stageZip(store, filesOf("x").zip);
      await assertAbsent(store, module);
      await staged[Symbol.asyncDispose]();
      await staged[Symbol.asyncDispose]();
      await assertAbsent(other, module);
    });

    test("a staged zip can be read after it was put, until it is disposed of", async () => {
      const module = moduleVersion("example.com/a", "v1.0.0");
      const { info, mod, zip } = filesOf("x");
      await using first = await stageZip(store, zip);
      await store.put(module, { info, mod, zip: first });
      assert.deepEqual(await bytesOf(first), zip);
      await using same = await stageZip(store, zip);
      await store.put(module, { info, mod, zip: same });
      assert.deepEqual(await bytesOf(same), zip);
      await using altered = await stageZip(store, filesOf("y").zip);
      await assert.rejects(store.put(module, { info, mod, zip: altered }));
      assert.deepEqual(await bytesOf(altered), filesOf("y").zip);
    });

    test("a version is seen when its bytes are known to be sound, and not before", async () => {
      const module = moduleVersion("example.com/a", "v1.0.0");
      const { info, mod, zip } = filesOf("x");
      await using staged = await stageZip(store, zip);
      const proof = Promise.withResolvers<void>();
      const putting = store.put(module, { info, mod, zip: staged, sound: proof.promise });
      await assertAbsent(store, module);
      await assertAbsent(other, module);
      proof.resolve();
      await putting;
      assert.deepEqual(await keptFiles(other, module), filesOf("x"));
    });

    test("of a version that turns out unsound nothing is kept", async () => {
      const module = moduleVersion("example.com/a", "v1.0.0");
      const { info, mod, zip } = filesOf("x");
      await using staged = await stageZip(store, zip);
      const flaw = new Error("a rule is broken");
      const proof = Promise.withResolvers<void>();
      const putting = store.put(module, { info, mod, zip: staged, sound: proof.promise });
      proof.reject(flaw);
      await assert.rejects(putting, (failure) => failure === flaw);
      await assertAbsent(store, module);
      assert.deepEqual(await bytesOf(staged), zip);
      await putFiles(other, module, filesOf("y"));
      assert.deepEqual(await keptFiles(store, module), filesOf("y"));
    });

    test("a zip that has not ended is not kept, and one is not put twice", async () => {
      const module = moduleVersion("example.com/a", "v1.0.0");
      const { info, mod, zip } = filesOf("x");
      await using staged = await store.stage();
      await staged.append(zip);
      await assert.rejects(store.put(module, { info, mod, zip: staged }), Error);
      await assertAbsent(store, module);
      await using used = await stageZip(store, zip);
      await store.put(module, { info, mod, zip: used });
      const next = moduleVersion("example.com/a", "v1.0.1");
      await assert.rejects(store.put(next, { info, mod, zip: used }), Error);
      await assertAbsent(store, next);
    });

    test("the same mod and zip again change nothing, the info that came first stays", async () => {
      const module = moduleVersion("example.com/a", "v1.0.0");
      await putFiles(store, module, filesOf("x"));
      const before = await times(store, module);
      await putFiles(other, module, { ...filesOf("x"), info: bytes("worded anew") });
      assert.deepEqual(await keptFiles(store, module), filesOf("x"));
      assert.deepEqual(await times(store, module), before);
    });

    const zip = largeBytes(600_000, 5);
    const changed = zip.slice();
    changed[599_999]! ^= 1;
    for (const [what, first, second] of [
      ["another mod", filesOf("x"), { ...filesOf("x"), mod: filesOf("y").mod }],
      ["another zip", filesOf("x"), { ...filesOf("x"), zip: filesOf("y").zip }],
      ["a shorter zip", filesOf("x"), { ...filesOf("x"), zip: filesOf("x").zip.slice(1) }],
      ["its last byte changed", { ...filesOf("x"), zip }, { ...filesOf("x"), zip: changed }],
    ] as const) {
      test(`${what} is refused loudly and changes nothing`, async () => {
        const module = moduleVersion("example.com/a", "v1.0.0");
        await putFiles(store, module, first);
        const before = await times(store, module);
        await assert.rejects(putFiles(other, module, second), isAltered(module));
        assert.deepEqual(await keptFiles(store, module), first);
        assert.deepEqual(await times(store, module), before);
      });
    }

    test("many writers of the same bytes at once all succeed", async () => {
      const module = moduleVersion("example.com/a", "v1.0.0");
      await Promise.all(
        Array.from({ length: 12 }, (_, turn) =>
          putFiles(turn % 2 === 0 ? store : other, module, filesOf("x")),
        ),
      );
      assert.deepEqual(await keptFiles(store, module), filesOf("x"));
    });

    test("of writers of other bytes at once one wins, and nothing of the others is kept", async () => {
      for (let round = 0; round < 12; round += 1) {
        const module = moduleVersion("example.com/a", `v1.0.${round}`);
        await assertOneWins([store, other], module);
      }
    });

    test("whoever sees one file of a version sees all three", async () => {
      const modules = Array.from({ length: 12 }, (_, patch) =>
        moduleVersion("example.com/a", `v1.0.${patch}`),
      );
      const writing = (async () => {
        for (const module of modules) await putFiles(store, module, filesOf(module.version));
      })();
      let isWriting = true;
      void writing.finally(() => {
        isWriting = false;
      });
      while (isWriting) for (const module of modules) await assertWholeIfSeen(other, module);
      await writing;
      for (const module of modules) await assertWholeIfSeen(other, module);
    });

    test("versions shows those of exactly this module", async () => {
      const all: Record<string, string[]> = {
        // An element of a path may look like a version. One such path before its neighbour, one after it.
        "example.com/a/b/v1.0.0/c": ["v0.1.0"],
        "example.com/a/b": ["v0.1.0", "v1.0.0", "v1.0.0-pre", "v2.0.0+incompatible"],
        "example.com/a/b-other": ["v1.1.0"],
        "example.com/a/b.other": ["v1.2.0"],
        "example.com/a/bc": ["v1.3.0"],
        "example.com/a": ["v1.4.0"],
        "example.com/a/b/c": ["v1.5.0"],
        "example.com/a/b/v2": ["v2.0.0", "v2.0.0-20200102030405-0123456789ab"],
        "example.com/a/b/v0.1.0/c": ["v0.1.0"],
        "gopkg.in/b.v1": ["v1.0.0", "v0.0.0-20200102030405-0123456789ab"],
        "gopkg.in/b.v2": ["v2.0.0"],
      };
      const modules = Object.entries(all).flatMap(([path, versions]) =>
        versions.map((version) => moduleVersion(path, version)),
      );
      for (const module of modules) await putFiles(store, module, filesOf(inWords(module)));
      for (const module of modules) {
        assert.deepEqual(await keptFiles(other, module), filesOf(inWords(module)));
      }
      for (const [path, versions] of Object.entries(all)) {
        const listed = await other.versions(parseModulePath(path));
        assert.deepEqual(listed.toSorted(), versions.toSorted(), path);
      }
      await assertAbsent(store, moduleVersion("example.com/a/b", "v1.1.0"));
      await assertAbsent(store, moduleVersion("example.com/a/b-oth", "v1.1.0"));
    });

    test("many versions put at once are all kept", async () => {
      const modules = Array.from({ length: 60 }, (_, index) =>
        moduleVersion(`example.com/m${index % 7}/deep/er`, `v1.0.${index}`),
      );
      await Promise.all(
        modules.map((module) => putFiles(store, module, filesOf(module.path + module.version))),
      );
      for (const module of modules) {
        assert.deepEqual(await keptFiles(other, module), filesOf(module.path + module.version));
      }
      const versions = await other.versions(parseModulePath("example.com/m3/deep/er"));
      assert.equal(versions.length, modules.filter(({ path }) => path.includes("m3")).length);
    });

    test("a torn version is absent, and repaired by the next put", async (t) => {
      const { tear } = made;
      if (tear === undefined) return t.skip("nothing can be torn here");
      for (const [turn, torn] of [...properSubsets(filesOf("x")), ...brokenZips()].entries()) {
        const module = moduleVersion("example.com/a", `v1.0.${turn}`);
        await tear(module, torn);
        await assertAbsent(store, module);
        const wanted = filesOf(turn % 2 === 0 ? "x" : "y");
        await putFiles(store, module, wanted);
        assert.deepEqual(await keptFiles(other, module), wanted, Object.keys(torn).join("+"));
        await assert.rejects(putFiles(other, module, filesOf("z")), isAltered(module));
      }
    });

    test("of writers of other bytes who repair a torn version at once one wins", async (t) => {
      const { tear } = made;
      if (tear === undefined) return t.skip("nothing can be torn here");
      for (const [turn, torn] of properSubsets(filesOf("x")).entries()) {
        const module = moduleVersion("example.com/a", `v1.0.${turn}`);
        await tear(module, torn);
        await assertOneWins([store, other], module);
      }
    });

    test("check says that the storage can be used, however often it is asked", async () => {
      await Promise.all(Array.from({ length: 10 }, () => store.check()));
    });
  });
}

export function moduleVersion(path: string, version: string): ModuleVersion {
  return { path: parseModulePath(path), version: parseVersion(version) };
}

/** Three files that tell by their content what they are; a zip is bytes to a store, nothing more. */
export function filesOf(text: string): FileBytes {
  return { info: bytes(`info ${text}`), mod: bytes(`mod ${text}`), zip: bytes(`zip of ${text}`) };
}

export async function stageZip(store: ModuleStore, zip: Uint8Array): Promise<StagedZip> {
  const staged = await store.stage();
  try {
    await staged.append(zip);
    await staged.end();
    return staged;
  } catch (failure) {
    await staged[Symbol.asyncDispose]();
    throw failure;
  }
}

export async function putFiles(
  store: ModuleStore,
  module: ModuleVersion,
  { info, mod, zip }: FileBytes,
): Promise<void> {
  await using staged = await stageZip(store, zip);
  await store.put(module, { info, mod, zip: staged });
}

/** All three files; fails if one is absent. */
export async function keptFiles(store: ModuleStore, module: ModuleVersion): Promise<FileBytes> {
  const [info, mod, zip] = await Promise.all(
    kinds.map(async (kind) => {
      await using file = await opened(store, module, kind);
      return bytesOf(file);
    }),
  );
  return { info: info!, mod: mod!, zip: zip! };
}

export async function assertAbsent(store: ModuleStore, module: ModuleVersion): Promise<void> {
  for (const kind of kinds) {
    await using file = await store.open(module, kind);
    assert.equal(file, undefined, `${inWords(module)} has a ${kind}`);
  }
  assert.ok(!(await store.versions(module.path)).includes(module.version));
}

/** If one file is there or the version is listed, all is there and right. */
async function assertWholeIfSeen(store: ModuleStore, module: ModuleVersion): Promise<void> {
  let isSeen = (await store.versions(module.path)).includes(module.version);
  for (const kind of kinds) {
    await using file = await store.open(module, kind);
    assert.ok(file !== undefined || !isSeen, `${module.version} is torn: it has no ${kind}`);
    isSeen ||= file !== undefined;
  }
  if (isSeen) assert.deepEqual(await keptFiles(store, module), filesOf(module.version));
}

/** Lets six writers put six different versions of the truth at once. */
async function assertOneWins(doors: readonly ModuleStore[], module: ModuleVersion): Promise<void> {
  const truths = Array.from({ length: 6 }, (_, writer) => filesOf(`writer ${writer}`));
  const outcomes = await Promise.allSettled(
    truths.map((files, writer) => putFiles(doors[writer % doors.length]!, module, files)),
  );
  const winners = truths.filter((_, writer) => outcomes[writer]!.status === "fulfilled");
  assert.equal(winners.length, 1);
  for (const outcome of outcomes) {
    if (outcome.status === "rejected") assert.ok(isAltered(module)(outcome.reason));
  }
  for (const door of doors) assert.deepEqual(await keptFiles(door, module), winners[0]);
}

function isAltered(module: ModuleVersion): (failure: unknown) => boolean {
  return (failure) => {
    assert.ok(failure instanceof ProxyFailure, String(failure));
    assert.equal(failure.code, "altered_module");
    assert.deepEqual(failure.subject, module);
    return true;
  };
}

async function opened(
  store: ModuleStore,
  module: ModuleVersion,
  kind: FileKind,
): Promise<StoredFile> {
  const file = await store.open(module, kind);
  assert.ok(file !== undefined, `${inWords(module)} has no ${kind}`);
  return file;
}

async function bytesOf(file: Pick<StoredFile, "size" | "read">): Promise<Uint8Array> {
  const into = new Uint8Array(file.size);
  assert.equal(await file.read(0, into), into.length);
  return into;
}

async function times(store: ModuleStore, module: ModuleVersion): Promise<readonly Date[]> {
  return Promise.all(
    kinds.map(async (kind) => {
      await using file = await opened(store, module, kind);
      return file.modified;
    }),
  );
}

/** Every choice of one or two of the three files. */
function properSubsets(files: FileBytes): Partial<FileBytes>[] {
  return [["mod"], ["mod", "zip"], ["zip"], ["info"], ["info", "mod"], ["info", "zip"]].map(
    (names) => Object.fromEntries(names.map((name) => [name, files[name as FileKind]])),
  );
}

function inWords({ path, version }: ModuleVersion): string {
  return `${path}@${version}`;
}

/** Half a zip: what a writer in place leaves when it dies. */
function brokenZips(): Partial<FileBytes>[] {
  const { mod, zip } = filesOf("x");
  return [
    { mod, zip: zip.slice(0, 3) },
    { mod, zip: new Uint8Array() },
    { mod: new Uint8Array(), zip: new Uint8Array() },
  ];
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Bytes that differ from place to place. */
function largeBytes(size: number, factor: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => (index * factor) ^ (index >> 8));
}
