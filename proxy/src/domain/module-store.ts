// Where module versions are kept, whole.
import type { ModulePath, ModuleVersion, Version } from "@stoa/gomod";

/** The three files of a module version, by the names that the protocol gives them. */
export type FileKind = "info" | "mod" | "zip";

/**
 * Keeps whole module versions for ever: info, mod and zip together, or nothing.
 *
 * Every method may be called at any time and any number of times at once, also from several processes on the same
 * storage. A method rejects with the `ProxyFailure` `store_unavailable` when the storage cannot be read or written
 * (full, read-only, gone); nothing half-written is then visible, now or after a crash at any moment.
 */
export interface ModuleStore {
  /**
   * Opens one file of a version. Absent (`undefined`) unless the version is whole: a version of which a part is missing
   * is as if it were not there, until `put` completes it.
   */
  open(module: ModuleVersion, kind: FileKind): Promise<StoredFile | undefined>;

  /** The whole versions of exactly this module (`a/b` never shows those of `a/b-other` or `a/b/v2`), in no order. */
  versions(path: ModulePath): Promise<readonly Version[]>;

  /** A place for a zip to arrive in, on the same storage. Nobody sees it before it is put. */
  stage(): Promise<StagedZip>;

  /**
   * Keeps a version. When this resolves, the version is durable and visible to all; until then to nobody. Putting the
   * same mod and zip again is fine and changes nothing (the info that came first stays, for an upstream may word it
   * anew); a mod or zip of other bytes is refused with `altered_module` and changes nothing. A torn version is repaired.
   * `files.zip` must have ended. It stays its owner's: reading from it works, during and after this call, until the
   * owner disposes of it; it can be put only once. Nothing is visible before `files.sound` has resolved, and when that
   * rejects, so does this, with the same, and keeps nothing; it never settles before `files.sound` has.
   */
  put(module: ModuleVersion, files: ModuleFiles): Promise<void>;

  /** Resolves if the storage can be used now; rejects as above if not. Cheap enough to be asked every second. */
  check(): Promise<void>;
}

/** What `put` keeps. */
export interface ModuleFiles {
  readonly info: Uint8Array;
  readonly mod: Uint8Array;
  readonly zip: StagedZip;
  /** Resolves when the bytes may be kept. What takes its time, and shows nothing to anybody, may be done before. */
  readonly sound?: Promise<unknown>;
}

/** A kept file, open for reading. Its bytes never change. It must be disposed of; disposing of it twice is harmless. */
export interface StoredFile extends AsyncDisposable {
  readonly size: number;
  /**
   * When the bytes came. With the size it identifies the bytes: the same at every opening, in every process, and for a
   * zip the `started` of the stage it arrived in. Millisecond precision.
   */
  readonly modified: Date;
  /** Fills `into` from `position` and returns how many bytes it holds; fewer than asked only at the end of the file. */
  read(position: number, into: Uint8Array): Promise<number>;
}

/** A zip that is arriving: written by one, read by any number while it grows. Disposing of it discards it. */
export interface StagedZip extends AsyncDisposable {
  readonly started: Date;
  /** How many bytes have been appended. */
  readonly size: number;
  /** Appends; one call at a time, each awaited before the next. `chunk` may be reused afterwards. */
  append(chunk: Uint8Array): Promise<void>;
  /** Says that all bytes have been appended. They are durable when the zip has been put. */
  end(): Promise<void>;
  /** Reads what has been appended so far; see `StoredFile.read`. */
  read(position: number, into: Uint8Array): Promise<number>;
  /** Where a second reader (a worker thread) finds the same bytes. */
  readonly place: BytesPlace;
}

/** A file by its path, or bytes in memory that threads may share. */
export type BytesPlace =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "memory"; readonly bytes: () => Uint8Array };
