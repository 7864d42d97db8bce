// A network in which every host name leads to one server on this machine: repositories, and pages that tell of them.
import { join } from "node:path";
import {
  type GitServer,
  gitServer,
} from "../../../proxy/src/adapters/git-upstream/testing/git-server.ts";
import type { RepositoryDraft } from "../../../proxy/src/adapters/git-upstream/testing/repository-draft.ts";
import { type TemporaryFolder, temporaryFolder } from "./temporary-folder.ts";

export { goImportPage } from "../../../proxy/src/adapters/git-upstream/testing/git-server.ts";
export {
  git,
  RepositoryDraft,
} from "../../../proxy/src/adapters/git-upstream/testing/repository-draft.ts";

export interface GitHost extends AsyncDisposable {
  readonly server: GitServer;
  /** Where a repository lies, by its address without scheme. */
  readonly folderOf: (place: string) => string;
  readonly add: (place: string, draft: RepositoryDraft) => Promise<void>;
  /**
   * For programs that are to see this network and no other: all modules are private, for what is public would be looked
   * up in the real one, and TLS is not asked for.
   */
  readonly environment: Readonly<Record<string, string>>;
}

export async function gitHost(): Promise<GitHost> {
  const folder: TemporaryFolder = await temporaryFolder();
  const server = await gitServer(folder.path);
  const folderOf = (place: string): string => join(folder.path, place);
  return {
    server,
    folderOf,
    add: (place, draft) => draft.write(folderOf(place)),
    environment: { ...server.environment, GOPRIVATE: "*", GOINSECURE: "*" },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
