// A log of loose files: lines that are appended, and what is left of them.
import { crc32 } from "node:zlib";
import { checkModuleVersion, type ModuleVersion, parseModulePath, parseVersion } from "@stoa/gomod";
import type { LooseKind } from "../../domain/loose-files.ts";

/** A loose file as a log has it. */
export interface LoggedFile {
  readonly module: ModuleVersion;
  readonly kind: LooseKind;
  readonly bytes: Uint8Array;
}

/** The line of a file that came. */
export function lineOfFile({ module, kind, bytes }: LoggedFile): Uint8Array {
  const { path, version } = module;
  return line({ path, version, kind, bytes: Buffer.from(bytes).toString("base64") });
}

/** The line that takes back what was said of a version before. */
export function lineOfRemoval({ path, version }: ModuleVersion): Uint8Array {
  return line({ path, version });
}

/**
 * The files that were not taken back; of two with one name the first. A line that is not whole counts for nothing: a full
 * disk, a kill or a power cut may have torn it.
 */
export function filesIn(log: Uint8Array): readonly LoggedFile[] {
  const files = new Map<string, LoggedFile>();
  for (const text of Buffer.from(log.buffer, log.byteOffset, log.length).toString().split("\n")) {
    const said = parse(text);
    if (said === undefined) continue;
    const { module, kind, bytes } = said;
    const name = `${module.path}@${module.version}`;
    if (kind === undefined || bytes === undefined) {
      files.delete(`${name} info`);
      files.delete(`${name} mod`);
    } else if (!files.has(`${name} ${kind}`)) {
      files.set(`${name} ${kind}`, { module, kind, bytes });
    }
  }
  return [...files.values()];
}

/** It begins with a line break, too, so that a torn line before it spoils nothing. */
function line(said: Readonly<Record<string, string>>): Uint8Array {
  const text = JSON.stringify(said);
  return Buffer.from(`\n${sumOf(text)} ${text}\n`);
}

function parse(text: string): (Pick<LoggedFile, "module"> & Partial<LoggedFile>) | undefined {
  const said = text.slice(9);
  if (said === "" || text.slice(0, 9) !== `${sumOf(said)} `) return undefined;
  const { path, version, kind, bytes } = JSON.parse(said) as Readonly<
    Record<string, string | undefined>
  >;
  const module = { path: parseModulePath(path ?? ""), version: parseVersion(version ?? "") };
  checkModuleVersion(module.path, module.version);
  if (kind !== "info" && kind !== "mod") return { module };
  return { module, kind, bytes: Buffer.from(bytes ?? "", "base64") };
}

function sumOf(text: string): string {
  return crc32(text).toString(16).padStart(8, "0");
}
