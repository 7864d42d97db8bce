#!/usr/bin/env node
// The `stoa` command of a clone: the program on the pinned Node, whatever Node called it.
import process from "node:process";
import { fileURLToPath } from "node:url";
import { installOnce, runPinned } from "../../scripts/runtime.mjs";

try {
  installOnce();
  await runPinned(fileURLToPath(new URL("../src/main.ts", import.meta.url)), process.argv.slice(2));
} catch (failure) {
  process.stderr.write(`stoa: ${failure.message}\n`);
  process.exitCode = 1;
}
