// A build where no network is: a second Stoa takes a bundle, and the go command has nothing but that Stoa.
import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { finishedProgram } from "./finished-program.ts";
import { goVariable } from "./go-command.ts";
import { compiledCodeFolder, programFile } from "./repository.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** Why no process can be cut off from all networks here; false if one can. */
export function cutIsMissing(): string | false {
  const { status } = spawnSync("unshare", [
    "-n",
    "sh",
    "-c",
    "ip link set lo up && curl --version",
  ]);
  return (
    status !== 0 && "a network of its own for a process needs root, unshare, ip (iproute2) and curl"
  );
}

/** What is built. */
export interface CutOffBuild {
  /** The file of the bundle, and who must have signed it. */
  readonly bundle: string;
  readonly trust: string;
  /** In GOSUMDB's grammar: what the first Stoa used, and what the go command trusts. */
  readonly gosumdb: { readonly stoa: string; readonly go: string };
  /** The folder of the main module, and the package in it. */
  readonly folder: string;
  readonly main: string;
  /** Where the executable goes. */
  readonly output: string;
  /** An address that answers where a network is. */
  readonly outside: string;
}

/** Everything happens in one network of its own, in which there is nothing but the loopback. */
const steps = `
set -e
ip link set lo up
if curl -fs -m 5 -o outside "$OUTSIDE"; then echo "there is a network" >&2; exit 1; fi
$STOA modules import "$BUNDLE" --trust "$TRUST"
$STOA serve > stoa.log 2>&1 &
until curl -fs -o ready http://127.0.0.1:3000/readyz; do kill -0 $!; sleep 0.1; done
export GOPROXY=http://127.0.0.1:3000 GOSUMDB="$GO_DATABASE"
cd "$SOURCES"
go build -o "$OUTPUT" "$MAIN" || { cat "$HOME/stoa.log" >&2; exit 1; }
kill $!
wait $!
`;

/** Imports and builds, from an empty module cache. Rejects with what the programs said if anything fails. */
export async function buildCutOff(build: CutOffBuild): Promise<void> {
  await using work = await temporaryFolder();
  await writeFile(join(work.path, "steps.sh"), steps);
  // What the shell has started ends with it.
  const words = ["-n", "-p", "--fork", "--kill-child", "--mount-proc", "bash", "steps.sh"];
  const { code, stdout, stderr } = await finishedProgram("unshare", words, {
    cwd: work.path,
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: work.path,
      STOA: `${process.execPath} ${programFile}`,
      NODE_COMPILE_CACHE: compiledCodeFolder,
      ATHENS_DISK_STORAGE_ROOT: join(work.path, "kept"),
      ATHENS_PORT: "127.0.0.1:3000",
      GOPROXY: "off",
      GOSUMDB: build.gosumdb.stoa,
      GOENV: "off",
      GOTOOLCHAIN: "local",
      GOMODCACHE: join(work.path, "module-cache"),
      GOCACHE: goVariable("GOCACHE"),
      GOFLAGS: "-mod=mod -modcacherw -trimpath -buildvcs=false",
      CGO_ENABLED: "0",
      OUTSIDE: build.outside,
      BUNDLE: build.bundle,
      TRUST: build.trust,
      GO_DATABASE: build.gosumdb.go,
      SOURCES: build.folder,
      MAIN: build.main,
      OUTPUT: build.output,
    },
  });
  if (code !== 0) throw new Error(`the build without a network failed:\n${stdout}${stderr}`);
}
