// stoa lint
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import {
  type Diagnostic,
  findAppspec,
  formatDiagnostic,
  hasErrors,
} from "@stoa/deployment/appspec";
import { readGivenBundle } from "../building/given-bundle.ts";
import { diagnosticsOf } from "../building/lint-files.ts";
import { limitWarnings, readServiceFile } from "../building/service-file.ts";
import { give, giveJson, say } from "../delivery/terminal.ts";
import type { CommandPlace } from "./deploy.ts";

/** Looks at a bundle, or at stoa.toml and the appspec.yml of the folder. Throws a sentence if anything is wrong. */
export async function lint(
  { folder }: CommandPlace,
  bundle: string | undefined,
  json: boolean,
): Promise<void> {
  const warnings = bundle === undefined ? limitWarnings(await readServiceFile(folder)) : [];
  if (bundle === undefined) await checkNotEmpty(folder);
  const place = resolve(folder, bundle ?? ".");
  const { name, diagnostics } = await lintPlace(place, bundle !== undefined);
  for (const warning of warnings) say(`stoa.toml: ${warning}`);
  if (json) giveJson(diagnostics);
  else for (const diagnostic of diagnostics) give(formatDiagnostic(name, diagnostic));
  if (hasErrors(diagnostics)) throw new Error(`${name} must be mended before it can be deployed`);
  if (!json) give(`${bundle ?? basename(folder)} is in order`);
}

interface Linted {
  readonly name: string;
  readonly diagnostics: readonly Diagnostic[];
}

async function lintPlace(place: string, isBundle: boolean): Promise<Linted> {
  if (!isBundle && !(await hasAppspec(place))) return { name: "stoa.toml", diagnostics: [] };
  const temporary = await mkdtemp(join(tmpdir(), "stoa-lint-"));
  try {
    const files = await readGivenBundle(place, temporary);
    const name = findAppspec(files.map(({ path }) => path));
    if (name === undefined) throw new Error(`${place} has no appspec.yml`);
    return { name, diagnostics: await diagnosticsOf(files, name) };
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function hasAppspec(folder: string): Promise<boolean> {
  return await hasAny(folder, ["appspec.yml", "appspec.yaml"]);
}

/** Throws a sentence where nothing is that could be deployed: it is probably another folder that is meant. */
async function checkNotEmpty(folder: string): Promise<void> {
  if (await hasAny(folder, ["go.mod", "stoa.toml", "appspec.yml", "appspec.yaml"])) return;
  throw new Error(
    `there is no go.mod, stoa.toml or appspec.yml in ${folder}; go to the folder of a service, or name a bundle: stoa lint FILE.zip`,
  );
}

async function hasAny(folder: string, names: readonly string[]): Promise<boolean> {
  const found = await Promise.all(
    names.map((name) => stat(join(folder, name)).catch(() => undefined)),
  );
  return found.some((one) => one !== undefined);
}
