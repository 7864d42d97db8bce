// The agent where systemd is in charge: real units, in a machine that boots.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { publicKeyLine, type ServiceStatus } from "@stoa/deployment";
import { unitWord } from "./domain/unit-quoting.ts";
import { Tree } from "./testing/delivery.ts";
import { buildCrashing, buildPlain, buildPolite, noGo } from "./testing/go-programs.ts";
import { steadyLoad } from "./testing/steady-load.ts";
import {
  noSystemdMachine,
  type SystemdMachine,
  startSystemdMachine,
} from "./testing/systemd-machine.ts";

const root = "/var/lib/stoa-agent";

describe("where systemd is in charge", { skip: noGo ?? noSystemdMachine }, () => {
  const folder = mkdtempSync(join(tmpdir(), "stoa-systemd-"));
  const programs: Record<string, string> = {};
  const tree = new Tree(join(folder, "tree"));
  let machine: SystemdMachine;

  before(async () => {
    for (const version of ["1", "2"]) {
      programs[`polite-${version}`] = buildPolite(folder, version);
      programs[`plain-${version}`] = buildPlain(folder, version);
    }
    programs["crashing"] = buildCrashing(folder, "3");
    machine = await startSystemdMachine(folder);
    installAgent(machine, folder, tree);
  });
  after(async () => {
    await machine?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const runs = async (revision: string, service = "notes"): Promise<ServiceStatus> => {
    const status = await tree.until(
      "one",
      service,
      ({ state, running, desired }) =>
        (state === "running" && running === revision) ||
        (state === "failed" && desired === revision),
    );
    assert.equal(status.state, "running", status.sentence);
    return status;
  };
  const urlOf = async (revision: string, service = "notes"): Promise<string> =>
    `http://${(await runs(revision, service)).addresses?.["http"]}/`;
  const publish = (kind: string, version: string, more = {}, service = "notes"): string =>
    tree.publish(service, version, programs[`${kind}-${version}`] ?? "", more);

  for (const keepAlive of [false, true]) {
    test(`hands over without a failed request, with ${keepAlive ? "kept" : "new"} connections`, async () => {
      const versions = [
        publish("polite", "1", { readiness: "fd" }),
        publish("polite", "2", { readiness: "fd" }),
      ];
      tree.assign({ notes: versions[0]! });
      const load = steadyLoad(await urlOf(versions[0]!), keepAlive);
      for (const wanted of [versions[1]!, versions[0]!, versions[1]!]) {
        const soFar = load.answers();
        tree.assign({ notes: wanted });
        await runs(wanted);
        await load.more(soFar + 20);
      }
      const { failures, answers, versions: seen } = await load.end();
      assert.deepEqual(failures, []);
      assert.ok(answers > 60, `only ${answers} answers`);
      assert.deepEqual([...seen].sort(), ["1", "2"]);
    });
  }
});

/** The packaged unit of the agent, with another command. */
function installAgent(machine: SystemdMachine, folder: string, tree: Tree): void {
  const packaged = resolve(import.meta.dirname, "../../packaging/systemd/stoa-agent.service");
  const script = join(import.meta.dirname, "testing/agent-process.ts");
  const settings = { root, tree: tree.folder, key: publicKeyLine(tree.key), supervisor: "systemd" };
  const words = [process.execPath, script, JSON.stringify(settings)].map(unitWord).join(" ");
  const dropIn = join(folder, "agent.conf");
  writeFileSync(dropIn, `[Service]\nExecStart=\nExecStart=:${words}\n`);
  const units = "/etc/systemd/system";
  machine.run("mkdir", "-p", `${units}/stoa-agent.service.d`);
  machine.run("cp", packaged, `${units}/stoa-agent.service`);
  machine.run("cp", dropIn, `${units}/stoa-agent.service.d/test.conf`);
  machine.run("systemctl", "daemon-reload");
  machine.run("systemctl", "enable", "--now", "stoa-agent");
}
