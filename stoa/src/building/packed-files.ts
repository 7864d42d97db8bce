// What a package of a service holds: its program, or files that were laid out elsewhere.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import type { BundleFile } from "../delivery/file-contents.ts";
import { checkedLabel } from "./build-program.ts";
import { readGivenBundle } from "./given-bundle.ts";
import {
  isProgram,
  type RevisionOrder,
  revisionOfFile,
  revisionOfSources,
} from "./revision-source.ts";

/** Files, where they lie until this is disposed of, and how they are called. */
export interface PackedFiles extends AsyncDisposable {
  readonly service: string;
  readonly version: string;
  /** Their paths are those on the machine, without the first slash. */
  readonly contents: readonly BundleFile[];
  /** A folder for whoever packs them. */
  readonly work: string;
}

/**
 * A program, built from the sources of the folder or given, lies in `usr/bin`. The files of a folder or an archive lie
 * where they are in it. Throws sentences.
 */
export async function packedFiles(
  given: string | undefined,
  order: RevisionOrder,
): Promise<PackedFiles> {
  await using made = new AsyncDisposableStack();
  const work = await mkdtemp(join(tmpdir(), "stoa-package-"));
  made.defer(() => rm(work, { recursive: true, force: true }));
  const place = given === undefined ? undefined : resolve(order.folder, given);
  const files =
    place === undefined || (await isProgram(place))
      ? await programIn(place, order, made)
      : await filesOf(place, order, work);
  const kept = made.move();
  return { ...files, work, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

type Described = Omit<PackedFiles, "work" | typeof Symbol.asyncDispose>;

async function programIn(
  place: string | undefined,
  order: RevisionOrder,
  made: AsyncDisposableStack,
): Promise<Described> {
  const { revision, contents } = made.use(
    place === undefined ? await revisionOfSources(order) : await revisionOfFile(place, order),
  );
  const { service, version } = revision;
  return {
    service,
    version,
    contents: contents.map((file) => ({ ...file, path: `usr/bin/${service}` })),
  };
}

async function filesOf(place: string, order: RevisionOrder, work: string): Promise<Described> {
  const service = order.service ?? order.file.service;
  if (service === undefined) {
    throw new Error(`say what the package of ${basename(place)} is called: --service NAME`);
  }
  const version = checkedLabel(order.label ?? "dev");
  return { service, version, contents: await readGivenBundle(place, join(work, "files")) };
}
