// An agent in a machine with a real systemd.
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { publicKeyLine } from "@stoa/deployment";
import { unitWord } from "../domain/unit-quoting.ts";
import type { Tree } from "./delivery.ts";
import type { SystemdMachine } from "./systemd-machine.ts";

/** The packaged unit of the agent, with another command. */
export function installAgent(
  machine: SystemdMachine,
  { root, folder, tree }: { readonly root: string; readonly folder: string; readonly tree: Tree },
): void {
  const packaged = resolve(import.meta.dirname, "../../../packaging/systemd/stoa-agent.service");
  const script = join(import.meta.dirname, "agent-process.ts");
  const settings = {
    root,
    tree: tree.folder,
    key: publicKeyLine(tree.key),
    supervisor: "systemd",
    repairMs: 500,
    killOnceAt: join(folder, "kill-at"),
  };
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
