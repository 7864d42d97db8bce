// What a process that tests have started has loaded, asked for by a signal.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { until } from "./bounded-wait.ts";
import type { LoadedModules } from "./loaded-modules.ts";

/** The address of the file that a process is to load first. */
export const loadRecorder = pathToFileURL(join(import.meta.dirname, "loaded-modules.ts")).href;

/** The variables of a process that can be asked. It writes its answers into `folder`. */
export function recordingLoads(
  folder: string,
): Readonly<Record<"NODE_OPTIONS" | "LOADED_MODULES", string>> {
  return { NODE_OPTIONS: `--import=${loadRecorder}`, LOADED_MODULES: folder };
}

/** What a process has loaded by now. */
export async function loadedBy(pid: number, folder: string): Promise<LoadedModules> {
  const file = join(folder, `${pid}.json`);
  process.kill(pid, "SIGUSR2");
  return await until(`${file} to be written`, async () => {
    const text = await readFile(file, "utf8").catch(() => undefined);
    return text === undefined ? undefined : (JSON.parse(text) as LoadedModules);
  });
}

/** The packages that our files have asked for, in alphabetical order. */
export function packagesOf({ modules }: LoadedModules): readonly string[] {
  return uniqueOf(modules, /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//);
}

/** What the pattern takes from these texts, each once, in alphabetical order. */
export function uniqueOf(texts: readonly string[], pattern: RegExp): readonly string[] {
  return [...new Set(texts.flatMap((text) => pattern.exec(text)?.[1] ?? []))].toSorted();
}
