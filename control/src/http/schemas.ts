// What the API accepts and gives, as schemas.
import { architectures } from "@stoa/deployment";
import { z } from "zod";
import { roles } from "../domain/access.ts";

const texts = z.record(z.string(), z.string());

export const sha256Schema = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in 64 lower-case hex digits");

export const serverSchema = z.object({
  product: z.literal("stoa"),
  version: z.string(),
  /** The path under which the module proxy is found; empty for the root. */
  goproxyPath: z.string(),
  rootKey: z.string(),
});

export const challengeRequestSchema = z.strictObject({ token: z.string() });

export const challengeSchema = z.object({
  challenge: z.string(),
  /** The server's time, which is signed. */
  at: z.string(),
  environment: z.string(),
});

export const joinSchema = z.strictObject({
  token: z.string(),
  machine: z.string(),
  tags: texts.default({}),
  publicKey: z.string(),
  os: z.string(),
  arch: z.string(),
  agentVersion: z.string().default(""),
  challenge: z.string(),
  /** The signature under all of this, in minisign's format. */
  proof: z.string(),
});

export const joinedSchema = z.object({
  machineToken: z.string(),
  rootKey: z.string(),
  environment: z.string(),
  /** Those that it came with, and those of the join token. */
  tags: texts,
  pollMs: z.int(),
  settingsKeys: z.array(z.string()),
});

/** Keys of settings, as lines, the newest first. */
export const settingsKeysSchema = z.object({ settingsKeys: z.array(z.string()) });

const serviceStatusSchema = z.object({
  desired: z.string().optional(),
  running: z.string().optional(),
  state: z.string(),
  step: z.string().optional(),
  sentence: z.string(),
  since: z.string(),
  restarts: z.int(),
  health: z.string(),
  addresses: texts.optional(),
  lastLines: z.array(z.string()).optional(),
});

export const machineSchema = z.object({
  machine: z.string(),
  environment: z.string(),
  tags: texts,
  os: z.string(),
  arch: z.string(),
  joinedAt: z.string(),
  reachable: z.boolean(),
  heardAt: z.string().optional(),
  agentVersion: z.string().optional(),
  seenSerial: z.int().optional(),
  /** `store`: it reads the store of documents itself, and says there how it is. */
  via: z.literal("store").optional(),
  services: z.record(z.string(), serviceStatusSchema),
});

export const storeMachineSchema = z.strictObject({
  machine: z.string(),
  environment: z.string().default("production"),
  tags: texts.default({}),
  arch: z.enum(architectures).default("amd64"),
  /** The machine's own minisign public key. */
  publicKey: z.string(),
});

export const whySchema = machineSchema.extend({ decisions: z.array(z.string()) });

const tagQuerySchema = z.array(
  z
    .array(z.strictObject({ key: z.string().exactOptional(), value: z.string().exactOptional() }))
    .min(1),
);

const longestMs = 24 * 3_600_000;

export const rolloutRequestSchema = z.strictObject({
  revision: z
    .string()
    .regex(
      /^[0-9a-f]{8,64}$/,
      "must be the id of a revision, or eight of its digits or more: stoa history shows them",
    ),
  kind: z.enum(["deploy", "rollback"]).default("deploy"),
  /** A promotion: the environment that must run just this revision, and run it well. */
  from: z.string().optional(),
  reason: z.string().max(500).default(""),
  /** all-at-once, half, one-at-a-time, 25%, minimum-healthy:6, minimum-healthy:40%, canary:1:half */
  strategy: z.string().optional(),
  selector: tagQuerySchema.optional(),
  stopAt: z.enum(["first-failure", "health-floor"]).optional(),
  /** Whether machines that were touched go back when it fails. */
  rollBack: z.boolean().optional(),
  bakeMs: z.int().min(0).max(longestMs).optional(),
  /** How long a machine may take. */
  deadlineMs: z.int().min(1_000).max(longestMs).optional(),
});

export const rolloutSchema = z.object({
  id: z.string(),
  environment: z.string(),
  service: z.string(),
  revision: z.string(),
  version: z.string(),
  previous: z.string().optional(),
  kind: z.string(),
  owner: z.string(),
  reason: z.string(),
  strategy: z.string(),
  state: z.enum([
    "rolling",
    "baking",
    "rolling-back",
    "succeeded",
    "failed",
    "rolled-back",
    "cancelled",
  ]),
  held: z.boolean(),
  sentence: z.string(),
  startedAt: z.string(),
  endedAt: z.string().optional(),
  waves: z.array(z.array(z.string())),
  waiting: z.array(z.string()),
  machines: z.record(
    z.string(),
    z.object({
      state: z.string(),
      since: z.string(),
      step: z.string().optional(),
      sentence: z.string().optional(),
      lastLines: z.array(z.string()).optional(),
    }),
  ),
  notes: z.array(
    z.object({
      number: z.int(),
      at: z.string(),
      machine: z.string().optional(),
      sentence: z.string(),
    }),
  ),
  /** The service was removed after it. */
  removed: z.object({ at: z.string(), owner: z.string(), reason: z.string() }).optional(),
});

export const startedSchema = z.object({ rollout: rolloutSchema, unchanged: z.boolean() });

export const serviceSchema = z.object({
  service: z.string(),
  environment: z.string(),
  revision: z.string(),
  version: z.string(),
  rollout: z.string(),
  /** How many machines run it, of how many that should. */
  running: z.int(),
  machines: z.int(),
  state: z.string(),
  /** When its last rollout began. */
  since: z.string(),
  /** Where it is found, if that can be told. */
  url: z.string().optional(),
});

export const tokenSchema = z.object({
  id: z.string(),
  kind: z.string(),
  name: z.string(),
  role: z.enum(roles).optional(),
  environment: z.string().optional(),
  tags: texts.optional(),
  madeAt: z.string(),
  notAfter: z.string().optional(),
});

export const madeTokenSchema = tokenSchema.extend({ token: z.string() });

const hour = 3_600_000;

export const tokenRequestSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("person"),
    name: z.string().min(1).max(100),
    role: z.enum(roles),
    lifetimeMs: z.int().min(1).optional(),
  }),
  z.strictObject({
    kind: z.literal("join"),
    environment: z.string().default("production"),
    tags: texts.default({}),
    lifetimeMs: z
      .int()
      .min(1)
      .max(30 * 24 * hour)
      .default(hour),
  }),
]);

export const logLineSchema = z.strictObject({
  service: z.string(),
  revision: z.string(),
  at: z.string(),
  stream: z.enum(["stdout", "stderr", "agent"]),
  text: z.string(),
});

export const settingsRequestSchema = z.strictObject({
  set: texts.default({}),
  unset: z.array(z.string()).default([]),
});

const keyLines = z.array(z.string()).max(100);
const serviceNames = z.array(z.string()).max(1_000).default([]);

const ruleSchema = z.strictObject({
  /** None: all that no rule before this one is about. */
  services: serviceNames,
  /** Names of the owners of tokens; none: everybody with the role. */
  people: z.array(z.string().min(1)).max(1_000).default([]),
  /** Public keys that may approve revisions. */
  keys: keyLines.default([]),
  /** So many of them must have. */
  approvals: z.int().min(0).default(0),
});

export const policyWishSchema = z.strictObject({
  /** Of the policy that was looked at; 0 for none. */
  serial: z.int().min(0),
  reason: z.string().max(500).default(""),
  change: z.discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("set"),
      rules: z.array(ruleSchema).max(1_000),
      administrators: keyLines.min(1).optional(),
      quorum: z.int().min(1).optional(),
      lifetimeMs: z
        .int()
        .min(60_000)
        .max(10 * 366 * 24 * hour)
        .optional(),
    }),
    z.strictObject({
      kind: z.literal("freeze"),
      until: z.iso.datetime().optional(),
      services: serviceNames,
    }),
    z.strictObject({ kind: z.literal("thaw") }),
    z.strictObject({ kind: z.literal("override"), service: z.string(), revision: z.string() }),
    z.strictObject({ kind: z.literal("renew") }),
  ]),
});

export const policyDraftSchema = z.object({ envelope: z.string() });

/** A document that was signed elsewhere. */
export const signedSchema = z.strictObject({
  envelope: z.string().max(1 << 20),
  reason: z.string().max(500).default(""),
});

/** `settings` is what the approval names: see `settingsDigest`. */
export const signedApprovalSchema = signedSchema.extend({ settings: z.hash("sha256").optional() });

export const policySchema = z.object({
  serial: z.int(),
  /** The ids of the keys that have signed it. */
  signers: z.array(z.string()),
  policy: z.record(z.string(), z.unknown()).optional(),
  envelope: z.string().optional(),
  /** What runs and would be refused by a machine that joins today. */
  unready: z.array(z.string()),
});

export const approversSchema = z.object({
  /** The ids of their keys. */
  approvers: z.array(z.string()),
  /** So many must have approved. */
  wanted: z.int(),
});

export const approvedSchema = approversSchema.extend({
  /** The digest of the settings that go with the revision, which an approval names; absent without any. */
  settings: z.string().optional(),
  /** The names of those settings. */
  names: z.array(z.string()),
});
