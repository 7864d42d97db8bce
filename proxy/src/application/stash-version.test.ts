import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hashGoMod } from "@stoa/gomod";
import { type ModuleFixture, moduleFixture } from "@stoa/gomod/testing";
import { openMemoryModuleStore } from "../adapters/memory-module-store/memory-module-store.ts";
import type { Checksums } from "../domain/checksums.ts";
import type { HashEntry } from "../domain/kept-hashes.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import type { CheckedZip, ZipCheck } from "../domain/zip-check.ts";
import { type FakeUpstream, fakeUpstream } from "../testing/fake-upstream.ts";
import type { ArrivingZip } from "./arriving-zip.ts";
import { ChecksumVerification } from "./checksum-verification.ts";
import { LooseFileFetch } from "./fetch-loose-file.ts";
import { VersionKeeping } from "./keep-version.ts";
import { Stash } from "./stash-version.ts";

const present = new AbortController().signal;
const goMod = "module example.com/m\n";

/** A module whose zip is a few chunks long and does not compress. */
function fixture(extra = ""): Promise<ModuleFixture> {
  let noise = "";
  for (let seed = 1; noise.length < 90_000; seed = (seed * 48_271) % 2_147_483_647) {
    noise += seed.toString(36);
  }
  return moduleFixture(
    `module example.com/m@v1.0.0\n-- go.mod --\n${goMod}-- noise.txt --\n${noise}\n${extra}`,
  );
}

async function setUp(module: ModuleFixture) {
  const { store, loose } = openMemoryModuleStore();
  const upstream = fakeUpstream([module]);
  const check = {
    result: { hash: "h1:x", digest: "d", goMod: Buffer.from(goMod) } as CheckedZip,
    run: (): Promise<CheckedZip> => Promise.resolve(check.result),
  };
  const zipCheck: ZipCheck = { prepare: () => undefined, check: () => check.run() };
  const checksums: { recorded: Checksums["recorded"] } = { recorded: async () => undefined };
  const mismatches: ProxyFailure[] = [];
  const verification = new ChecksumVerification(
    { recorded: (...asked) => checksums.recorded(...asked) },
    (failure) => mismatches.push(failure),
  );
  const kept: string[] = [];
  const entries: HashEntry[] = [];
  const keeping = new VersionKeeping({
    store,
    zipCheck,
    records: {
      remembered: async () => undefined,
      begin: async () => undefined,
      dropped: async () => undefined,
      async kept({ path, version }, entry) {
        kept.push(`${path}@${version}`);
        entries.push(entry);
        await loose.remove({ path, version });
      },
    },
  });
  const stash = new Stash({
    store,
    loose: new LooseFileFetch(loose, upstream, verification),
    upstream,
    verification,
    keeping,
  });
  return { store, loose, entries, upstream, check, checksums, mismatches, kept, stash, module };
}

async function storedZip({ store, module }: Awaited<ReturnType<typeof setUp>>) {
  const file = await store.open(module.module, "zip");
  if (file === undefined) return undefined;
  const bytes = Buffer.alloc(file.size);
  await file.read(0, bytes);
  return bytes;
}

async function readAll(zip: ArrivingZip | undefined): Promise<Buffer> {
  assert.ok(zip !== undefined);
  return copied(zip.body());
}

/** All chunks, each copied before the next is asked for. */
async function copied(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(chunks, (chunk) => Buffer.from(chunk)));
}

function zipRequests(upstream: FakeUpstream): number {
  return upstream.asked.filter((question) => question.startsWith("zip")).length;
}

describe("Stash", () => {
  it("keeps a version whole and lets its loose files go", async () => {
    const parts = await setUp(await fixture());
    await parts.stash.keep(parts.module.module, present);
    assert.deepEqual(await storedZip(parts), Buffer.from(parts.module.zip));
    assert.deepEqual(parts.kept, ["example.com/m@v1.0.0"]);
    assert.equal(await parts.loose.read(parts.module.module, "mod"), undefined);
  });

  it("does not check a zip of which its upstream says what is in it", async () => {
    const scene = await setUp(await fixture());
    scene.check.run = () => Promise.reject(new Error("it was checked"));
    const { zip } = scene.upstream;
    const found = { hash: "h1:made", digest: "d", goMod: Buffer.from(goMod) };
    scene.upstream.zip = async (...asked) => ({ ...(await zip(...asked)), found: () => found });
    await scene.stash.keep(scene.module.module, present);
    assert.deepEqual(await storedZip(scene), scene.module.zip);
    assert.deepEqual(
      scene.entries.map((entry) => entry.zip),
      ["h1:made"],
    );

    const other = await setUp(await fixture());
    const wrong = {
      hash: "h1:made",
      digest: "d",
      goMod: Buffer.from("module example.com/other\n"),
    };
    const given = other.upstream.zip;
    other.upstream.zip = async (...asked) => ({ ...(await given(...asked)), found: () => wrong });
    await assert.rejects(other.stash.keep(other.module.module, present), {
      code: "invalid_module",
    });
  });

  it("fetches a version that is kept already from nobody", async () => {
    const parts = await setUp(await fixture());
    await parts.stash.keep(parts.module.module, present);
    const before = parts.upstream.asked.length;
    await parts.stash.keep(parts.module.module, present);
    assert.equal(parts.upstream.asked.length, before);
  });

  it("fetches once for everybody, and the first one follows", async () => {
    const parts = await setUp(await fixture());
    const all = Array.from({ length: 50 }, () => parts.stash.follow(parts.module.module, present));
    const [first, ...others] = await Promise.all(
      all.map(async (following) => {
        const zip = await following;
        return zip === undefined ? undefined : readAll(zip);
      }),
    );
    assert.deepEqual(first, Buffer.from(parts.module.zip));
    assert.deepEqual(new Set(others), new Set([undefined]));
    assert.equal(zipRequests(parts.upstream), 1);
    assert.deepEqual(await storedZip(parts), first);
  });

  it("gives the first client bytes before the last ones have come, and others nothing", async () => {
    const parts = await setUp(await fixture());
    const gate = Promise.withResolvers<void>();
    const lastChunk = Math.floor(parts.module.zip.length / 1024);
    parts.upstream.beforeChunk = (index) => (index === lastChunk ? gate.promise : undefined);
    const zip = await parts.stash.follow(parts.module.module, present);
    const body = zip?.body();
    const first = Buffer.from((await body?.next())?.value ?? []);
    assert.ok(first.length > 0);
    assert.equal(await storedZip(parts), undefined);
    gate.resolve();
    assert.ok(body !== undefined);
    assert.deepEqual(Buffer.concat([first, await copied(body)]), Buffer.from(parts.module.zip));
  });

  it("holds the end back until the zip is checked and kept", async () => {
    const parts = await setUp(await fixture());
    const checking = Promise.withResolvers<void>();
    const verdict = Promise.withResolvers<CheckedZip>();
    parts.check.run = () => {
      checking.resolve();
      return verdict.promise;
    };
    const zip = await parts.stash.follow(parts.module.module, present);
    let received = 0;
    const reading = (async () => {
      for await (const chunk of zip?.body() ?? []) received += chunk.length;
    })();
    await checking.promise;
    await new Promise(setImmediate);
    assert.ok(received < parts.module.zip.length, "the end is held back");
    verdict.resolve(parts.check.result);
    await reading;
    assert.equal(received, parts.module.zip.length);
  });

  it("breaks the first client's transfer off and keeps nothing if the zip is bad", async () => {
    const parts = await setUp(await fixture());
    parts.check.run = () => Promise.reject(new ProxyFailure("invalid_module", "a bad name"));
    const following = await parts.stash.follow(parts.module.module, present);
    await assert.rejects(readAll(following), { code: "invalid_module" });
    assert.equal(await storedZip(parts), undefined);
    parts.check.run = () => Promise.resolve(parts.check.result);
    await parts.stash.keep(parts.module.module, present);
    assert.ok(await storedZip(parts), "a failure is not remembered");
  });

  it("breaks off and keeps nothing if the upstream breaks off", async () => {
    const parts = await setUp(await fixture());
    parts.upstream.beforeChunk = (index) => {
      if (index === 40) throw new ProxyFailure("upstream_unavailable", "it broke off");
    };
    const following = await parts.stash.follow(parts.module.module, present);
    const waiting = parts.stash.keep(parts.module.module, present);
    await assert.rejects(readAll(following), { code: "upstream_unavailable" });
    await assert.rejects(waiting, { code: "upstream_unavailable" });
    assert.equal(await storedZip(parts), undefined);
  });

  it("refuses a zip whose go.mod is not the .mod", async () => {
    const parts = await setUp(await fixture("-- .mod --\nmodule example.com/other\n"));
    await assert.rejects(parts.stash.keep(parts.module.module, present), {
      code: "invalid_module",
      message: /go\.mod inside the zip/,
    });
    assert.equal(await storedZip(parts), undefined);
  });

  it("takes line ends for no difference, and a missing go.mod for the synthetic one", async () => {
    const parts = await setUp(await fixture());
    parts.check.result = {
      hash: "h1:x",
      digest: "d",
      goMod: Buffer.from("module example.com/m\r\n"),
    };
    await parts.stash.keep(parts.module.module, present);
    const synthetic = await setUp(await fixture());
    synthetic.check.result = { hash: "h1:x", digest: "d", goMod: undefined };
    await synthetic.stash.keep(synthetic.module.module, present);
    assert.ok(await storedZip(synthetic));
  });

  it("goes on when the client that started it leaves, once bytes flow", async () => {
    const parts = await setUp(await fixture());
    const gate = Promise.withResolvers<void>();
    parts.upstream.beforeChunk = (index) => (index === 30 ? gate.promise : undefined);
    const leaving = new AbortController();
    const zip = await parts.stash.follow(parts.module.module, leaving.signal);
    const body = zip?.body();
    await body?.next();
    leaving.abort(new Error("left"));
    await body?.return?.();
    const waiting = parts.stash.keep(parts.module.module, present);
    gate.resolve();
    await waiting;
    assert.equal(zipRequests(parts.upstream), 1);
    assert.deepEqual(await storedZip(parts), Buffer.from(parts.module.zip));
  });

  it("is told off when everybody has left before bytes flow", async () => {
    const parts = await setUp(await fixture());
    const gate = Promise.withResolvers<void>();
    parts.upstream.before = (question) => (question.startsWith("zip") ? gate.promise : undefined);
    const leaving = new AbortController();
    const following = parts.stash.follow(parts.module.module, leaving.signal);
    leaving.abort(new Error("left"));
    await assert.rejects(following, /left/);
    gate.resolve();
    parts.upstream.before = () => undefined;
    await parts.stash.keep(parts.module.module, present);
    assert.equal(zipRequests(parts.upstream), 2);
  });

  it("lets go of the zip if the version has no .info", async () => {
    const parts = await setUp(await fixture());
    parts.upstream.before = (question) => {
      if (question.startsWith("info")) throw new ProxyFailure("not_found", "no info");
    };
    await assert.rejects(parts.stash.follow(parts.module.module, present), { code: "not_found" });
    assert.equal(await storedZip(parts), undefined);
  });

  it("keeps what the database confirms, and the hashes with its name", async () => {
    const parts = await setUp(await fixture());
    const mod = hashGoMod(parts.module.mod);
    parts.checksums.recorded = async () => ({ database: "sum.test", zip: ["h1:x"], mod: [mod] });
    await parts.stash.keep(parts.module.module, present);
    const entry = { zip: "h1:x", mod, database: "sum.test", zipDigest: "d" };
    assert.deepEqual(parts.entries, [entry]);
  });

  it("keeps no zip of another hash than that on record, not even its .mod", async () => {
    const parts = await setUp(await fixture());
    const mod = hashGoMod(parts.module.mod);
    parts.checksums.recorded = async () => ({ database: "sum.test", zip: ["h1:y"], mod: [mod] });
    const following = await parts.stash.follow(parts.module.module, present);
    await assert.rejects(readAll(following), { code: "checksum_mismatch", message: /h1:x.*h1:y/ });
    assert.equal(await storedZip(parts), undefined);
    assert.equal(await parts.loose.read(parts.module.module, "mod"), undefined);
    assert.deepEqual(parts.entries, []);
    assert.equal(parts.mismatches.length, 1);
  });

  it("keeps no .mod that the database does not confirm, and begins no zip", async () => {
    const parts = await setUp(await fixture());
    parts.checksums.recorded = async () => ({ database: "sum.test", zip: ["h1:x"], mod: ["h1:z"] });
    const following = parts.stash.follow(parts.module.module, present);
    await assert.rejects(following, { code: "checksum_mismatch", message: /go\.mod/ });
    assert.equal(await parts.loose.read(parts.module.module, "mod"), undefined);
  });

  it("forgets a .mod that was kept before anything was confirmed and turns out to be wrong", async () => {
    const parts = await setUp(await fixture());
    const { module } = parts.module;
    await parts.loose.write(module, "mod", Buffer.from(goMod));
    parts.checksums.recorded = async () => ({ database: "sum.test", zip: ["h1:x"], mod: ["h1:z"] });
    await assert.rejects(parts.stash.keep(module, present), { code: "checksum_mismatch" });
    assert.equal(await parts.loose.read(module, "mod"), undefined);
  });

  it("says that the upstream does not have it, whatever the database says", async () => {
    const parts = await setUp(await fixture());
    parts.checksums.recorded = async () => {
      throw new ProxyFailure("upstream_unavailable", "the database is gone");
    };
    parts.upstream.before = (question) => {
      if (!question.startsWith("info")) throw new ProxyFailure("not_found", "no such version");
    };
    await assert.rejects(parts.stash.keep(parts.module.module, present), { code: "not_found" });
  });

  it("looks up while the zip arrives, and waits for the answer before it keeps", async () => {
    const parts = await setUp(await fixture());
    const { module } = parts.module;
    await parts.loose.write(module, "mod", parts.module.mod);
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<undefined>();
    parts.checksums.recorded = () => {
      asked.resolve();
      return answer.promise;
    };
    const zip = await parts.stash.follow(module, present);
    await asked.promise;
    const body = zip?.body();
    assert.ok(
      ((await body?.next())?.value?.length ?? 0) > 0,
      "bytes flow before the answer is there",
    );
    assert.equal(await storedZip(parts), undefined);
    answer.resolve(undefined);
    for await (const _ of body ?? []);
    assert.ok(await storedZip(parts));
  });
});
