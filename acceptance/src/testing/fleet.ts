// Several instances on one storage that agree by an engine, and the upstream that they have in common.
import assert from "node:assert/strict";
import type { ModuleFixture } from "@stoa/gomod/testing";
import { type FixtureProxy, fixtureProxy } from "@stoa/proxy/testing";
import { ask, type HttpAnswer } from "./http-answer.ts";
import { filePath } from "./proxied-modules.ts";
import { type StoaProcess, startStoa } from "./stoa-process.ts";
import { type TemporaryFolder, temporaryFolder } from "./temporary-folder.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface FleetOptions {
  /** What all instances have in their environment, beside the upstream and the folder of a disk storage. */
  readonly env: Environment;
  /** The program that an instance is, if not the one that lies here. */
  readonly program?: (at: number) => string | undefined;
  /** What is an instance's own. */
  readonly ownEnv?: (at: number) => Environment;
  readonly instances?: number;
  readonly modules?: readonly ModuleFixture[];
}

/** Disposing ends all of it. */
export interface Fleet extends AsyncDisposable {
  readonly upstream: FixtureProxy;
  /** The folder of the storage where that is a disk. */
  readonly root: string;
  /** An instance; they are counted in circles. */
  member(at: number): StoaProcess;
  /** Ends an instance as a crash would and starts another in its place. */
  replace(at: number): Promise<void>;
  /** Asks an instance for a path. Rejects when the signal ends the patience. */
  ask(at: number, path: string, signal?: AbortSignal): Promise<HttpAnswer>;
  /** Asks an instance for a version's zip. */
  zip(at: number, module: ModuleFixture, signal?: AbortSignal): Promise<HttpAnswer>;
  /** How often the upstream was asked for a path. */
  asked(path: string): number;
}

/** Starts the upstream and the instances. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const stack = new AsyncDisposableStack();
  try {
    const folder: TemporaryFolder = stack.use(await temporaryFolder());
    const upstream = stack.use(await fixtureProxy(options.modules));
    const size = options.instances ?? 3;
    const start = (at: number): Promise<StoaProcess> =>
      startStoa({
        goproxy: upstream.url,
        program: options.program?.(at),
        root: folder.path,
        env: { STOA_LEASE_TTL: "2", ...options.env, ...options.ownEnv?.(at) },
      });
    const members: StoaProcess[] = [];
    stack.defer(async () => {
      for (const stoa of members) await stoa[Symbol.asyncDispose]();
    });
    const starts = Array.from({ length: size }, (_, at) => start(at));
    const started = await Promise.allSettled(starts);
    for (const one of started) if (one.status === "fulfilled") members.push(one.value);
    for (const one of started) if (one.status === "rejected") throw one.reason;
    const member = (at: number): StoaProcess => {
      const stoa = members[at % size];
      assert.ok(stoa);
      return stoa;
    };
    const askMember: Fleet["ask"] = (at, path, signal) =>
      ask(`${member(at).url}${path}`, signal === undefined ? {} : { signal });
    return {
      upstream,
      root: folder.path,
      member,
      async replace(at) {
        await member(at)[Symbol.asyncDispose]();
        members[at % size] = await start(at % size);
      },
      ask: askMember,
      zip: (at, module, signal) => askMember(at, filePath(module, "zip"), signal),
      asked: (wanted) => upstream.requests.filter(({ path }) => path === wanted).length,
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (failure) {
    await stack.disposeAsync();
    throw failure;
  }
}
