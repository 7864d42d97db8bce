// What the API accepts and gives of policies and approvals.
import { z } from "zod";

const dayMs = 24 * 3_600_000;
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
        .max(10 * 366 * dayMs)
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
