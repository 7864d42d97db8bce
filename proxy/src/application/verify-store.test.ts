// Looking a store through: what is unpacked and what is only read, what is remembered, and that many are looked at at once.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { hashGoMod, type ModuleVersion } from "@stoa/gomod";
import { type ModuleFixture, moduleFixture } from "@stoa/gomod/testing";
import { checkModuleZip, memorySource } from "@stoa/gomod/zip";
import { openMemoryModuleStore } from "../adapters/memory-module-store/memory-module-store.ts";
import type { Checksums } from "../domain/checksums.ts";
import type { HashEntry, KeptHashes } from "../domain/kept-hashes.ts";
import type { BytesPlace } from "../domain/module-store.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import type { StoreInspection } from "../domain/store-inspection.ts";
import type { ZipCheck, ZipDigests } from "../domain/zip-check.ts";
import { type Finding, StoreVerification } from "./verify-store.ts";

const never = new AbortController().signal;

function fixtureOf(path: string, text = "package a"): Promise<ModuleFixture> {
  return moduleFixture(
    `module ${path}@v1.0.0\n-- go.mod --\nmodule ${path}\n\ngo 1.24\n-- a.go --\n${text}\n`,
  );
}

interface SceneOptions {
  readonly recorded?: Checksums["recorded"];
  readonly atOnce?: number;
}

/** A store of versions that can be altered, and what was asked of each zip. */
async function sceneOf(fixtures: readonly ModuleFixture[], options: SceneOptions = {}) {
  const { store } = openMemoryModuleStore();
  const zips = new Map<string, Uint8Array>();
  for (const { module, info, mod, zip } of fixtures) {
    await using staged = await store.stage();
    await staged.append(zip);
    await staged.end();
    await store.put(module, { info, mod, zip: staged });
    zips.set(module.path, zip);
  }
  const entries = new Map<string, HashEntry>();
  const hashes: KeptHashes = {
    read: async ({ path }) => entries.get(path),
    write: async ({ path }, entry) => void entries.set(path, entry),
    remove: async ({ path }) => void entries.delete(path),
  };
  const asked: string[] = [];
  const zipCheck: ZipCheck & ZipDigests = {
    prepare: () => undefined,
    async check(module, place) {
      asked.push(`check ${module.path}`);
      try {
        return await checkModuleZip(memorySource(bytesOf(place)), module);
      } catch (failure) {
        throw new ProxyFailure("invalid_module", String(failure), { subject: module });
      }
    },
    async digest(module, place) {
      asked.push(`digest ${module.path}`);
      return createHash("sha256").update(bytesOf(place)).digest("hex");
    },
  };
  const inspection: StoreInspection = {
    async *versions() {
      for (const { module } of fixtures) yield module;
    },
    async zip({ path }) {
      const zip = zips.get(path);
      if (zip === undefined) return undefined;
      const place = { kind: "memory", bytes: () => zip } as const;
      return { place, [Symbol.asyncDispose]: async () => undefined };
    },
    withdraw: async ({ path }) => `quarantine/${path}`,
  };
  const errors: string[] = [];
  const log = { error: (sentence: string) => void errors.push(sentence) };
  const { recorded = async () => undefined, atOnce = 2 } = options;
  const verification = new StoreVerification({
    ...{ store, inspection, hashes, zipCheck, checksums: { recorded }, atOnce, log },
  });
  /** The outcomes by path, and what was asked of the zips. */
  const look = async (full = false): Promise<{ outcomes: string[]; asked: string[] }> => {
    asked.length = 0;
    const findings: Finding[] = [];
    const found = (finding: Finding): void => void findings.push(finding);
    await verification.run(await verification.versions(), { full, withdraw: false, found }, never);
    const outcomes = findings.map(({ module, outcome }) => `${outcome} ${module.path}`).toSorted();
    return { outcomes, asked: asked.toSorted() };
  };
  return { zips, entries, hashes, errors, verification, look };
}

function bytesOf(place: BytesPlace): Uint8Array {
  assert.ok(place.kind === "memory");
  return place.bytes();
}

test("a zip is unpacked once, and from then on only read, unless that is wanted", async () => {
  const scene = await sceneOf([await fixtureOf("example.com/a")]);
  const first = await scene.look();
  assert.deepEqual(first, {
    outcomes: ["unchanged example.com/a"],
    asked: ["check example.com/a"],
  });
  const entry = scene.entries.get("example.com/a");
  assert.match(entry?.zipDigest ?? "", /^[0-9a-f]{64}$/);
  assert.deepEqual(await scene.look(), { ...first, asked: ["digest example.com/a"] });
  assert.deepEqual(await scene.look(true), first);
  scene.entries.clear();
  assert.deepEqual(await scene.look(), first, "what is remembered is not the truth");
  assert.deepEqual(scene.entries.get("example.com/a"), entry);
});

test("a file of another digest is unpacked: the same content is fine and remembered, another is bad", async () => {
  const [same, other] = [await fixtureOf("example.com/a"), await fixtureOf("example.com/b")];
  const scene = await sceneOf([same, other]);
  await scene.look();
  const remembered = new Map(scene.entries);
  // Behind the end record, where no reader of zips looks, may stand what it has announced: a comment.
  const commented = Buffer.concat([same.zip, Buffer.from("!")]);
  commented.writeUInt16LE(1, same.zip.length - 2);
  scene.zips.set("example.com/a", commented);
  scene.zips.set("example.com/b", (await fixtureOf("example.com/b", "package evil")).zip);
  const second = await scene.look();
  assert.deepEqual(second.outcomes, ["bad example.com/b", "unchanged example.com/a"]);
  assert.deepEqual(second.asked.filter((one) => one.startsWith("check")).length, 2);
  const [a, b] = ["example.com/a", "example.com/b"].map((path) => scene.entries.get(path));
  assert.equal(a?.zip, remembered.get("example.com/a")?.zip);
  assert.notEqual(a?.zipDigest, remembered.get("example.com/a")?.zipDigest);
  assert.deepEqual(b, remembered.get("example.com/b"), "nothing is learned from what is bad");
  const third = await scene.look();
  assert.deepEqual(third.outcomes, second.outcomes);
  assert.deepEqual(third.asked, [
    "check example.com/b",
    "digest example.com/a",
    "digest example.com/b",
  ]);
});

test("a zip that is only read is held against the database all the same, and its go.mod read", async () => {
  const fixture = await fixtureOf("example.com/a");
  const { hash } = await checkModuleZip(memorySource(fixture.zip), fixture.module);
  const right = { database: "sum.test", zip: [hash], mod: [hashGoMod(fixture.mod)] };
  let answer = right;
  const scene = await sceneOf([fixture], { recorded: async () => answer });
  assert.deepEqual((await scene.look()).outcomes, ["confirmed example.com/a"]);
  assert.equal(scene.entries.get("example.com/a")?.database, "sum.test");
  const read = { outcomes: ["confirmed example.com/a"], asked: ["digest example.com/a"] };
  assert.deepEqual(await scene.look(), read);
  answer = { ...right, zip: ["h1:other"] };
  assert.deepEqual(await scene.look(), { ...read, outcomes: ["bad example.com/a"] });
  answer = { ...right, mod: ["h1:other"] };
  assert.deepEqual(await scene.look(), { ...read, outcomes: ["bad example.com/a"] });
  answer = right;
  const entry = scene.entries.get("example.com/a");
  assert.ok(entry !== undefined);
  scene.entries.set("example.com/a", { ...entry, mod: "h1:when it was kept" });
  assert.deepEqual(await scene.look(), { ...read, outcomes: ["bad example.com/a"] });
});

test("where nothing can be recorded, what was found holds, and that is said once", async () => {
  const scene = await sceneOf([await fixtureOf("example.com/a"), await fixtureOf("example.com/b")]);
  scene.hashes.write = () => Promise.reject(new ProxyFailure("store_unavailable", "read-only"));
  const { outcomes } = await scene.look();
  assert.deepEqual(outcomes, ["unchanged example.com/a", "unchanged example.com/b"]);
  assert.equal(scene.errors.length, 1);
});

test("as many versions as it is told are looked at side by side, and no more", async () => {
  const atOnce = 3;
  const fixtures = await Promise.all(
    Array.from({ length: 9 }, (_, n) => fixtureOf(`example.com/m${n}`)),
  );
  let arrived = 0;
  let running = 0;
  let most = 0;
  let meeting = Promise.withResolvers<void>();
  // Each waits for two others: one after the other they would wait for ever.
  const recorded = async (_module: ModuleVersion): Promise<undefined> => {
    arrived += 1;
    running += 1;
    most = Math.max(most, running);
    const ours = meeting;
    if (arrived % atOnce === 0) {
      meeting = Promise.withResolvers();
      ours.resolve();
    }
    await ours.promise;
    running -= 1;
  };
  const scene = await sceneOf(fixtures, { recorded, atOnce });
  assert.equal((await scene.look()).outcomes.length, fixtures.length);
  assert.equal(most, atOnce);
});
