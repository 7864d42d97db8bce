// Versions that another program brings: checked like fetched ones, and kept.
import type { ModuleVersion } from "@stoa/gomod";
import { infoOfVersion } from "../domain/info-answer.ts";
import type { FileKind, ModuleStore } from "../domain/module-store.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import type { ChecksumVerification } from "./checksum-verification.ts";
import type { VersionKeeping } from "./keep-version.ts";

/** One of the three files on its way. Its body must be read to the end before the next part is asked for. */
export interface ArrivingPart {
  readonly kind: FileKind;
  readonly body: AsyncIterable<Uint8Array>;
}

/** What an acceptance needs. */
export interface VersionAcceptanceParts {
  readonly store: ModuleStore;
  readonly keeping: VersionKeeping;
  readonly verification: ChecksumVerification;
}

/** As golang.org/x/mod/zip.MaxGoMod limits it; no info comes near a megabyte. */
const mostBytes = { mod: 16 << 20, info: 1 << 20 } as const;
const from = "the client";

/** Takes versions in. */
export class VersionAcceptance {
  readonly #parts: VersionAcceptanceParts;

  constructor(parts: VersionAcceptanceParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when the version is kept; the same content again is fine. Rejects with `bad_request` if the parts are not the
   * three files, each once, and with the failures of `VersionKeeping.keep`. Nothing is then kept.
   */
  async accept(
    module: ModuleVersion,
    parts: AsyncIterable<ArrivingPart>,
    signal: AbortSignal,
  ): Promise<void> {
    const { store, keeping, verification } = this.#parts;
    const verdict = verification.begin(module, signal);
    await using zip = await store.stage();
    const small = new Map<FileKind, Uint8Array>();
    let hasZip = false;
    for await (const { kind, body } of parts) {
      signal.throwIfAborted();
      if (kind === "zip" ? hasZip : small.has(kind)) throw bad(module, `it has its ${kind} twice`);
      if (kind === "zip") {
        hasZip = true;
        await keeping.receive({ size: undefined, body, from }, zip);
      } else {
        small.set(kind, await gathered(module, kind, body));
      }
    }
    const [info, mod] = [small.get("info"), small.get("mod")];
    if (info === undefined || mod === undefined || !hasZip) {
      throw bad(module, "an info, a mod and a zip are expected, and one of them is missing");
    }
    infoOfVersion(info, module, from);
    await keeping.keep(module, { info, mod, zip, verdict }, signal);
  }
}

async function gathered(
  module: ModuleVersion,
  kind: "info" | "mod",
  body: AsyncIterable<Uint8Array>,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > mostBytes[kind])
      throw bad(module, `its ${kind} is larger than ${mostBytes[kind]} bytes`);
    chunks.push(Buffer.from(chunk));
  }
  return Buffer.concat(chunks);
}

function bad(subject: ModuleVersion, message: string): ProxyFailure {
  return new ProxyFailure("bad_request", message, { subject });
}
