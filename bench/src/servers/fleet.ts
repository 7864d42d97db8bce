// A control plane, machines that have joined it, and a Go service: what a team that deploys has, on one machine.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import type { BenchRun } from "../bench-run.ts";
import { freePort } from "./free-port.ts";
import { plainEnvironment, type ServerProcess, startServer } from "./server-process.ts";
import { startStoa, stoaEnvironment, stoaProgram } from "./stoa-process.ts";

/** A machine of the fleet. */
export interface FleetMachine {
  readonly root: string;
  readonly agentPid: number;
  /** The keeper, once there is one. */
  keeperPid(): number;
}

/** All of it. Disposed of, it ends every process that it has started. */
export interface Fleet extends AsyncDisposable {
  readonly machines: readonly FleetMachine[];
  /** The folder of the service, in which `stoa` runs. */
  readonly project: string;
  /** Runs a command, and gives what it printed. Throws with what it said if it fails. */
  stoa(...words: readonly string[]): Promise<string>;
}

/** What the service is. */
export interface FleetService {
  /** `polite` takes its socket and drains; `plain` knows nothing but `$PORT`. */
  readonly manner: "polite" | "plain";
  /** How many bytes of ballast it carries. */
  readonly weightBytes: number;
}

/** Where `bin/stoa.mjs` keeps it, too. */
const compiledCode = resolve(import.meta.dirname, "../../../node_modules/.cache/compiled");
const examples = resolve(import.meta.dirname, "../../../docs/examples/drain-go");

/** Starts everything, and waits until all have joined. */
export async function startFleet(
  run: BenchRun,
  size: number,
  service: FleetService,
): Promise<Fleet> {
  await using started = new AsyncDisposableStack();
  const folder = join(run.folder, `fleet-${size}-${service.manner}`);
  const project = join(folder, "project");
  writeService(project, service);
  const control = started.use(
    await startStoa({ upstream: "off", env: await fixedAddress(folder) }, { ...run, folder }),
  );
  const compiled = { NODE_COMPILE_CACHE: compiledCode };
  const home = { HOME: folder, XDG_CONFIG_HOME: folder, GOFLAGS: "-mod=mod" };
  const env = { ...plainEnvironment(), ...home, ...compiled };
  const stoa = (...words: readonly string[]): Promise<string> => command(words, project, env);
  const token = join(folder, "storage", ".stoa", "control", "admin-token");
  await stoa("login", control.url, "--token-file", token);
  const joinToken = (await stoa("token", "join")).trim();
  started.defer(() => endProcessesOf(join(folder, "machines")));
  const machines = await Promise.all(
    Array.from({ length: size }, async (_, at) => {
      const root = join(folder, "machines", `web-${at + 1}`);
      mkdirSync(root, { recursive: true });
      const agent = started.use(
        await startServer({
          command: [
            ...([process.execPath, stoaProgram, "agent", "--root", root] as const),
            ...["--name", `web-${at + 1}`, "--server", control.url],
          ],
          env: { ...plainEnvironment(), HOME: root, STOA_JOIN_TOKEN: joinToken, ...compiled },
          outputFile: join(root, "agent.log"),
          signal: run.signal,
        }),
      );
      return machineOf(root, agent);
    }),
  );
  while ((JSON.parse(await stoa("machines", "--json")) as unknown[]).length < size) await pause(50);
  const all = started.move();
  return { machines, project, stoa, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

async function fixedAddress(folder: string): Promise<NodeJS.ProcessEnv> {
  return stoaEnvironment(folder, "off", `127.0.0.1:${await freePort()}`);
}

function machineOf(root: string, agent: ServerProcess): FleetMachine {
  return {
    root,
    agentPid: agent.pid,
    keeperPid: () => {
      const found = processesOf(root).find(({ words }) => words.includes("keeper"));
      if (found === undefined) throw new Error(`${root} has no keeper`);
      return found.pid;
    },
  };
}

function writeService(project: string, { manner, weightBytes }: FleetService): void {
  const sources = join(project, "hello");
  if (manner === "polite") cpSync(examples, project, { recursive: true });
  else {
    mkdirSync(sources, { recursive: true });
    writeFileSync(join(project, "go.mod"), "module example.com/plain\n\ngo 1.21\n");
    writeFileSync(join(sources, "main.go"), plainProgram);
  }
  writeFileSync(join(sources, "weight.bin"), randomBytes(weightBytes));
  writeFileSync(join(sources, "weight.go"), weighingSource);
  const readiness = manner === "polite" ? 'readiness = "fd"\n' : "";
  writeFileSync(join(project, "stoa.toml"), `service = "hello"\nport = 0\n${readiness}`);
}

const weighingSource = `package main

import _ "embed"

//go:embed weight.bin
var weight []byte
`;

const plainProgram = `package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"time"
)

var version = "unknown"

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if pause, err := time.ParseDuration(r.URL.Query().Get("pause")); err == nil {
			time.Sleep(pause)
		}
		fmt.Fprintf(w, "hello from %s, process %d\\n", version, os.Getpid())
	})
	log.Fatal(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
}
`;

async function command(
  words: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const child = spawn(process.execPath, [stoaProgram, ...words], {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((done) => child.once("close", done));
  const [printed, said, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (code !== 0) throw new Error(`stoa ${words.join(" ")} ended with ${code}: ${said}`);
  return printed;
}

/** Keepers and services outlive their agents, which is what they are for; those below this folder end here. */
async function endProcessesOf(folder: string): Promise<void> {
  while (processesOf(folder).length > 0) {
    for (const { pid } of processesOf(folder)) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended meanwhile.
      }
    }
    await pause(20);
  }
}

function processesOf(
  folder: string,
): readonly { readonly pid: number; readonly words: readonly string[] }[] {
  return readdirSync("/proc")
    .filter((name) => /^[0-9]+$/.test(name) && Number(name) !== process.pid)
    .map((name) => ({ pid: Number(name), words: wordsOf(name) }))
    .filter(({ words }) => words.some((word) => word === folder || word.startsWith(`${folder}/`)));
}

function wordsOf(pid: string): readonly string[] {
  try {
    return readFileSync(join("/proc", pid, "cmdline"), "utf8").split("\0");
  } catch {
    return [];
  }
}
