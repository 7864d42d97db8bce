// An upstream without a network: module fixtures, each step under the control of a test.
import { parseVersionInfo } from "@stoa/gomod";
import type { ModuleFixture } from "@stoa/gomod/testing";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import type { Upstream } from "../domain/upstream.ts";

/** What a test can see and change while it runs. */
export interface FakeUpstream extends Upstream {
  /** What was asked for, in order: `zip example.com/m@v1.0.0`. */
  readonly asked: string[];
  /** Awaited before each chunk of a zip, with its index. May throw. */
  beforeChunk: (index: number) => Promise<void> | void;
  /** Awaited before anything is answered. May throw. */
  before: (question: string) => Promise<void> | void;
  /** How many zips were let go of before their end. */
  discarded: number;
}

/** Serves the fixtures, zips in chunks of `chunkBytes`. */
export function fakeUpstream(
  fixtures: readonly ModuleFixture[],
  { chunkBytes = 1024 }: { readonly chunkBytes?: number } = {},
): FakeUpstream {
  const asked: string[] = [];
  const find = async (
    kind: string,
    path: string,
    version: string,
    signal: AbortSignal,
  ): Promise<ModuleFixture> => {
    asked.push(`${kind} ${path}@${version}`);
    await upstream.before(`${kind} ${path}@${version}`);
    signal.throwIfAborted();
    const found = fixtures.find(({ module }) => module.path === path && module.version === version);
    if (found === undefined) throw new ProxyFailure("not_found", `unknown revision ${version}`);
    return found;
  };
  async function* chunks(zip: Uint8Array): AsyncGenerator<Uint8Array> {
    let ended = false;
    try {
      for (let index = 0; index * chunkBytes < zip.length; index += 1) {
        await upstream.beforeChunk(index);
        yield zip.subarray(index * chunkBytes, (index + 1) * chunkBytes);
      }
      ended = true;
    } finally {
      if (!ended) upstream.discarded += 1;
    }
  }
  const upstream: FakeUpstream = {
    name: "fake.example",
    asked,
    discarded: 0,
    before: () => undefined,
    beforeChunk: () => undefined,
    async list(path, signal) {
      asked.push(`list ${path}`);
      await upstream.before(`list ${path}`);
      signal.throwIfAborted();
      const versions = fixtures.filter(({ module }) => module.path === path);
      if (versions.length === 0) throw new ProxyFailure("not_found", "there is no such module");
      return versions.map(({ module }) => module.version);
    },
    async resolve(path, query, signal) {
      const newest = fixtures.findLast(({ module }) => module.path === path);
      const { info } = await find("resolve", path, newest?.module.version ?? query, signal);
      return { bytes: info, info: parseVersionInfo(info), from: upstream.name };
    },
    async info({ path, version }, signal) {
      const { info } = await find("info", path, version, signal);
      return { bytes: info, info: parseVersionInfo(info), from: upstream.name };
    },
    async mod({ path, version }, signal) {
      return (await find("mod", path, version, signal)).mod;
    },
    async zip({ path, version }, signal) {
      const { zip } = await find("zip", path, version, signal);
      return { size: zip.length, body: chunks(zip), from: upstream.name };
    },
  };
  return upstream;
}
