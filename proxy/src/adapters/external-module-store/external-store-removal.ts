// Taking versions out of a storage elsewhere for good.
import type { ModulePath, ModuleVersion, Version } from "@stoa/gomod";
import type { StoreRemoval, VersionTraces } from "../../domain/store-removal.ts";
import type { ExternalClient } from "./external-client.ts";

/** What the server lists is whole; whether it has torn versions it does not say. Loose files lie on this machine. */
export class ExternalStoreRemoval implements StoreRemoval {
  readonly #client: ExternalClient;
  readonly #versions: (path: ModulePath) => Promise<readonly Version[]>;
  readonly #loose: StoreRemoval;

  constructor(parts: {
    readonly client: ExternalClient;
    readonly versions: (path: ModulePath) => Promise<readonly Version[]>;
    readonly loose: StoreRemoval;
  }) {
    this.#client = parts.client;
    this.#versions = parts.versions;
    this.#loose = parts.loose;
  }

  async traces(path: ModulePath): Promise<readonly VersionTraces[]> {
    const [listed, local] = [await this.#versions(path), await this.#loose.traces(path)];
    const beside = new Map(local.map((trace) => [trace.version, trace.beside]));
    const traces: VersionTraces[] = [];
    for (const version of listed) {
      const bytes = await this.#bytes({ path, version });
      traces.push({ version, state: "whole", beside: beside.get(version) ?? [], bytes });
    }
    return [...traces, ...local.filter(({ version }) => !listed.includes(version))];
  }

  async remove(module: ModuleVersion): Promise<void> {
    await this.#client.remove(module);
    await this.#loose.remove(module);
  }

  /** As far as the server tells. */
  async #bytes(module: ModuleVersion): Promise<number> {
    let bytes = 0;
    for (const kind of ["info", "mod", "zip"] as const) {
      const file = await this.#client.file(module, kind);
      bytes += file?.size ?? 0;
      await file?.end();
    }
    return bytes;
  }
}
