// Real Go programs for tests, built by the real go command.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";

/** Why programs cannot be built here, or undefined. */
export const noGo: string | undefined =
  spawnSync("go", ["version"]).status === 0 ? undefined : "there is no go command";

const exampleFolder = resolve(import.meta.dirname, "../../../docs/examples/drain-go");

/** Builds the example that takes its socket from `LISTEN_FDS` and drains politely. Returns the path of the program. */
export function buildPolite(folder: string, version: string): string {
  return build(exampleFolder, "./hello", join(folder, `polite-${version}`), version);
}

/** Builds a program that knows nothing but `$PORT`. */
export function buildPlain(folder: string, version: string): string {
  return build(
    writeModule(folder, "plain", plainSource),
    ".",
    join(folder, `plain-${version}`),
    version,
  );
}

/** Builds a program that ends its parent when it is given sockets, as facebookgo/grace does. */
export function buildGrace(folder: string, version: string): string {
  return build(
    writeModule(folder, "grace", graceSource),
    ".",
    join(folder, `grace-${version}`),
    version,
  );
}

/** Builds a program that ends as soon as it starts, with a last word. */
export function buildCrashing(folder: string, version: string): string {
  return build(
    writeModule(folder, "crashing", crashingSource),
    ".",
    join(folder, `crashing-${version}`),
    version,
  );
}

function build(directory: string, what: string, output: string, version: string): string {
  const { status, stderr } = spawnSync(
    "go",
    [
      "build",
      "-trimpath",
      "-buildvcs=false",
      "-ldflags",
      `-s -w -X main.version=${version}`,
      "-o",
      output,
      what,
    ],
    { cwd: directory, encoding: "utf8", env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off" } },
  );
  if (status !== 0) throw new Error(`go build failed: ${stderr}`);
  return output;
}

function writeModule(folder: string, name: string, source: string): string {
  const directory = join(folder, `${name}-source`);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "go.mod"), `module example.com/${name}\n\ngo 1.21\n`);
  writeFileSync(join(directory, "main.go"), source);
  return directory;
}

const plainSource = `package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
)

var version string

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello from %s, process %d\\n", version, os.Getpid())
	})
	log.Fatal(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
}
`;

const graceSource = plainSource
  .replace('"os"', '"os"\n\t"syscall"')
  .replace(
    "func main() {",
    'func main() {\n\tif os.Getenv("LISTEN_FDS") != "" {\n\t\tsyscall.Kill(os.Getppid(), syscall.SIGTERM)\n\t}',
  );

const crashingSource = `package main

import (
	"log"
	"os"
)

var version string

func main() {
	log.Printf("%s cannot find its database", version)
	os.Exit(3)
}
`;
