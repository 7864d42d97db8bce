// The checking thread: takes one zip at a time and says what it found.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { InvalidText } from "@stoa/gomod";
import { type ByteSource, checkModuleZip, DigestedSource, memorySource } from "@stoa/gomod/zip";
import type { ZipCheckReport, ZipCheckTask } from "./zip-check-report.ts";

parentPort?.on("message", (task: ZipCheckTask) => {
  void report(task).then((found) => parentPort?.postMessage(found));
});

async function report(task: ZipCheckTask): Promise<ZipCheckReport> {
  try {
    return await reading(task, (source) => done(task, source));
  } catch (failure) {
    if (failure instanceof InvalidText) return { outcome: "unsound", sentence: reasonIn(failure) };
    const code = systemCode(failure);
    if (code !== undefined) return { outcome: "unreadable", code };
    return { outcome: "mistaken", failure };
  }
}

async function done({ kind, module }: ZipCheckTask, source: ByteSource): Promise<ZipCheckReport> {
  if (kind === "digest") {
    return { outcome: "digested", digest: new DigestedSource(source).digest() };
  }
  const { hash, digest, goMod } = await checkModuleZip(source, module);
  // A copy: sending a part of a buffer would send all of it.
  const checked = { hash, digest, goMod: goMod && new Uint8Array(goMod) };
  return { outcome: "sound", checked };
}

async function reading<T>(
  { zip }: ZipCheckTask,
  work: (source: ByteSource) => Promise<T>,
): Promise<T> {
  if ("bytes" in zip) return work(memorySource(zip.bytes));
  const descriptor = openSync(zip.path, "r");
  try {
    return await work(fileSource(descriptor));
  } finally {
    closeSync(descriptor);
  }
}

function fileSource(descriptor: number): ByteSource {
  return {
    size: fstatSync(descriptor).size,
    read(position, into) {
      let filled = 0;
      while (filled < into.length) {
        const count = readSync(descriptor, into, filled, into.length - filled, position + filled);
        if (count === 0) break;
        filled += count;
      }
      return filled;
    },
  };
}

/** The sentence without its beginning, which names the module: whoever passes it on knows that. */
function reasonIn({ message, kind, text }: InvalidText): string {
  const beginning = `invalid ${kind} ${JSON.stringify(text)}: `;
  return message.startsWith(beginning) ? message.slice(beginning.length) : message;
}

function systemCode(failure: unknown): string | undefined {
  if (!(failure instanceof Error && "code" in failure && "syscall" in failure)) return undefined;
  return String(failure.code);
}
