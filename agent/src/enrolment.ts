// Enrolling this machine: its key, its name, and what it remembers.
import { arch } from "node:os";
import {
  type Architecture,
  makeSecretKey,
  type PublicKey,
  parsePublicKey,
  parseSecretKey,
  parseSettingsKey,
  type SecretKey,
  secretKeyFile,
  settingsKeyLine,
  type Tags,
} from "@stoa/deployment";
import { httpEnrolment } from "./adapters/http-source/http-enrolment.ts";
import { nodeDisk } from "./adapters/node-disk/node-disk.ts";
import { AgentFailure } from "./domain/agent-failure.ts";
import {
  checkedEnrolment,
  type Enrolment,
  enrolmentText,
  parseEnrolment,
} from "./domain/enrolment.ts";
import { layoutOf } from "./domain/layout.ts";

/** What a machine needs to join. */
export interface JoinOrder {
  readonly root: string;
  readonly url: string;
  readonly token: string;
  readonly machine: string;
  readonly tags: Tags;
  /** Keys of which one must have signed the first policy that counts; none: whoever signs indexes. */
  readonly policyKeys: readonly PublicKey[];
  readonly agentVersion: string;
}

/** Joins an environment at a control plane and remembers it. Joining again with the same key is fine. */
export async function joinMachine(order: JoinOrder): Promise<Enrolment> {
  const { root, token, machine, tags, policyKeys, agentVersion } = order;
  const url = order.url.replace(/\/+$/, "");
  const key = await machineKeyOf(root);
  const joined = await httpEnrolment(url).join({
    token,
    machine,
    tags,
    agentVersion,
    key,
    os: "linux",
    arch: machineArchitecture(),
  });
  const { machineToken, environment, pollMs } = joined;
  await keepSettingsKeys(root, joined.settingsKeys);
  return await keepEnrolment(root, {
    machine,
    tags: joined.tags,
    environment,
    pollMs,
    keys: [parsePublicKey(joined.rootKey)],
    threshold: 1,
    policyKeys,
    source: { kind: "http", url, machineToken },
  });
}

/** Remembers an enrolment, durably. */
export async function keepEnrolment(root: string, enrolment: Enrolment): Promise<Enrolment> {
  await nodeDisk.replace(
    layoutOf(root).enrolmentPath,
    enrolmentText(checkedEnrolment(enrolment)),
    0o600,
  );
  return enrolment;
}

/** Remembers the keys of the environment's settings, given as lines. Throws a sentence if one is none. */
export async function keepSettingsKeys(root: string, lines: readonly string[]): Promise<void> {
  const checked = lines.map((line) => settingsKeyLine(parseSettingsKey(line)));
  await nodeDisk.replace(
    layoutOf(root).settingsKeysPath,
    checked.map((line) => `${line}\n`).join(""),
    0o600,
  );
}

/** What this machine remembers; undefined if it has never joined. */
export async function readEnrolment(root: string): Promise<Enrolment | undefined> {
  const { enrolmentPath } = layoutOf(root);
  const bytes = await nodeDisk.read(enrolmentPath);
  return bytes === undefined
    ? undefined
    : parseEnrolment(Buffer.from(bytes).toString(), enrolmentPath);
}

/** The key with which this machine signs what it reports; made when it is first asked for. */
export async function machineKeyOf(root: string): Promise<SecretKey> {
  const { machineKeyPath } = layoutOf(root);
  const bytes = await nodeDisk.read(machineKeyPath);
  if (bytes !== undefined) return parseSecretKey(Buffer.from(bytes).toString());
  const key = makeSecretKey();
  await nodeDisk.replace(machineKeyPath, secretKeyFile(key), 0o600);
  return key;
}

const goNames: Readonly<Record<string, Architecture>> = {
  x64: "amd64",
  ia32: "386",
  arm: "arm",
  arm64: "arm64",
  loong64: "loong64",
  ppc64: "ppc64le",
  riscv64: "riscv64",
  s390x: "s390x",
};

/** The architecture of this machine, by Go's name. */
export function machineArchitecture(): Architecture {
  const found = goNames[arch()];
  if (found !== undefined) return found;
  throw new AgentFailure(
    "bad_request",
    `Stoa does not know how to call the architecture ${arch()}`,
  );
}
