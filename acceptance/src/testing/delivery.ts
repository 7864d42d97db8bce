// A control plane, machines that have joined it, and a team's folder: everything that deploying takes, as real processes.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { until } from "./bounded-wait.ts";
import { type FinishedProgram, finishedProgram } from "./finished-program.ts";
import { freePort } from "./free-port.ts";
import { goVariable } from "./go-command.ts";
import { own } from "./owned-processes.ts";
import { compiledCodeFolder, programFile } from "./repository.ts";
import { type StoaProcess, startStoa } from "./stoa-process.ts";
import { type TemporaryFolder, temporaryFolder } from "./temporary-folder.ts";
import { tlsFiles } from "./tls-files.ts";

/** A machine: an agent with a root of its own. */
export interface TestMachine {
  readonly name: string;
  readonly root: string;
  /** Ends the agent at once, and leaves its keeper and services alone. */
  readonly killAgent: () => Promise<void>;
  /** Starts the agent again. */
  readonly startAgent: () => void;
}

/** A command that runs until it is ended. */
export interface StayingCommand extends AsyncDisposable {
  /** What it has said so far, on stdout and stderr. */
  readonly output: () => string;
  /** Sends SIGTERM, and gives its exit code. */
  readonly end: () => Promise<number | null>;
}

/** How an agent joins. */
interface JoinOptions {
  readonly environment?: string;
  /** The words of a program that starts the agent, in a world of its own. */
  readonly inside?: readonly string[];
}

/** Everything that deploying takes. Disposing of it ends all processes and removes what they kept. */
export interface Delivery extends AsyncDisposable {
  readonly url: string;
  /** The folder in which `sources` are written and commands run. */
  readonly project: string;
  /** Where the control plane keeps everything. */
  readonly controlRoot: string;
  /** Runs `stoa` in the project and waits for its end. */
  readonly stoa: (...words: readonly string[]) => Promise<FinishedProgram>;
  /** Runs `stoa` in another folder. */
  readonly stoaIn: (folder: string, ...words: readonly string[]) => Promise<FinishedProgram>;
  /** Runs `stoa`, and rejects with what it said if it fails; gives its stdout. */
  readonly succeed: (...words: readonly string[]) => Promise<string>;
  /** Starts `stoa` in the project, with variables of its own, and leaves it running. */
  readonly stay: (
    words: readonly string[],
    variables: Readonly<Record<string, string>>,
  ) => StayingCommand;
  /** Writes files of the project. */
  readonly write: (files: Readonly<Record<string, string>>) => Promise<void>;
  /** Starts an agent that joins, and waits until the control plane has heard of it. */
  readonly join: (name: string, tags?: string, how?: JoinOptions) => Promise<TestMachine>;
  /** Starts several at once. */
  readonly joinAll: (names: readonly string[]) => Promise<readonly TestMachine[]>;
  /** Starts an agent with words and variables of its own, which needs no control plane. */
  readonly start: (
    name: string,
    words: readonly string[],
    env: Readonly<Record<string, string>>,
  ) => TestMachine;
  /** Ends the control plane at once. */
  readonly killControl: () => Promise<void>;
  /** Starts it again at the same address with what it has kept. */
  readonly startControl: () => Promise<void>;
}

/**
 * Starts a server, logs in to it, and makes an empty project. With `tls` everything is said through TLS; `env` is added to the
 * server's variables, and `kept` is where it keeps everything, instead of in a folder that goes with it.
 */
export async function startDelivery({
  tls = false,
  env: more = {},
  kept,
}: {
  readonly tls?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly kept?: string;
} = {}): Promise<Delivery> {
  const folder = await temporaryFolder();
  const files = tls ? await tlsFiles(folder.path) : undefined;
  const port = await freePort();
  const root = kept ?? join(folder.path, "kept");
  const project = join(folder.path, "project");
  await mkdir(project);
  const start = (): Promise<StoaProcess> =>
    startStoa({
      goproxy: "off",
      root,
      env: {
        ATHENS_PORT: `127.0.0.1:${port}`,
        ...more,
        ...(files && { ATHENS_TLSCERT_FILE: files.cert, ATHENS_TLSKEY_FILE: files.key }),
      },
    });
  let control = await start();
  const controlRoot = join(root, ".stoa", "control");
  const trust = files === undefined ? {} : { NODE_EXTRA_CA_CERTS: files.cert };
  const env = { ...commandVariables(folder), ...trust };
  const stoaIn = (cwd: string, ...words: readonly string[]): Promise<FinishedProgram> =>
    finishedProgram(process.execPath, [programFile, ...words], { cwd, env, limitMs: 120_000 });
  const stoa = (...words: readonly string[]): Promise<FinishedProgram> => stoaIn(project, ...words);
  const succeed = async (...words: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await stoa(...words);
    if (code !== 0)
      throw new Error(`stoa ${words.join(" ")} ended with ${code}:\n${stderr}${stdout}`);
    return stdout;
  };
  await succeed("login", control.url, "--token-file", join(controlRoot, "admin-token"));
  const joinAll = async (
    names: readonly string[],
    tags = "",
    { environment = "production", inside = [] }: JoinOptions = {},
  ): Promise<readonly TestMachine[]> => {
    const of = ["--tags", tags, "--environment", environment];
    const token = (await succeed("token", "join", ...of)).trim();
    const machines = names.map((name) =>
      startMachine(folder, name, {
        words: ["--server", control.url],
        env: trust,
        once: { STOA_JOIN_TOKEN: token },
        inside,
      }),
    );
    await until(`${names.join(", ")} to join`, async () => {
      const shown = await succeed("machines");
      return names.every((name) => shown.includes(`${name} `));
    });
    return machines;
  };
  return {
    url: control.url,
    project,
    controlRoot,
    stoa,
    stoaIn,
    succeed,
    stay: (words, variables) => stayingCommand(words, project, { ...env, ...variables }),
    write: (files) => writeFiles(project, files),
    join: async (name, tags = "", how = {}) => {
      const [machine] = await joinAll([name], tags, how);
      if (machine === undefined) throw new Error("no machine was started");
      return machine;
    },
    joinAll,
    start: (name, words, variables) => startMachine(folder, name, { words, env: variables }),
    killControl: async () => {
      await control[Symbol.asyncDispose]();
    },
    startControl: async () => {
      control = await start();
    },
    async [Symbol.asyncDispose]() {
      await control[Symbol.asyncDispose]();
      await endEverythingOf(folder.path);
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** A Go program that answers with its greeting and version on `$PORT`. */
export function greeter(greeting: string, before = ""): Readonly<Record<string, string>> {
  return {
    "go.mod": "module example.com/greeter\n\ngo 1.21\n",
    // Its usual port may be taken by another run of the tests.
    "stoa.toml": "port = 0\n",
    "main.go": `package main

import (
	"fmt"
	"net/http"
	"os"
	"time"
)

var version string
var began = time.Now()

func main() {
	fmt.Println("starting")
	${before}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "${greeting}", os.Getenv("COLOUR"))
	})
	if err := http.ListenAndServe(":"+os.Getenv("PORT"), nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
`,
  };
}

function stayingCommand(
  words: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): StayingCommand {
  const child = own(
    spawn(process.execPath, [programFile, ...words], {
      cwd,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    }),
  );
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output += String(chunk);
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const end = (): Promise<number | null> => {
    child.kill("SIGTERM");
    return ended;
  };
  return {
    output: () => output,
    end,
    [Symbol.asyncDispose]: async () => {
      await end();
    },
  };
}

function commandVariables({ path }: TemporaryFolder): Readonly<Record<string, string>> {
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: path,
    GOENV: "off",
    GOFLAGS: "-mod=mod -modcacherw",
    GOCACHE: goVariable("GOCACHE") ?? join(path, "compiled"),
    GOMODCACHE: join(path, "modules"),
    GOTOOLCHAIN: "local",
    GOTELEMETRY: "off",
    GOSUMDB: "off",
    NODE_COMPILE_CACHE: compiledCodeFolder,
  };
}

function startMachine(
  folder: TemporaryFolder,
  name: string,
  {
    words,
    env,
    once = {},
    inside = [],
  }: {
    /** Beside its place and its name. */
    readonly words: readonly string[];
    readonly env: Readonly<Record<string, string>>;
    /** Variables of the first start alone. */
    readonly once?: Readonly<Record<string, string>>;
    readonly inside?: readonly string[];
  },
): TestMachine {
  const root = join(folder.path, "machines", name);
  const always = ["agent", "--root", root, "--supervisor", "keeper"];
  const start = (more: readonly string[], variables: Readonly<Record<string, string>>) =>
    startAgent(folder, [...inside, process.execPath, programFile, ...always, ...more], variables);
  let agent = start(["--name", name, ...words], { ...env, ...once });
  return {
    name,
    root,
    killAgent: async () => {
      const ended = new Promise((resolve) => agent.once("close", resolve));
      agent.kill("SIGKILL");
      await ended;
    },
    startAgent: () => {
      agent = start([], env);
    },
  };
}

function startAgent(
  { path }: TemporaryFolder,
  [program = "", ...words]: readonly string[],
  env: Readonly<Record<string, string>>,
): ChildProcess {
  const child = spawn(program, words, {
    cwd: path,
    stdio: "ignore",
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: path,
      NODE_COMPILE_CACHE: compiledCodeFolder,
      ...env,
    },
  });
  return own(child);
}

async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(path, text);
  }
}

/** Keepers and services outlive their agents, which is what they are for; those of this folder end here. */
async function endEverythingOf(folder: string): Promise<void> {
  await until("the processes of the machines to end", async () => {
    const pids = await processesOf(folder);
    for (const pid of pids) endProcess(pid);
    return pids.length === 0;
  });
}

async function processesOf(folder: string): Promise<readonly number[]> {
  const names = (await readdir("/proc")).filter((name) => /^[0-9]+$/.test(name));
  const lines = await Promise.all(
    names.map(
      async (name) =>
        [name, await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "")] as const,
    ),
  );
  return lines.filter(([, line]) => line.includes(`${folder}/`)).map(([name]) => Number(name));
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}
