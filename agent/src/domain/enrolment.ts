// How a machine becomes one of an environment, and what it remembers of it.
import {
  type Architecture,
  isLabel,
  isMachineName,
  type PublicKey,
  parsePublicKey,
  publicKeyLine,
  type SecretKey,
  type Tags,
} from "@stoa/deployment";
import { AgentFailure } from "./agent-failure.ts";

/** From where a machine learns what should run. */
export type SourcePlace =
  | { readonly kind: "folder"; readonly path: string }
  /** As `parseBucketUrl` of the room blobs reads it. Credentials are found in the environment, or on the machine. */
  | { readonly kind: "bucket"; readonly url: string }
  | { readonly kind: "http"; readonly url: string; readonly machineToken: string | undefined };

/** What a machine remembers from one start of the agent to the next. */
export interface Enrolment {
  readonly machine: string;
  readonly tags: Tags;
  readonly environment: string;
  readonly keys: readonly PublicKey[];
  readonly threshold: number;
  /** Keys of which one must have signed the first policy that counts; none: whoever signs indexes. */
  readonly policyKeys: readonly PublicKey[];
  readonly source: SourcePlace;
  readonly pollMs: number;
}

/** What a machine says when it joins. */
export interface JoinRequest {
  readonly token: string;
  readonly machine: string;
  readonly tags: Tags;
  /** It registers the public half, and proves that it holds the other. */
  readonly key: SecretKey;
  readonly os: "linux";
  readonly arch: Architecture;
  readonly agentVersion: string;
}

/** What it is told. */
export interface Joined {
  readonly machineToken: string;
  /** The line of the public key whose signatures count. */
  readonly rootKey: string;
  readonly environment: string;
  /** What the machine said, and what its join token adds. */
  readonly tags: Tags;
  readonly pollMs: number;
  /** The lines of the keys of the environment's settings. */
  readonly settingsKeys: readonly string[];
}

/** Where machines join. */
export interface EnrolmentDesk {
  /** Fails with `bad_request` where it is refused, with `source_unavailable` where nobody answers. */
  join(request: JoinRequest): Promise<Joined>;
}

/** The enrolment as it is kept. It holds the machine's token: the file is for its owner alone. */
export function enrolmentText({ keys, policyKeys, ...rest }: Enrolment): string {
  const lines = { keys: keys.map(publicKeyLine), policyKeys: policyKeys.map(publicKeyLine) };
  return `${JSON.stringify({ format: 1, ...rest, ...lines }, null, 2)}\n`;
}

/** Reads what `enrolmentText` wrote. Fails with a sentence that names the file. */
export function parseEnrolment(text: string, path: string): Enrolment {
  try {
    // Machines that joined before there were policies know no keys of theirs.
    const { format, keys, policyKeys = [], ...rest } = JSON.parse(text);
    const parsed = { keys: keys.map(parsePublicKey), policyKeys: policyKeys.map(parsePublicKey) };
    if (format === 1) return checkedEnrolment({ ...rest, ...parsed });
  } catch (cause) {
    throw damaged(path, cause);
  }
  throw damaged(path);
}

/** Refuses names that cannot be, and a machine that believes nobody. */
export function checkedEnrolment(enrolment: Enrolment): Enrolment {
  const { machine, environment, keys, threshold } = enrolment;
  if (!isMachineName(machine)) {
    throw refused(
      `a machine cannot be called ${JSON.stringify(machine)}; choose lower-case letters, digits, dots and hyphens with --name`,
    );
  }
  if (!isLabel(environment)) {
    throw refused(
      `an environment cannot be called ${JSON.stringify(environment)}; choose lower-case letters, digits and hyphens`,
    );
  }
  if (!Number.isInteger(threshold) || threshold < 1 || threshold > keys.length) {
    throw refused(
      `${threshold} signatures are asked for and ${keys.length} keys are known; name the public keys that count with --key`,
    );
  }
  return enrolment;
}

function damaged(path: string, cause?: unknown): AgentFailure {
  return new AgentFailure(
    "bad_request",
    `${path} is damaged; remove it and join again: stoa agent --server URL --join TOKEN`,
    cause,
  );
}

function refused(sentence: string): AgentFailure {
  return new AgentFailure("bad_request", sentence);
}
