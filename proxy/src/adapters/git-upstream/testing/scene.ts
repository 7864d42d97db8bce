// A git upstream in front of repositories on a test server, in a folder of its own.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ModulePath, ModuleVersion, Version } from "@stoa/gomod";
import type { Upstream } from "../../../domain/upstream.ts";
import { gitUpstream } from "../git-upstream.ts";
import type { GitUpstreamOptions } from "../git-upstream-options.ts";
import { type GitServer, gitServer } from "./git-server.ts";
import type { RepositoryDraft } from "./repository-draft.ts";

export interface Scene extends AsyncDisposable {
  readonly upstream: Upstream & AsyncDisposable;
  readonly server: GitServer;
  /** The home of git, and everything else. */
  readonly folder: string;
  /** Where the mirrors of the first upstream lie. */
  readonly mirrorFolder: string;
  /** Where a repository lies, by its address without scheme. */
  readonly repositoryAt: (place: string) => string;
  /** Another upstream over the same mirrors, once the first has been disposed of. */
  readonly again: (options?: Partial<GitUpstreamOptions>) => Upstream & AsyncDisposable;
}

/** What a test says about its scene. */
export interface SceneOptions {
  /** By their addresses without scheme. */
  readonly repositories?: Readonly<Record<string, RepositoryDraft>>;
  readonly upstream?: Partial<GitUpstreamOptions>;
  /** Beside those that lead to the server. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly mirrors?: Partial<GitUpstreamOptions["mirrors"]>;
  readonly rules?: Partial<GitUpstreamOptions["rules"]>;
}

/** Writes the repositories, serves them, and opens the upstream: it may go to every host, and asks anew each time. */
export async function openScene(options: SceneOptions = {}): Promise<Scene> {
  await using unfinished = new AsyncDisposableStack();
  const owned = unfinished.use(new AsyncDisposableStack());
  const folder = await mkdtemp(join(tmpdir(), "stoa-git-upstream-"));
  owned.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const repositoryAt = (place: string): string => join(folder, "repositories", place);
  for (const [place, draft] of Object.entries(options.repositories ?? {})) {
    await draft.write(repositoryAt(place));
  }
  const server = owned.use(await gitServer(join(folder, "repositories")));
  const place = join(folder, "mirrors");
  const mirrorFolder = join(place, "1");
  const again = (more: Partial<GitUpstreamOptions> = {}) => {
    const opened = gitUpstream({
      mirrors: {
        folder: place,
        mostBytes: 2 ** 30,
        mostFetchBytes: 2 ** 30,
        ...options.mirrors,
      },
      rules: {
        govcs: "",
        privateModules: "",
        privateAddresses: "*",
        insecure: "*",
        ...options.rules,
      },
      deadlines: { pageMs: 20_000, silenceMs: 20_000, totalMs: 30_000 },
      fetches: { concurrent: 8, waiting: 100 },
      archives: { concurrent: 2, waiting: 100 },
      fresh: { refsMs: 0, placesMs: 60_000 },
      credentials: async () => undefined,
      environment: { ...server.environment, HOME: folder, ...options.environment },
      readsUserConfiguration: false,
      ...options.upstream,
      ...more,
    });
    owned.use(opened);
    return opened;
  };
  const upstream = again();
  unfinished.move();
  return {
    upstream,
    server,
    folder,
    mirrorFolder,
    repositoryAt,
    again,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A module version from `path@version`. */
export function moduleVersion(text: string): ModuleVersion {
  const [path = "", version = ""] = text.split("@");
  return { path: path as ModulePath, version: version as Version };
}
