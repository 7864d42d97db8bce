// stoa agent: keeps a server running what it should.
import { hostname } from "node:os";
import { resolve } from "node:path";
import process from "node:process";
import {
  chooseSupervision,
  type Enrolment,
  joinMachine,
  keepEnrolment,
  keepSettingsKeys,
  machineArchitecture,
  machineKeyOf,
  openAgent,
  readEnrolment,
} from "@stoa/agent";
import { isBucketUrl, parseBucketUrl } from "@stoa/blobs";
import { parsePublicKey, publicKeyLine } from "@stoa/deployment";
import { openLog } from "@stoa/telemetry";
import type { Environment } from "../config/load-config.ts";
import { serverOf } from "../delivery/login.ts";
import { programWords } from "../program-words.ts";
import { programVersion } from "../version.ts";
import { interruption } from "./interruption.ts";

/** What the command line says. */
export interface AgentOptions {
  readonly root: string;
  readonly server?: string;
  readonly join?: string;
  readonly from?: string;
  readonly environment?: string;
  readonly key: readonly string[];
  readonly threshold: number;
  readonly policyKey: readonly string[];
  readonly name?: string;
  readonly tag: readonly string[];
  readonly supervisor?: "systemd" | "keeper";
}

const usualPollMs = 2_000;

/** Keeps this machine running what it should, until SIGTERM or SIGINT; the services then run on. */
export async function runAgent(options: AgentOptions, environment: Environment): Promise<void> {
  const root = resolve(options.root);
  const enrolment = await enrolmentOf({ ...options, root }, environment);
  const supervision = await chooseSupervision(root, options.supervisor);
  const machineKey = await machineKeyOf(root);
  const log = openLog({ level: "info", format: process.stdout.isTTY ? "plain" : "json" });
  const agent = openAgent({
    ...enrolment,
    root,
    arch: machineArchitecture(),
    machineKey,
    version: programVersion,
    supervision:
      supervision.kind === "systemd"
        ? supervision
        : { ...supervision, words: [...programWords(), "keeper", "--root", root] },
    decided: (sentence) => log.info(sentence),
    variables: environment,
  });
  const { machine, environment: joined, source } = enrolment;
  log.info(
    `the agent of ${machine} serves ${joined}, from ${source.kind === "folder" ? source.path : source.url}`,
  );
  if (source.kind !== "http") {
    log.info(
      `stoa machines add ${machine} -e ${joined} --key ${publicKeyLine(machineKey)} lets a control plane show it`,
    );
  }
  log.info(
    supervision.kind === "systemd"
      ? `processes are run by systemd ${supervision.version}`
      : "processes are run by the keeper",
  );
  await agent.run(interruption());
  log.info("the agent has stopped; the services run on");
  log.close();
}

async function enrolmentOf(options: AgentOptions, environment: Environment): Promise<Enrolment> {
  const { root, from, server, join = environment["STOA_JOIN_TOKEN"] } = options;
  const keys = environment["STOA_SETTINGS_KEYS"];
  if (keys !== undefined) await keepSettingsKeys(root, keys.split(/\s+/).filter(Boolean));
  if (from !== undefined) {
    return await keepEnrolment(root, enrolmentFrom(options, placeOf(from, environment)));
  }
  const kept = await readEnrolment(root);
  if (server !== undefined && join !== undefined) {
    return await joinMachine({
      root,
      url: serverOf(server),
      token: join,
      machine: nameOf(options),
      tags: tagsOf(options),
      policyKeys: options.policyKey.map(parsePublicKey),
      agentVersion: programVersion,
    });
  }
  if (kept !== undefined) {
    const policyKeys = options.policyKey.map(parsePublicKey);
    return policyKeys.length === 0 ? kept : await keepEnrolment(root, { ...kept, policyKeys });
  }
  throw new Error(
    "this machine has not joined anything yet: stoa token join makes a token, then stoa agent --server URL --join TOKEN",
  );
}

/** A bucket or a folder. Throws a sentence if the URL cannot be one. */
function placeOf(from: string, environment: Environment): Enrolment["source"] {
  if (!/^[a-z0-9]+:\/\//.test(from)) return { kind: "folder", path: resolve(from) };
  if (isBucketUrl(from)) parseBucketUrl(from, environment);
  else throw new Error(`--from ${from}: name a folder or a bucket, such as s3://bucket/tree`);
  return { kind: "bucket", url: from };
}

function enrolmentFrom(options: AgentOptions, source: Enrolment["source"]): Enrolment {
  const { environment, key, threshold } = options;
  if (environment === undefined) throw new Error("--from needs --environment NAME");
  if (key.length === 0)
    throw new Error("--from needs --key, the public key whose signatures count");
  return {
    machine: nameOf(options),
    tags: tagsOf(options),
    environment,
    keys: key.map(parsePublicKey),
    threshold,
    policyKeys: options.policyKey.map(parsePublicKey),
    source,
    pollMs: usualPollMs,
  };
}

function nameOf({ name }: AgentOptions): string {
  return (name ?? hostname()).toLowerCase();
}

function tagsOf({ tag }: AgentOptions): Readonly<Record<string, string>> {
  return Object.fromEntries(
    tag.map((text) => {
      const [key = "", ...value] = text.split("=");
      if (key === "" || value.length === 0) throw new Error(`--tag ${text}: write KEY=VALUE`);
      return [key, value.join("=")];
    }),
  );
}
