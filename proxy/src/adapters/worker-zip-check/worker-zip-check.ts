// stand-in
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { checkModuleZip, memorySource } from "@stoa/gomod/zip";
import type { ZipCheck } from "../../domain/zip-check.ts";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
export class WorkerZipCheck implements ZipCheck {
  async check(module: Parameters<ZipCheck["check"]>[0], place: Parameters<ZipCheck["check"]>[1]) {
    try {
      if (place.kind === "memory") return await checkModuleZip(memorySource(place.bytes()), module);
      const fd = openSync(place.path, "r");
      try {
        return await checkModuleZip({ size: fstatSync(fd).size, read: (p, l) => { const b = new Uint8Array(l); const n = readSync(fd, b, 0, l, p); return b.subarray(0, n); } }, module);
      } finally { closeSync(fd); }
    } catch (f) { throw new ProxyFailure("invalid_module", (f as Error).message, { cause: f }); }
  }
  async close() {}
}
