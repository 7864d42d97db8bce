// An agent in a process of its own, which may end itself at a named moment: node agent-process.ts SETTINGS
import process from "node:process";
import { parsePublicKey } from "@stoa/deployment";
import { openAgent } from "../agent.ts";
import { machineArchitecture, machineKeyOf } from "../enrolment.ts";
import { chooseSupervision } from "../supervision.ts";

const { root, tree, key, killAt, supervisor = "keeper" } = JSON.parse(process.argv[2] ?? "{}");
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
  version: "test",
  decided: (sentence) => process.stderr.write(`${sentence}\n`),
  failpoint: async (moment) => {
    if (moment === killAt) process.kill(process.pid, "SIGKILL");
  },
});
await agent.run(new AbortController().signal);
