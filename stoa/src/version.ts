// Which version of the program this is.
import { readFileSync } from "node:fs";

const { version } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
) as { version: string };

/** The version, as in the package's description. */
export const programVersion: string = version;
