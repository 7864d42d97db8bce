// The file of a policy: who may deploy what to an environment, as people write it.
import { z } from "zod";
import { readNamedFile } from "../config/unreadable-file.ts";
import { refusedKey } from "../refused-key.ts";
import { parsedToml } from "../toml-text.ts";

const names = z.array(z.string().min(1)).default([]);

const ruleSchema = z.strictObject({
  services: names,
  people: names,
  keys: names,
  approvals: z.int().min(0).optional(),
});

const schema = z.strictObject({
  administrators: z.array(z.string()).min(1).optional(),
  quorum: z.int().min(1).optional(),
  days: z.number().positive().optional(),
  rules: z.array(ruleSchema).default([]),
});

/** What the file says, as the control plane is asked for it. */
export interface PolicyFile {
  readonly administrators?: readonly string[];
  readonly quorum?: number;
  readonly lifetimeMs?: number;
  readonly rules: readonly {
    readonly services: readonly string[];
    readonly people: readonly string[];
    readonly keys: readonly string[];
    readonly approvals: number;
  }[];
}

const dayMs = 24 * 3_600_000;

/** Reads the file. Throws a sentence that names it and the place. */
export function readPolicyFile(path: string): PolicyFile {
  return parsePolicyFile(readNamedFile(path), path);
}

/** Reads the text of such a file; `shownPath` is how messages call it. */
export function parsePolicyFile(text: string, shownPath: string): PolicyFile {
  const result = schema.safeParse(parsedToml(text, shownPath));
  if (!result.success) {
    throw refusedKey(result.error, shownPath, (table) =>
      Object.keys(table === "" ? schema.shape : ruleSchema.shape),
    );
  }
  const { administrators, quorum, days, rules } = result.data;
  return {
    ...(administrators === undefined ? {} : { administrators }),
    ...(quorum === undefined ? {} : { quorum }),
    ...(days === undefined ? {} : { lifetimeMs: Math.round(days * dayMs) }),
    // Who names keys wants one of them to sign.
    rules: rules.map(({ approvals, ...rule }) => ({
      ...rule,
      approvals: approvals ?? (rule.keys.length > 0 ? 1 : 0),
    })),
  };
}
