// Where somebody lays down a ready-made bundle: a file of this machine, or an object in a bucket.
import { createWriteStream } from "node:fs";
import { copyFile, stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Bucket, isBucketUrl, openBucket, parseBucketUrl } from "@stoa/blobs";
import type { Environment } from "../config/load-config.ts";

/** A place where a bundle lies, or will. */
export interface BundleDrop extends AsyncDisposable {
  /** How messages call it. */
  readonly name: string;
  /** The last part of its path. */
  readonly file: string;
  /**
   * Stands for the bytes that lie there now; undefined if nothing does. Throws a sentence where that cannot be known, which
   * says nothing about what lies there.
   */
  tag(signal?: AbortSignal): Promise<string | undefined>;
  /** Copies what lies there into a file. Throws a sentence if it is not what the tag stands for any more. */
  copy(tag: string, to: string, signal?: AbortSignal): Promise<void>;
}

/** Opens what the user wrote: a path, or the URL of an object. Throws a sentence if it is neither. */
export async function openDrop(
  written: string,
  folder: string,
  environment: Environment,
): Promise<BundleDrop> {
  if (!isBucketUrl(written)) return fileDrop(resolve(folder, written));
  const { bucket, prefix } = parseBucketUrl(written, environment);
  const key = prefix.replace(/\/$/, "");
  if (key === "") throw new Error(`${written} names a bucket; name the object too`);
  return objectDrop(written.split("?")[0] ?? written, key, await openBucket(bucket));
}

/** A file counts once it looks the same twice: until then somebody may be writing it. */
function fileDrop(path: string): BundleDrop {
  let last: string | undefined;
  const look = async (): Promise<string | undefined> => {
    const found = await stat(path, { bigint: true }).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === "ENOENT") return undefined;
      throw new Error(`${path} cannot be read: ${cause.message}`, { cause });
    });
    return found && `${found.dev}-${found.ino}-${found.size}-${found.mtimeNs}`;
  };
  return {
    name: path,
    file: basename(path),
    tag: async () => {
      const before = last;
      last = await look();
      return last === before ? last : undefined;
    },
    copy: async (tag, to) => {
      await copyFile(path, to);
      if ((await look()) !== tag) throw new Error(`${path} was replaced while it was read`);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function objectDrop(name: string, key: string, bucket: Bucket): BundleDrop {
  return {
    name,
    file: basename(key),
    tag: async (signal) => (await bucket.stat(key, signal))?.tag,
    copy: async (tag, to, signal) => {
      const opened = await bucket.get(key, { onlyTag: tag }, signal);
      if (opened === undefined || opened === "unchanged") throw new Error(`${name} is gone`);
      await using blob = opened;
      await pipeline(blob.body, createWriteStream(to));
    },
    [Symbol.asyncDispose]: () => bucket[Symbol.asyncDispose](),
  };
}
