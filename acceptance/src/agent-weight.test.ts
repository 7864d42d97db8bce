// What a server carries: the packages that agent and keeper load. Each that is added is paid for in memory on every machine.
import assert from "node:assert/strict";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { until } from "./testing/bounded-wait.ts";
import { greeter, startDelivery } from "./testing/delivery.ts";
import { goIsMissing } from "./testing/go-command.ts";
import type { LoadedModules } from "./testing/loaded-modules.ts";
import {
  loadedBy,
  loadRecorder,
  packagesOf,
  recordingLoads,
  uniqueOf,
} from "./testing/loaded-packages.ts";
import { repositoryRoot } from "./testing/repository.ts";

test("an agent that has deployed carries few rooms and two packages, its keeper fewer, and neither what Node loads in passing", {
  skip: goIsMissing(),
}, async () => {
  await using delivery = await startDelivery();
  const folder = join(delivery.project, "..", "loaded");
  await mkdir(folder);
  const machine = await delivery.join("web-1", "", {
    inside: ["env", ...Object.entries(recordingLoads(folder)).map((pair) => pair.join("="))],
  });
  await delivery.write(greeter("hello"));
  await delivery.succeed("deploy");

  const agent = await loadedBy(await pidOf(["agent", "--root", machine.root]), folder);
  assert.deepEqual(packagesOf(agent), ["commander", "pino"]);
  assert.deepEqual(roomsOf(agent), ["agent", "blobs", "deployment", "stoa", "telemetry"]);
  assert.deepEqual(agent.builtins.filter(isHeavy), []);

  const keeper = await loadedBy(await pidOf(["keeper", "--root", machine.root]), folder);
  assert.deepEqual(packagesOf(keeper), ["commander"]);
  assert.deepEqual(roomsOf(keeper), ["agent", "serving", "stoa"]);
  assert.deepEqual(keeper.builtins.filter(isHeavy), []);
});

function pidOf(words: readonly string[]): Promise<number> {
  return until(`a process of ${words.join(" ")}`, () => processOf(words));
}

async function processOf(words: readonly string[]): Promise<number | undefined> {
  const wanted = `\0${words.join("\0")}\0`;
  for (const name of await readdir("/proc")) {
    if (!/^[0-9]+$/.test(name)) continue;
    const line = await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "");
    if (line.includes(wanted)) return Number(name);
  }
  return undefined;
}

/** Node's second HTTP client, and what it takes the types out of sources with. */
function isHeavy(name: string): boolean {
  return /\/(undici|amaro)\//.test(name);
}

function roomsOf({ modules }: LoadedModules): readonly string[] {
  const ours = modules.filter((url) => !url.includes("/node_modules/") && url !== loadRecorder);
  const root = pathToFileURL(repositoryRoot).href;
  return uniqueOf(
    ours.map((url) => url.slice(root.length)),
    /^\/([^/]+)\/src\//,
  );
}
