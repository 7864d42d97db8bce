// The documents in a bucket of a real S3 server: with the control plane off nothing stops, and new machines join.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { type S3Server, s3ServerIsMissing, startS3Server } from "@stoa/blobs/testing";
import { parseSecretKey, publicKeyLine } from "@stoa/deployment";
import { until } from "./testing/bounded-wait.ts";
import { type Delivery, greeter, startDelivery, type TestMachine } from "./testing/delivery.ts";
import { goIsMissing } from "./testing/go-command.ts";
import { ask } from "./testing/http-answer.ts";

const skip = goIsMissing() || s3ServerIsMissing();

test("with the control plane off services run, are repaired and come back, and a new machine joins from the bucket alone", {
  skip,
}, async () => {
  await using server = await startS3Server();
  const { url, env } = await emptyTree(server);
  await using delivery = await startDelivery({ env: { ...env, STOA_DOCUMENTS: url } });
  const first = await delivery.join("web-1");
  const key = await publicKeyOf(delivery);
  const words = ["--from", url, "--environment", "production", "--key", key];
  const second = delivery.start("web-2", words, env);
  await delivery.write(greeter("hello"));
  const service = await delivery.succeed("deploy");
  assert.equal((await ask(service.trim())).text, "hello \n");

  await delivery.killControl();
  const release = (await runningAt(first)).running;
  assert.equal((await runningAt(second)).running, release);

  const { pid } = await processOf(second);
  process.kill(pid, "SIGKILL");
  await until("web-2 to be repaired", async () => (await processOf(second)).pid !== pid);
  await second.killAgent();
  second.startAgent();

  const third = delivery.start("web-3", words, env);
  assert.equal((await runningAt(third)).running, release);

  await delivery.startControl();
  await delivery.write(greeter("hello again"));
  await delivery.succeed("deploy");
  const next = (await runningAt(first)).running;
  for (const machine of [second, third]) {
    await until(
      `${machine.name} to follow`,
      async () => (await runningAt(machine)).running === next,
    );
  }
  assert.match(await delivery.succeed("audit", "verify"), /in order/);
});

test("a bucket that is away is no reason to stop anything, and wrong places are refused in a sentence", {
  skip,
}, async () => {
  await using server = await startS3Server();
  const { url, env } = await emptyTree(server);
  await using delivery = await startDelivery({ env: { ...env, STOA_DOCUMENTS: url } });
  await delivery.join("web-1");
  const words = ["--environment", "production", "--key", await publicKeyOf(delivery)];
  const machine = delivery.start("web-2", ["--from", url, ...words], env);
  await delivery.write(greeter("hello"));
  await delivery.succeed("deploy");
  await runningAt(machine);
  const { pid } = await processOf(machine);
  await server[Symbol.asyncDispose]();
  await until("web-2 to find out", async () =>
    (await statusOf(machine)).decisions.some((sentence) => /what runs goes on/.test(sentence)),
  );
  assert.equal((await processOf(machine)).pid, pid);
  const { code, stderr } = await delivery.stoa("deploy", "--label", "2");
  assert.equal(code, 1);
  assert.match(stderr, /cannot be reached in the store of documents/);
  const odd = await delivery.stoa("agent", "--from", "s3://team/x?regoin=1", ...words);
  assert.match(odd.stderr, /there is no regoin=/);
});

async function emptyTree(
  server: S3Server,
): Promise<{ readonly url: string; readonly env: Readonly<Record<string, string>> }> {
  const { bucket, endpoint, keys } = (await server.newBucket()).settings;
  return {
    url: `s3://${bucket}/stoa/tree?endpoint=${endpoint}`,
    env: { AWS_ACCESS_KEY_ID: keys?.id ?? "", AWS_SECRET_ACCESS_KEY: keys?.secret ?? "" },
  };
}

async function publicKeyOf({ controlRoot }: Delivery): Promise<string> {
  return publicKeyLine(
    parseSecretKey(await readFile(join(controlRoot, "keys", "signing.key"), "utf8")),
  );
}

interface Said {
  readonly services: Readonly<
    Record<string, { readonly running?: string; readonly state: string }>
  >;
  readonly decisions: readonly string[];
}

async function statusOf({ root }: TestMachine): Promise<Said> {
  return JSON.parse(await readFile(join(root, "status", "status.json"), "utf8"));
}

/** What runs on the machine, by what it says itself. */
async function runningAt(machine: TestMachine): Promise<{ readonly running?: string }> {
  return await until(`${machine.name} to run it`, async () => {
    const status = await statusOf(machine).catch(() => undefined);
    const service = status?.services["greeter"];
    return service?.state === "running" && service;
  });
}

async function processOf(machine: TestMachine): Promise<{ readonly pid: number }> {
  return await until(`the process of ${machine.name}`, async () => {
    const folder = join(machine.root, "keeper");
    const text = await readFile(join(folder, "state.json"), "utf8").catch(() => undefined);
    if (text === undefined) return false;
    const processes: readonly {
      readonly process: { kept: boolean; identity?: { pid: number } };
    }[] = JSON.parse(text).processes;
    const pid = processes.find(({ process: one }) => one.kept)?.process.identity?.pid;
    return pid !== undefined && pid > 0 && { pid };
  });
}
