// Machines that never speak to the control plane: what they write into the store is believed if they signed it, and grows old.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { DiskBlobStore } from "@stoa/blobs";
import {
  type MachineStatus,
  makeSecretKey,
  publicKeyLine,
  type SecretKey,
  sealEnvelope,
} from "@stoa/deployment";
import { blobTree } from "../adapters/blob-tree/blob-tree.ts";
import { treePaths } from "../domain/tree-paths.ts";
import { manualClock } from "../testing/manual-clock.ts";
import { StoreReports } from "./hear-store.ts";
import { MachineJoins } from "./join-machines.ts";
import { Tokens } from "./keep-tokens.ts";
import { Machines } from "./know-machines.ts";
import { SignedTree } from "./sign-documents.ts";

const start = Date.parse("2026-01-01T00:00:00Z");

test("a machine is heard by what it has signed and written, and how long ago that was is told", async () => {
  await using world = await storeWorld();
  const { machines, clock } = world;
  await world.register("web-9");
  assert.equal(machines.get("web-9").reachable, false);
  await world.look();
  assert.equal(machines.get("web-9").heardAt, 0);

  // What lies there at first may have lain there for long.
  await world.write("web-9", { at: start - 600_000 });
  await world.look();
  const first = machines.get("web-9");
  assert.deepEqual([first.heardAt, first.reachable], [start - 600_000, false]);
  assert.deepEqual(first.record.tags, { role: "web" });

  clock.turn(20_000);
  await world.write("web-9", { at: start + 15_000, seenSerial: 4 });
  await world.look();
  const heard = machines.get("web-9");
  assert.deepEqual([heard.heardAt, heard.reachable], [start + 20_000, true]);
  assert.equal(heard.status?.seenSerial, 4);

  // Without anything new it is out of reach after a while, and the age stays what it is.
  clock.turn(29_000);
  await world.look();
  assert.equal(machines.get("web-9").reachable, true);
  clock.turn(2_000);
  await world.look();
  const silent = machines.get("web-9");
  assert.deepEqual([silent.heardAt, silent.reachable], [start + 20_000, false]);
});

test("what is older, of another machine, or not signed by it, is no sign of life", async () => {
  await using world = await storeWorld();
  const { machines, clock } = world;
  await world.register("web-9");
  await world.write("web-9", { at: start, seenSerial: 4 });
  await world.look();
  clock.turn(60_000);
  for (const [more, key] of [
    [{ at: start - 1, seenSerial: 4 }, world.key],
    [{ at: start + 50_000, seenSerial: 3 }, world.key],
    [{ at: start + 50_000, seenSerial: 5 }, makeSecretKey()],
    [{ at: start + 50_000, seenSerial: 5, machine: "web-8" }, world.key],
  ] as const) {
    await world.write("web-9", more, key);
    await world.look();
    assert.deepEqual(
      [machines.get("web-9").heardAt, machines.get("web-9").status?.seenSerial],
      [start, 4],
    );
  }
  await world.writeText("web-9", "no envelope");
  await world.look();
  // The next process begins with what is there, and is not kept from it by what is none.
  const again = world.another();
  await again.load();
  assert.equal(again.get("web-9").record.via, "store");
  assert.equal(again.get("web-9").status, undefined);
  await world.write("web-9", { at: start + 60_000, seenSerial: 5 });
  await world.look();
  assert.equal(machines.get("web-9").status?.seenSerial, 5);
});

test("a name belongs to the key that came first", async () => {
  await using world = await storeWorld();
  await world.register("web-9");
  await world.register("web-9");
  await assert.rejects(
    world.joins.register({
      machine: "web-9",
      environment: "production",
      tags: {},
      arch: "amd64",
      publicKey: publicKeyLine(makeSecretKey()),
    }),
    { code: "conflict" },
  );
});

async function storeWorld() {
  const folder = await mkdtemp(join(tmpdir(), "stoa-store-"));
  const tree = blobTree(await DiskBlobStore.open(folder, 0o700), "");
  const clock = manualClock(start);
  const key = makeSecretKey();
  const documents = new SignedTree(tree, makeSecretKey());
  const another = (): Machines => new Machines(tree, documents, clock);
  const machines = another();
  const joins = new MachineJoins(machines, new Tokens(tree, documents, clock), clock);
  const onFailure = (failure: unknown): never => assert.fail(String(failure));
  const reports = new StoreReports({ tree, machines, clock, onFailure });
  const writeText = async (machine: string, text: string): Promise<void> => {
    const path = treePaths.status(machine);
    const stored = await tree.read(path);
    if (stored === undefined) await tree.create(path, text);
    else await tree.replace(path, text, stored.etag);
  };
  return {
    machines,
    joins,
    clock,
    key,
    another,
    look: () => reports.look(),
    register: async (machine: string) => {
      const said = { machine, environment: "production", tags: {}, arch: "amd64" };
      await joins.register({ ...said, publicKey: publicKeyLine(key) });
    },
    write: async (
      machine: string,
      { at, ...more }: { at: number; seenSerial?: number; machine?: string },
      signer: SecretKey = key,
    ): Promise<void> => {
      const status: MachineStatus = {
        format: 1,
        machine,
        tags: { role: "web" },
        os: "linux",
        arch: "amd64",
        agentVersion: "0",
        seenSerial: 1,
        at: new Date(at).toISOString(),
        services: {},
        decisions: [],
        ...more,
      };
      await writeText(machine, sealEnvelope("status", status, signer));
    },
    writeText,
    async [Symbol.asyncDispose]() {
      await reports[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
