// This program's own way to repositories, asked the same.
import assert from "node:assert/strict";
import {
  isVersion,
  type ModulePath,
  matchesPathMajor,
  sortVersions,
  splitPathVersion,
  type Version,
} from "@stoa/gomod";
import { type CheckedModuleZip, checkModuleZip, memorySource } from "@stoa/gomod/zip";
import { gitUpstream } from "../../../proxy/src/adapters/git-upstream/git-upstream.ts";
import type { GitUpstreamOptions } from "../../../proxy/src/adapters/git-upstream/git-upstream-options.ts";
import type { Explained, ModuleAnswer, VersionAnswer } from "./direct-answers.ts";

export type StoaSide = ReturnType<typeof gitUpstream>;

/** An upstream that may go to any host of a test server. */
export function stoaSide(options: {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly fillSteps?: GitUpstreamOptions["mirrors"]["fillSteps"];
}): StoaSide {
  const { folder, environment, fillSteps } = options;
  return gitUpstream({
    mirrors: {
      folder,
      mostBytes: 2 ** 30,
      mostFetchBytes: 2 ** 30,
      ...(fillSteps && { fillSteps }),
    },
    rules: { govcs: "", privateModules: "", privateAddresses: "*", insecure: "*" },
    deadlines: { pageMs: 60_000, silenceMs: 60_000, totalMs: 120_000 },
    fetches: { concurrent: 4, waiting: 10_000 },
    archives: { concurrent: 2, waiting: 10_000 },
    fresh: { refsMs: 600_000, placesMs: 600_000 },
    credentials: async () => undefined,
    environment,
    readsUserConfiguration: false,
  });
}

/** The answer to `module@query`. Rejects if a failure is about anything but the question. */
export async function stoaVersion(
  stoa: StoaSide,
  question: string,
  signal: AbortSignal,
): Promise<Explained<VersionAnswer>> {
  const [module = "", query = ""] = question.split("@");
  const path = module as ModulePath;
  let words = "";
  const unlessFailed = async <T>(answer: Promise<T>): Promise<T | undefined> => {
    try {
      return await answer;
    } catch (failure) {
      const { code, message } = failure as { code?: string; message: string };
      if (!["not_found", "invalid_module", "bad_request"].includes(code ?? "")) throw failure;
      words = `${code}: ${message}`;
      return undefined;
    }
  };
  const isOwn =
    isVersion(query) && matchesPathMajor(query, splitPathVersion(path)?.pathMajor ?? "");
  const resolved = await unlessFailed(
    isOwn
      ? stoa.info({ path, version: query as Version }, signal)
      : stoa.resolve(path, query, signal),
  );
  if (resolved === undefined) return { words };
  const exact = { path, version: resolved.info.version };
  const info = await unlessFailed(stoa.info(exact, signal));
  const mod = await unlessFailed(stoa.mod(exact, signal));
  const zip = await unlessFailed(zipOf(stoa, exact, signal));
  return {
    version: exact.version,
    info: info && Buffer.from(info.bytes).toString(),
    // Of a version itself, the info has the origin.
    origin: isOwn ? undefined : originIn(resolved.bytes),
    mod: mod && Buffer.from(mod).toString(),
    sum: zip && (await sumOf(exact, zip)),
    words,
  };
}

/** The list and the latest version of a module. */
export async function stoaModule(
  stoa: StoaSide,
  module: string,
  signal: AbortSignal,
): Promise<Explained<ModuleAnswer>> {
  const path = module as ModulePath;
  try {
    const versions = await stoa.list(path, signal);
    const latest = await stoa
      .resolve(path, "latest", signal)
      .catch((failure: { message: string }) => failure);
    if (!("info" in latest)) return { versions: sortVersions(versions), words: latest.message };
    return {
      versions: sortVersions(versions),
      latest: latest.info.version,
      latestOrigin: originIn(latest.bytes),
      words: "",
    };
  } catch (failure) {
    const { code, message } = failure as { code?: string; message: string };
    if (code !== "not_found") throw failure;
    return { words: message };
  }
}

/** A zip, and what its maker says of it. */
interface MadeZip {
  readonly bytes: Buffer;
  readonly found: object | undefined;
}

async function zipOf(
  stoa: StoaSide,
  module: { readonly path: ModulePath; readonly version: Version },
  signal: AbortSignal,
): Promise<MadeZip> {
  const chunks: Uint8Array[] = [];
  const { body, found } = await stoa.zip(module, signal);
  for await (const chunk of body) chunks.push(chunk);
  return { bytes: Buffer.concat(chunks), found: found?.() };
}

/** The hash. What the maker says must be what a check finds. */
async function sumOf(
  module: { readonly path: ModulePath; readonly version: Version },
  { bytes, found }: MadeZip,
): Promise<string> {
  const checked = await checkModuleZip(memorySource(bytes), module);
  const plain = ({ goMod, ...rest }: CheckedModuleZip) => ({
    ...rest,
    goMod: goMod && Buffer.from(goMod),
  });
  assert.deepEqual(plain(found as CheckedModuleZip), plain(checked));
  return checked.hash;
}

function originIn(info: Uint8Array): unknown {
  return (JSON.parse(Buffer.from(info).toString()) as { Origin?: unknown }).Origin;
}
