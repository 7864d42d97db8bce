// One of the three files of a version: kept, or fetched now.
import type { ModuleVersion } from "@stoa/gomod";
import type { FileKind, ModuleStore, StoredFile } from "../domain/module-store.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import type { ArrivingZip } from "./arriving-zip.ts";
import type { LooseFileFetch } from "./fetch-loose-file.ts";
import type { Stash } from "./stash-version.ts";

/** A file, in the form in which it could be had soonest. */
export type VersionFile =
  | { readonly form: "bytes"; readonly bytes: Uint8Array; readonly from: string | undefined }
  | { readonly form: "stored"; readonly file: StoredFile; readonly from: string | undefined }
  | { readonly form: "arriving"; readonly zip: ArrivingZip; readonly from: string };

/** What the caller wants beside the file itself. */
export interface FileWish {
  /** The caller can take a zip while it arrives. Without this it gets zips only when they are kept. */
  readonly canFollow: boolean;
}

/** Reads the files of versions. */
export class VersionFiles {
  readonly #store: Pick<ModuleStore, "open">;
  readonly #loose: LooseFileFetch;
  readonly #stash: Stash;

  constructor(parts: {
    readonly store: Pick<ModuleStore, "open">;
    readonly loose: LooseFileFetch;
    readonly stash: Stash;
  }) {
    this.#store = parts.store;
    this.#loose = parts.loose;
    this.#stash = parts.stash;
  }

  /** The file. The caller disposes of a stored one and reads or returns an arriving one. Rejects with a `ProxyFailure`. */
  async open(
    module: ModuleVersion,
    kind: FileKind,
    wish: FileWish,
    signal: AbortSignal,
  ): Promise<VersionFile> {
    const file = await this.#store.open(module, kind);
    if (file !== undefined) return { form: "stored", file, from: undefined };
    if (kind === "zip") return this.#zip(module, wish, signal);
    return { form: "bytes", ...(await this.#loose.fetch(module, kind, signal)) };
  }

  /** The file if it is kept, whole or loose; asks no upstream. The caller disposes of a stored one. */
  async kept(module: ModuleVersion, kind: FileKind): Promise<VersionFile | undefined> {
    const file = await this.#store.open(module, kind);
    if (file !== undefined) return { form: "stored", file, from: undefined };
    const bytes = kind === "zip" ? undefined : await this.#loose.kept(module, kind);
    return bytes === undefined ? undefined : { form: "bytes", bytes, from: undefined };
  }

  async #zip(module: ModuleVersion, wish: FileWish, signal: AbortSignal): Promise<VersionFile> {
    if (wish.canFollow) {
      const zip = await this.#stash.follow(module, signal);
      if (zip !== undefined) return { form: "arriving", zip, from: zip.from };
    } else {
      await this.#stash.keep(module, signal);
    }
    const file = await this.#store.open(module, "zip");
    if (file !== undefined) return { form: "stored", file, from: this.#loose.upstreamName };
    throw new ProxyFailure("store_unavailable", "it was kept and is gone again; ask once more", {
      subject: module,
    });
  }
}
