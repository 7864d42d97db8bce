// Whether what is read from a store is what it was when it was kept there.
import type { ModuleVersion } from "@stoa/gomod";
import type { VersionHashes } from "../domain/checksums.ts";
import type { KeptHashes } from "../domain/kept-hashes.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import type { MoveVerification } from "./move-versions.ts";

/** Compares with the hashes that a store remembers, where it does, and then asks `others`, if there are any. */
export class KeptHashVerification implements MoveVerification {
  readonly #hashes: KeptHashes;
  readonly #others: MoveVerification | undefined;

  constructor(hashes: KeptHashes, others: MoveVerification | undefined) {
    this.#hashes = hashes;
    this.#others = others;
  }

  begin(module: ModuleVersion, signal: AbortSignal): ReturnType<MoveVerification["begin"]> {
    const next = this.#others?.begin(module, signal);
    return {
      require: async (hashes) => {
        const entry = await this.#hashes.read(module);
        if (entry !== undefined) requireUnchanged(module, hashes, entry);
        const confirmed = await next?.require(hashes);
        return confirmed ?? entry?.database;
      },
    };
  }
}

/** Throws `altered_module` if a hash is not what it was when the version was kept. */
export function requireUnchanged(
  module: ModuleVersion,
  hashes: Partial<VersionHashes>,
  entry: VersionHashes,
): void {
  for (const kind of ["zip", "mod"] as const) {
    if (hashes[kind] === undefined || hashes[kind] === entry[kind]) continue;
    const what = kind === "zip" ? "zip" : "go.mod";
    throw new ProxyFailure(
      "altered_module",
      `its ${what} has ${hashes[kind]}, but had ${entry[kind]} when it was kept`,
      { subject: module },
    );
  }
}
