// Leases in Redis: one server, a cluster, or the master that sentinels name.
import { once } from "node:events";
import { connect as connectTls } from "node:tls";
import type { Cluster, Redis } from "ioredis";
import { distrustOf } from "../../domain/engine-reason.ts";
import type { LeaseEngine } from "../../domain/leases.ts";

/** How Redis is reached. */
export type RedisPlace =
  | { readonly kind: "single"; readonly endpoint: string; readonly password: string }
  | { readonly kind: "cluster"; readonly endpoints: readonly string[]; readonly password: string }
  | {
      readonly kind: "sentinel";
      readonly endpoints: readonly string[];
      readonly master: string;
      readonly sentinelPassword: string;
      readonly username: string;
      readonly password: string;
      readonly database: number;
    };

/** How long connecting, and one command with its waiting for a connection, may take. */
const connectMs = 3000;
const commandMs = 3000;
/**
 * A connection on which nothing comes back is given up soon after its command: what the kernel repeats into a cut network it
 * repeats ever more seldom, so that the old connection would come back long after the network.
 */
const silenceMs = 4000;

/** Both compare and act in one step: between a GET and a DEL the key could have changed hands. */
const renewScript =
  'if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("pexpire", KEYS[1], ARGV[2]) else return 0 end';
const releaseScript =
  'if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("del", KEYS[1]) else return 0 end';

/** Connects, and asks once. Rejects with the engine's own error. Lost connections are made anew, for ever. */
export async function openRedisEngine(place: RedisPlace): Promise<LeaseEngine> {
  const engine = new RedisEngine(await connect(place), nameOf(place));
  try {
    await engine.ask();
    return engine;
  } catch (failure) {
    await engine[Symbol.asyncDispose]();
    throw (await distrust(place)) ?? failure;
  }
}

/**
 * Why nobody speaks to servers over TLS whose certificate is not trusted: the client says of those of a cluster, and of
 * sentinels, only that the connection is closed.
 */
async function distrust(place: RedisPlace): Promise<unknown> {
  const endpoints = place.kind === "single" ? [place.endpoint] : place.endpoints;
  const [first] = endpoints;
  if (first === undefined || !isEncrypted(endpoints)) return undefined;
  const socket = connectTls({ ...hostAndPort(first), timeout: connectMs });
  try {
    socket.once("timeout", () => socket.destroy(new Error("no answer")));
    await once(socket, "secureConnect");
    return undefined;
  } catch (failure) {
    return distrustOf(failure) === undefined ? undefined : failure;
  } finally {
    socket.destroy();
  }
}

class RedisEngine implements LeaseEngine {
  readonly name: string;
  readonly #redis: Redis | Cluster;
  #lastError: Error | undefined;
  #connecting: Promise<void> | undefined;

  constructor(redis: Redis | Cluster, name: string) {
    this.#redis = redis;
    this.name = name;
    // Commands fail by themselves; without a listener the process would end.
    redis.on("error", (error: Error) => {
      this.#lastError = error;
    });
  }

  async ask(): Promise<void> {
    try {
      await (await this.#connected()).ping();
    } catch (failure) {
      // "Command timed out" says less than "connect ECONNREFUSED" or "WRONGPASS".
      throw this.#lastError ?? failure;
    }
  }

  async take(key: string, holder: string, lifetimeMs: number): Promise<boolean> {
    const redis = await this.#connected();
    return (await redis.set(key, holder, "PX", lifetimeMs, "NX")) === "OK";
  }

  async renew(key: string, holder: string, lifetimeMs: number): Promise<boolean> {
    const redis = await this.#connected();
    return (await redis.eval(renewScript, 1, key, holder, lifetimeMs)) === 1;
  }

  async release(key: string, holder: string): Promise<void> {
    await (await this.#connected()).eval(releaseScript, 1, key, holder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#redis.disconnect();
  }

  /** A cluster has no limit for commands that wait for it; so they wait here, for as long as those of one server do. */
  async #connected(): Promise<Redis | Cluster> {
    const redis = this.#redis;
    if (!redis.isCluster || redis.status === "ready") return redis;
    this.#connecting ??= this.#becomesReady().finally(() => {
      this.#connecting = undefined;
    });
    await this.#connecting;
    return redis;
  }

  #becomesReady(): Promise<void> {
    return new Promise((resolve, reject) => {
      const ready = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#redis.off("ready", ready);
        reject(this.#lastError ?? new Error("no node of the cluster can be reached"));
      }, commandMs);
      this.#redis.once("ready", ready);
    });
  }
}

async function connect(place: RedisPlace): Promise<Redis | Cluster> {
  const { Cluster, Redis } = await import("ioredis");
  const common = {
    connectTimeout: connectMs,
    commandTimeout: commandMs,
    socketTimeout: silenceMs,
    maxRetriesPerRequest: 1,
    retryStrategy: (attempt: number) => Math.min(1000, 50 * attempt),
  } as const;
  switch (place.kind) {
    case "single": {
      const url = redisUrl(place.endpoint);
      const password = place.password || decodeURIComponent(url.password);
      return new Redis({
        ...common,
        host: url.hostname.replace(/^\[|\]$/g, ""),
        port: Number(url.port || "6379"),
        db: Number(url.pathname.slice(1) || "0"),
        ...(url.username !== "" && { username: decodeURIComponent(url.username) }),
        ...(password !== "" && { password }),
        ...(isEncrypted([place.endpoint]) && tls),
      });
    }
    case "cluster":
      return new Cluster(
        place.endpoints.map((endpoint) => hostAndPort(endpoint)),
        {
          redisOptions: {
            ...common,
            ...accountOf(place),
            ...(isEncrypted(place.endpoints) && tls),
          },
          clusterRetryStrategy: (attempt) => Math.min(1000, 50 * attempt),
          enableOfflineQueue: false, // see #connected
          slotsRefreshTimeout: connectMs,
        },
      );
    case "sentinel":
      return new Redis({
        ...common,
        sentinels: place.endpoints.map((endpoint) => hostAndPort(endpoint)),
        name: place.master,
        db: place.database,
        sentinelRetryStrategy: (attempt) => Math.min(1000, 50 * attempt),
        ...(place.sentinelPassword !== "" && { sentinelPassword: place.sentinelPassword }),
        ...(place.username !== "" && { username: place.username }),
        ...(place.password !== "" && { password: place.password }),
        ...(isEncrypted(place.endpoints) && {
          ...tls,
          sentinelTLS: {},
          enableTLSForSentinelMode: true,
        }),
      });
  }
}

/** The nodes of a cluster have one account: that of the first endpoint that is a URL with one. */
function accountOf(place: Extract<RedisPlace, { kind: "cluster" }>): object {
  const urls = place.endpoints.map((endpoint) => redisUrl(endpoint.trim()));
  const named = urls.find((url) => url.username !== "" || url.password !== "");
  const username = decodeURIComponent(named?.username ?? "");
  const password = place.password || decodeURIComponent(named?.password ?? "");
  return { ...(username !== "" && { username }), ...(password !== "" && { password }) };
}

const tls = { tls: {} } as const;

/** Servers that belong together are spoken to alike: over TLS if one of them is named so. */
function isEncrypted(endpoints: readonly string[]): boolean {
  return endpoints.some((endpoint) => redisUrl(endpoint.trim()).protocol === "rediss:");
}

/** `host:port`, or a URL. Authority: gomods/athens, pkg/stash/with_redis.go: what is no URL is host:port. */
function redisUrl(endpoint: string): URL {
  return new URL(/^rediss?:\/\//.test(endpoint) ? endpoint : `redis://${endpoint}`);
}

function hostAndPort(endpoint: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = redisUrl(endpoint.trim());
  return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || "6379") };
}

function nameOf(place: RedisPlace): string {
  switch (place.kind) {
    case "single":
      return `Redis at ${redisUrl(place.endpoint).host}`;
    case "cluster":
      return `the Redis cluster at ${place.endpoints.join(", ")}`;
    case "sentinel":
      return `the Redis master ${place.master} of the sentinels at ${place.endpoints.join(", ")}`;
  }
}
