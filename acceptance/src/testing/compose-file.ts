// packaging/compose.yaml as data, and where its containers' paths lie on this machine.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "yaml";
import { repositoryRoot } from "./repository.ts";

/** The words of a compose file that are looked at. */
export interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

export interface Service {
  readonly image?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: readonly string[] | Readonly<Record<string, unknown>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly stop_grace_period?: string;
}

/** Of Stoa. */
export const instances = ["stoa-1", "stoa-2", "stoa-3"] as const;

export async function composeFile(): Promise<Compose> {
  const text = await readFile(join(repositoryRoot, "packaging", "compose.yaml"), "utf8");
  return parse(text, { merge: true }) as Compose;
}

/** A path of a container as this machine has it; named volumes are folders in `named`. `undefined` if it is in none. */
export function pathOutside(
  { volumes = [] }: Service,
  path: string,
  named: string,
): string | undefined {
  for (const mount of volumes) {
    const [source = "", target = ""] = mount.split(":");
    if (path !== target && !path.startsWith(`${target}/`)) continue;
    const base = source.startsWith(".")
      ? join(repositoryRoot, "packaging", source)
      : join(named, source);
    return join(base, path.slice(target.length));
  }
  return undefined;
}
