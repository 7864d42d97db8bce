// The records of a checksum database with everything that proves them, for those who cannot ask it.
import { InvalidText, type ModuleVersion } from "@stoa/gomod";
import {
  ChecksumClient,
  ForkedTree,
  formatRecord,
  lookupPath,
  parseRecord,
  parseTilePath,
  UntrustedAnswer,
  type VerifierKey,
} from "@stoa/gomod/sumdb";
import type { MirroredDatabase } from "../domain/mirrored-database.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";

/** Files by their paths below a database: `latest`, `lookup/…`, `tile/…`. */
export type ProofFiles = ReadonlyMap<string, Uint8Array>;

/**
 * The records of versions, all under one signed tree, the tiles that a client needs who begins with it, and with
 * `earlier`, the note of a tree that was given out before, those that show that it is continued. Rejects as
 * `MirroredDatabase` and `ChecksumClient` do.
 */
export async function proveRecords(
  { database, key }: { readonly database: MirroredDatabase; readonly key: VerifierKey },
  versions: readonly ModuleVersion[],
  earlier: Uint8Array | undefined,
  signal: AbortSignal,
): Promise<ProofFiles> {
  const answers: (readonly [ModuleVersion, Uint8Array])[] = [];
  for (const module of versions) {
    const answer = await database.record(module, "database", signal);
    if (answer !== undefined) answers.push([module, answer]);
  }
  const head = await newestHead(database, signal);
  const files = new Map<string, Uint8Array>([
    ["supported", new Uint8Array()],
    ["latest", head],
  ]);
  const records = new Map(
    answers.map(([module, answer]) => {
      const { id, text } = parseRecord(answer);
      return [lookupPath(module), Buffer.concat([formatRecord(id, text), head])] as const;
    }),
  );
  const client = new ChecksumClient({
    key,
    async readRemote(path) {
      if (path === "latest") return head;
      const record = records.get(path);
      if (record !== undefined) return record;
      const tile = await database.tile(parseTilePath(path), "database", signal);
      if (tile !== undefined) return tile;
      throw new ProxyFailure("upstream_unavailable", `${path} of ${database.name} cannot be had`);
    },
    readKept: async () => undefined,
    keep: (path, bytes) => files.set(path, bytes),
    readHead: async () => earlier,
    keepHead: async () => undefined,
  });
  await client.refresh();
  for (const [module] of answers) await client.lookup(module);
  return files;
}

async function newestHead(database: MirroredDatabase, signal: AbortSignal): Promise<Uint8Array> {
  const head = await database.latest("database", signal).catch(async (failure: unknown) => {
    signal.throwIfAborted();
    const kept = await database.latest("kept", signal);
    if (kept === undefined) throw failure;
    return kept;
  });
  if (head !== undefined) return head;
  throw new ProxyFailure("upstream_unavailable", `${database.name} has no signed tree`);
}

/** What is remembered of a database, as far as adopting records concerns it. */
export interface AdoptingState {
  readKept(path: string): Promise<Uint8Array | undefined>;
  keep(path: string, bytes: Uint8Array): void;
  readHead(): Promise<Uint8Array | undefined>;
  keepHead(size: number, note: Uint8Array): Promise<void>;
  settled(): Promise<void>;
}

/**
 * Takes records over that somebody has proven, after the same checks as if the database had given them. Rejects with
 * `checksum_mismatch` if they, or their tree and the one known here, do not hold together.
 */
export async function adoptRecords(
  { state, key }: { readonly state: AdoptingState; readonly key: VerifierKey },
  versions: readonly ModuleVersion[],
  read: (path: string) => Promise<Uint8Array | undefined>,
): Promise<void> {
  const client = new ChecksumClient({
    key,
    async readRemote(path) {
      const bytes = await read(path);
      if (bytes !== undefined) return bytes;
      throw new ProxyFailure(
        "checksum_mismatch",
        `the bundle cannot show that its tree of ${key.name} and the one known here are one history (it lacks ${path}): make it anew, with --since and the bundle that was imported last`,
      );
    },
    // What was kept before may hang on an older tree: the bundle's are all of one.
    readKept: async (path) => (path.startsWith("lookup/") ? undefined : state.readKept(path)),
    keep: (path, bytes) => state.keep(path, bytes),
    readHead: () => state.readHead(),
    keepHead: (size, note) => state.keepHead(size, note),
  });
  try {
    await client.refresh();
    for (const module of versions) await client.lookup(module);
  } catch (cause) {
    const isTheirs =
      cause instanceof ForkedTree ||
      cause instanceof UntrustedAnswer ||
      cause instanceof InvalidText;
    if (!isTheirs) throw cause;
    const message = `security: what the bundle says of ${key.name} cannot be trusted: ${cause.message.split("\n", 1)[0]}`;
    throw new ProxyFailure("checksum_mismatch", message, { cause });
  } finally {
    await state.settled();
  }
}
