// The engines by which instances agree, each a server of a test's own on free ports of the loopback.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "@stoa/blobs/testing";
import { missingProgram, type RunningServer, runServer } from "./server-process.ts";

const execute = promisify(execFile);

/** Why they cannot be started here; `false` if they can. */
export const noRedis = missingProgram("redis-server", "redis-server");
export const noEtcd = missingProgram("etcd", "etcd-server");

/** A server that can be killed and started again at the same port, with nothing remembered. */
export interface EngineServer extends AsyncDisposable {
  readonly port: number;
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Lets it stand still, and go on. */
  pause(): void;
  resume(): void;
}

/** One Redis server with a password. */
export function startRedis(password: string): Promise<EngineServer> {
  return engineServer("redis-server", (port, folder) => [
    ...["--port", `${port}`, "--bind", "127.0.0.1", "--dir", folder],
    ...["--save", "", "--requirepass", password],
  ]);
}

/** One etcd member. */
export async function startEtcd(): Promise<EngineServer> {
  const peer = await freePort();
  return engineServer("etcd", (port, folder) => [
    ...["--data-dir", join(folder, `data-${performance.now()}`)],
    ...["--listen-client-urls", `http://127.0.0.1:${port}`],
    ...["--advertise-client-urls", `http://127.0.0.1:${port}`],
    ...["--listen-peer-urls", `http://127.0.0.1:${peer}`],
    ...["--initial-advertise-peer-urls", `http://127.0.0.1:${peer}`],
    ...["--initial-cluster", `default=http://127.0.0.1:${peer}`, "--logger", "zap"],
  ]);
}

/** Several servers that belong together, and are taken away together. */
export interface EngineFleet extends Omit<EngineServer, "port"> {
  readonly endpoints: readonly string[];
}

/** The port at which others see the server that listens at a port; always the same. */
type Through = (port: number) => number | Promise<number>;

const directly: Through = (port) => port;

/** Three masters that share the keys among them. Clients are told to come `through` other ports. */
export async function startRedisCluster(through: Through = directly): Promise<EngineFleet> {
  const stack = new AsyncDisposableStack();
  const nodes: EngineServer[] = [];
  for (let node = 0; node < 3; node++) {
    const bus = await freePort();
    const server = await engineServer("redis-server", async (port, folder) => [
      ...["--port", `${port}`, "--bind", "127.0.0.1", "--dir", folder, "--save", ""],
      ...["--cluster-announce-port", `${await through(port)}`],
      ...["--cluster-enabled", "yes", "--cluster-port", `${bus}`],
    ]);
    nodes.push(stack.use(server));
  }
  const own = nodes.map(({ port }) => `127.0.0.1:${port}`);
  await execute("redis-cli", ["--cluster", "create", ...own, "--cluster-yes"]);
  const endpoints = await Promise.all(nodes.map(({ port }) => seen(port, through)));
  return { ...together(nodes), endpoints, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** What happens to one of them happens to all, in their order. */
function together(servers: readonly EngineServer[]): Omit<EngineServer, "port" | symbol> {
  return {
    async kill() {
      for (const server of servers) await server.kill();
    },
    async start() {
      for (const server of servers) await server.start();
    },
    pause() {
      for (const server of servers) server.pause();
    },
    resume() {
      for (const server of servers) server.resume();
    },
  };
}

async function seen(port: number, through: Through): Promise<string> {
  return `127.0.0.1:${await through(port)}`;
}

/**
 * A master, a replica, and a sentinel that makes the replica the master a second after the master has died. All see one
 * another `through` other ports.
 */
export async function startSentinel(
  name: string,
  password: string,
  {
    through = directly,
    tls,
  }: {
    readonly through?: Through;
    /** The paths of files. With them, all of them speak nothing but TLS. */
    readonly tls?: Readonly<Record<"key" | "cert" | "authority", string>>;
  } = {},
): Promise<EngineFleet & { killMaster(): Promise<void> }> {
  const stack = new AsyncDisposableStack();
  const auth = ["--requirepass", password, "--masterauth", password];
  const plain = async (port: number, folder: string): Promise<string[]> => [
    ...listening(port, tls).flatMap(([key, value]) => [`--${key}`, value]),
    ...["--bind", "127.0.0.1", "--dir", folder, "--save", "", ...auth],
    ...["--replica-announce-port", `${await through(port)}`],
  ];
  const master = stack.use(await engineServer("redis-server", plain));
  const replica = stack.use(
    await engineServer("redis-server", async (port, folder) => [
      ...(await plain(port, folder)),
      ...["--replicaof", "127.0.0.1", `${await through(master.port)}`],
    ]),
  );
  const folder = await mkdtemp(join(tmpdir(), "stoa-sentinel-"));
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const file = join(folder, "sentinel.conf");
  const sentinel = stack.use(
    await engineServer("redis-sentinel", async (port) => {
      const at = { folder, master: await through(master.port) };
      const first = listening(port, tls).map((words) => words.join(" "));
      await writeFile(file, [...first, ...sentinelLines(name, password, at)].join("\n"));
      return [file];
    }),
  );
  return {
    ...together([master, replica, sentinel]),
    endpoints: [await seen(sentinel.port, through)],
    killMaster: () => master.kill(),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function sentinelLines(
  name: string,
  password: string,
  at: { readonly folder: string; readonly master: number },
): readonly string[] {
  return [
    "bind 127.0.0.1",
    `dir ${at.folder}`,
    `requirepass ${password}`,
    `sentinel monitor ${name} 127.0.0.1 ${at.master} 1`,
    `sentinel auth-pass ${name} ${password}`,
    `sentinel down-after-milliseconds ${name} 1000`,
    `sentinel failover-timeout ${name} 3000`,
    "",
  ];
}

/** The settings of a server's port, and of those that it speaks to. */
function listening(
  port: number,
  tls: Readonly<Record<"key" | "cert" | "authority", string>> | undefined,
): readonly (readonly [key: string, value: string])[] {
  if (tls === undefined) return [["port", `${port}`]];
  return [
    ["port", "0"],
    ["tls-port", `${port}`],
    ["tls-key-file", tls.key],
    ["tls-cert-file", tls.cert],
    ["tls-ca-cert-file", tls.authority],
    ["tls-auth-clients", "no"],
    ["tls-replication", "yes"],
  ];
}

/** A program that is given a port and a folder of its own. */
export async function engineServer(
  command: string,
  argsFor: (port: number, folder: string) => readonly string[] | Promise<readonly string[]>,
): Promise<EngineServer> {
  const folder = await mkdtemp(join(tmpdir(), "stoa-engine-"));
  const port = await freePort();
  const run = async (): Promise<RunningServer> =>
    runServer(command, await argsFor(port, folder), port, { cwd: folder });
  let server = await run();
  return {
    port,
    kill: () => server.kill(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    async start() {
      server = await run();
    },
    async [Symbol.asyncDispose]() {
      await server.kill();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
