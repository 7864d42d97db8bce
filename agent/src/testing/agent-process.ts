// An agent in a process of its own, which may end itself at a named moment, or do so once: node agent-process.ts SETTINGS
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { parsePublicKey } from "@stoa/deployment";
import { openAgent } from "../agent.ts";
import { machineArchitecture, machineKeyOf } from "../enrolment.ts";
import { chooseSupervision } from "../supervision.ts";

const {
  root,
  tree,
  key,
  killAt,
  // A file whose content is the moment; it is emptied before.
  killOnceAt = "",
  supervisor = "keeper",
  repairMs = 5_000,
} = JSON.parse(process.argv[2] ?? "{}");
const agent = openAgent({
  root,
  machine: "one",
  tags: {},
  arch: machineArchitecture(),
  environment: "production",
  keys: [parsePublicKey(key)],
  threshold: 1,
  policyKeys: [],
  machineKey: await machineKeyOf(root),
  supervision: await chooseSupervision(root, supervisor),
  source: { kind: "folder", path: tree },
  pollMs: 50,
  repairMs,
  version: "test",
  decided: (sentence) => process.stderr.write(`${sentence}\n`),
  failpoint: async (moment) => {
    const once = killOnceAt === "" ? "" : readFileSync(killOnceAt, "utf8");
    if (moment === once) writeFileSync(killOnceAt, "");
    if (moment === killAt || moment === once) process.kill(process.pid, "SIGKILL");
  },
});
await agent.run(new AbortController().signal);
