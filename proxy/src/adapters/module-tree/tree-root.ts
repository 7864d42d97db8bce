// A folder laid out as the URLs of a module proxy are: GOMODCACHE/cache/download, or what `file://` in GOPROXY names.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { ModuleVersion } from "@stoa/gomod";
import type { FileKind } from "../../domain/module-store.ts";
import { filePath } from "../../domain/protocol-path.ts";
import { ProxyFailure } from "../../domain/proxy-failure.ts";

/** Authority for names: go.dev/ref/mod#goproxy-protocol; for `.ziphash`: cmd/go modfetch.DownloadZip. */
export class TreeRoot {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  file(module: ModuleVersion, kind: FileKind | "ziphash"): string {
    if (kind !== "ziphash") return join(this.path, filePath(module, kind));
    return this.file(module, "zip").replace(/zip$/, "ziphash");
  }

  /** To be asked where something is absent. Rejects with `store_unavailable` if the folder is gone. */
  async requirePresent(): Promise<void> {
    await this.translating(() => stat(this.path));
  }

  /** Runs work on the folder; what the system complains about becomes `store_unavailable`. */
  async translating<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (failure) {
      const code = errorCode(failure);
      if (code === undefined) throw failure;
      throw new ProxyFailure(
        "store_unavailable",
        `the module tree in ${this.path} cannot be used (${code}): look at the folder, its disk and its permissions`,
        { cause: failure },
      );
    }
  }
}

/** Whether the system says that there is no such file. */
export function isAbsence(failure: unknown): boolean {
  return ["ENOENT", "ENOTDIR", "ENAMETOOLONG"].includes(errorCode(failure) ?? "");
}

function errorCode(failure: unknown): string | undefined {
  if (!(failure instanceof Error && "code" in failure && "syscall" in failure)) return undefined;
  return typeof failure.code === "string" ? failure.code : undefined;
}
