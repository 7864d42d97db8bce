// The file of a policy: who may deploy what to an environment, as people write it.
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { parsedToml } from "../toml-text.ts";

const names = z.array(z.string().min(1)).default([]);

const schema = z.strictObject({
  administrators: z.array(z.string()).min(1).optional(),
  quorum: z.int().min(1).optional(),
  days: z.number().positive().optional(),
  rules: z
    .array(
      z.strictObject({
        services: names,
        people: names,
        keys: names,
        approvals: z.int().min(0).optional(),
      }),
    )
    .default([]),
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
export async function readPolicyFile(path: string): Promise<PolicyFile> {
  const text = await readFile(path, "utf8").catch((cause: Error) => {
    throw new Error(`${path} cannot be read: ${cause.message}`, { cause });
  });
  return parsePolicyFile(text, path);
}

/** Reads the text of such a file; `shownPath` is how messages call it. */
export function parsePolicyFile(text: string, shownPath: string): PolicyFile {
  const result = schema.safeParse(parsedToml(text, shownPath));
  if (!result.success) {
    const [issue] = result.error.issues;
    const place = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
    throw new Error(`${shownPath}: ${place}${issue?.message ?? "not accepted"}`);
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
