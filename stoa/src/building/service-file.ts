// stoa.toml: what a team says about its service where the defaults do not fit. Every key may be left out.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseStrategy } from "@stoa/deployment";
import { z } from "zod";
import { refusedKey } from "../refused-key.ts";
import { parsedToml } from "../toml-text.ts";

/** The name under which the file is looked for, beside go.mod. */
const serviceFileName = "stoa.toml";

const name = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "must be of a-z, 0-9 and -, such as shop-api");

const duration = z
  .string()
  .regex(/^[0-9]+(\.[0-9]+)?(ms|s|m)$/, 'must be a duration such as "500ms", "30s" or "2m"')
  .transform(milliseconds);

const size = z
  .string()
  .regex(/^[1-9][0-9]*(KiB|MiB|GiB)$/, 'must be a size such as "512MiB" or "2GiB"')
  .transform(bytes);

const limitsSchema = z.strictObject({
  memory: size.optional(),
  cpu: z
    .string()
    .regex(/^[1-9][0-9]{0,5}%$/, 'must be a share of one processor, such as "50%" or "200%"')
    .transform((text) => Number.parseInt(text, 10))
    .optional(),
  files: z.int().min(16).optional(),
  processes: z.int().min(1).optional(),
});

const healthSchema = z.strictObject({
  path: z.string().startsWith("/", "must be a path such as /healthz"),
  interval: duration.default(500),
  timeout: duration.default(2_000),
  healthy_after: z.int().min(1).default(2),
});

const schema = z.strictObject({
  service: name.optional(),
  environment: name.optional(),
  main: z.string().optional(),
  port: z.int().min(0).max(65_535).optional(),
  arguments: z.array(z.string()).default([]),
  environment_variables: z
    .record(z.string(), z.string())
    .refine((variables) => Object.keys(variables).every(isVariable), {
      error: "must have names of letters, digits and _, such as LOG_LEVEL",
    })
    .default({}),
  health: z
    .union([z.string().transform((path) => ({ path })), z.looseObject({})], {
      error: 'must be a path such as "/healthz", or a table with a path',
    })
    .pipe(healthSchema)
    .optional(),
  start_within: duration.default(60_000),
  hold: duration.default(500),
  readiness: z.enum(["fd", "notify", "health", "none"]).optional(),
  hand_off: z.enum(["overlap", "restart", "sigusr2", "goagain", "grace-shim"]).optional(),
  drain: duration.default(30_000),
  user: z.string().min(1).optional(),
  limits: limitsSchema.default({}),
  machines: z
    .record(
      z.string(),
      z.union([z.string(), z.array(z.string())], {
        error: 'must be a tag\'s value, or a list of them, such as ["web", "api"]',
      }),
    )
    .default({}),
  strategy: z
    .string()
    .refine(isStrategy, {
      error: "must be one-at-a-time, all-at-once, half, 25%, minimum-healthy:6 or canary:1:half",
    })
    .optional(),
  bake: duration.optional(),
});

/** What the file says, with defaults for what it leaves out. */
export type ServiceFile = z.output<typeof schema>;

/**
 * Which of the limits do not hold, or less, where no systemd runs the processes: sentences for whoever deploys. Authority:
 * getrlimit(2).
 */
export function limitWarnings({ limits, user }: ServiceFile): readonly string[] {
  const warnings: string[] = [];
  if (limits.cpu !== undefined) {
    warnings.push("limits.cpu holds only where systemd runs the processes");
  }
  if (limits.memory !== undefined) {
    warnings.push(
      "limits.memory bounds the service with its children where systemd runs them, and elsewhere each process for itself",
    );
  }
  if (limits.processes !== undefined) {
    warnings.push(
      user === undefined
        ? "limits.processes holds only where systemd runs the processes: elsewhere root is not bound by it; name a user"
        : `limits.processes counts those of the service where systemd runs them, and elsewhere all of ${user}`,
    );
  }
  return warnings;
}

/** Reads the file of a folder; all defaults if there is none. Throws a sentence that names the key and the file. */
export async function readServiceFile(folder: string): Promise<ServiceFile> {
  const path = join(folder, serviceFileName);
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return "";
    throw new Error(`${path} cannot be read: ${cause.message}`, { cause });
  });
  return parseServiceFile(text, path);
}

/** Reads the text of such a file; `shownPath` is how messages call it. */
export function parseServiceFile(text: string, shownPath: string): ServiceFile {
  const result = schema.safeParse(parsedToml(text, shownPath));
  if (result.success) return result.data;
  throw refusedKey(result.error, shownPath, (table) =>
    Object.keys({ limits: limitsSchema, health: healthSchema }[table]?.shape ?? schema.shape),
  );
}

function isStrategy(text: string): boolean {
  try {
    parseStrategy(text);
    return true;
  } catch {
    return false;
  }
}

function isVariable(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(text);
}

function bytes(text: string): number {
  const shift = { K: 10, M: 20, G: 30 };
  const [, number = "0", unit = "K"] = /^([0-9]+)([KMG])/.exec(text) ?? [];
  return Number(number) * 2 ** shift[unit as keyof typeof shift];
}

function milliseconds(text: string): number {
  const unit = { ms: 1, s: 1_000, m: 60_000 };
  const [, number = "0", suffix = "s"] = /^([0-9.]+)(ms|s|m)$/.exec(text) ?? [];
  return Math.round(Number(number) * unit[suffix as keyof typeof unit]);
}
