// stoa.toml: what a team says about its service where the defaults do not fit. Every key may be left out.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, TomlError } from "smol-toml";
import { z } from "zod";

/** The name under which the file is looked for, beside go.mod. */
const serviceFileName = "stoa.toml";

const name = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "should be of a-z, 0-9 and -, such as shop-api");

const duration = z
  .string()
  .regex(/^[0-9]+(\.[0-9]+)?(ms|s|m)$/, 'should be a duration such as "500ms", "30s" or "2m"')
  .transform(milliseconds);

const healthSchema = z.strictObject({
  path: z.string().startsWith("/", "should be a path such as /healthz"),
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
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string())
    .default({}),
  health: z
    .union([
      z
        .string()
        .startsWith("/")
        .transform((path) => ({ path })),
      z.looseObject({}),
    ])
    .pipe(healthSchema)
    .optional(),
  start_within: duration.default(60_000),
  hold: duration.default(500),
  readiness: z.enum(["fd", "notify", "health", "none"]).optional(),
  hand_off: z.enum(["overlap", "restart", "sigusr2", "goagain", "grace-shim"]).optional(),
  drain: duration.default(30_000),
  user: z.string().min(1).optional(),
  machines: z.record(z.string(), z.union([z.string(), z.array(z.string())])).default({}),
  strategy: z.string().optional(),
  bake: duration.optional(),
});

/** What the file says, with defaults for what it leaves out. */
export type ServiceFile = z.output<typeof schema>;

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
  const [issue] = result.error.issues;
  if (issue?.code === "unrecognized_keys") {
    const known = Object.keys(schema.shape).join(", ");
    throw new Error(`${shownPath}: there is no key ${issue.keys.join(", ")}; there are ${known}`);
  }
  throw new Error(`${shownPath}: ${issue?.path.join(".")}: ${issue?.message ?? "not accepted"}`);
}

function parsedToml(text: string, shownPath: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const [sentence = cause.message] = cause.message
      .replace(/^Invalid TOML document: /, "")
      .split("\n");
    throw new Error(`${shownPath}:${cause.line}:${cause.column}: ${sentence}`, { cause });
  }
}

function milliseconds(text: string): number {
  const unit = { ms: 1, s: 1_000, m: 60_000 };
  const [, number = "0", suffix = "s"] = /^([0-9.]+)(ms|s|m)$/.exec(text) ?? [];
  return Math.round(Number(number) * unit[suffix as keyof typeof unit]);
}
