// Preloaded into processes (`--import`): on SIGUSR2 one writes down what it has loaded. LOADED_MODULES names the folder.
import { renameSync, writeFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { join } from "node:path";
import process from "node:process";

/** What a process has loaded. */
export interface LoadedModules {
  /** The words it was started with. */
  readonly words: readonly string[];
  /** The addresses of files: ours, and those that ours have asked for. */
  readonly modules: readonly string[];
  /** Parts of Node, by Node's own names for them. */
  readonly builtins: readonly string[];
}

const folder = process.env["LOADED_MODULES"];
if (folder !== undefined) record(folder);

function record(into: string): void {
  const modules = new Set<string>();
  registerHooks({
    resolve: (specifier, context, next) => {
      const found = next(specifier, context);
      const isTheirs = context.parentURL?.includes("/node_modules/") === true;
      if (found.url.startsWith("file:") && !isTheirs) modules.add(found.url);
      return found;
    },
  });
  process.on("SIGUSR2", () => {
    const builtins = (process as unknown as { moduleLoadList: readonly string[] }).moduleLoadList;
    const loaded: LoadedModules = {
      words: process.argv.slice(2),
      modules: [...modules],
      builtins: [...builtins],
    };
    const path = join(into, `${process.pid}.json`);
    writeFileSync(`${path}.new`, JSON.stringify(loaded));
    renameSync(`${path}.new`, path);
  });
}
