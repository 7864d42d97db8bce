// node scripts/run.mjs FILE [ARGUMENT …]: runs FILE on the pinned Node, installing first what is missing.
import { resolve } from "node:path";
import process from "node:process";
import { installOnce, runPinned } from "./runtime.mjs";

try {
  installOnce();
  const [file = "", ...args] = process.argv.slice(2);
  await runPinned(resolve(file), args);
} catch (failure) {
  process.stderr.write(`stoa: ${failure.message}\n`);
  process.exitCode = 1;
}
