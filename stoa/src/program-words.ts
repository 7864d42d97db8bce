// How this very program is started once more.
import process from "node:process";
import { isSea } from "node:sea";

/** The words before the command's own. In the single executable there is no script to name. */
export function programWords(): readonly [program: string, ...script: string[]] {
  const script = process.argv[1];
  return isSea() || script === undefined ? [process.execPath] : [process.execPath, script];
}
