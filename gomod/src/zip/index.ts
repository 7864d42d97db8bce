// The doors of module zips.

export { type ByteSource, memorySource } from "./byte-source.ts";
export { type CheckedModuleZip, checkModuleZip } from "./check-module-zip.ts";
export { DigestedSource } from "./digested-source.ts";
export { hashZip } from "./hash-zip.ts";
export {
  type ModuleFile,
  type ModuleFileSelection,
  type Omission,
  selectModuleFiles,
} from "./module-files.ts";
export { maxZipBytes } from "./module-zip-limits.ts";
export type { PackedContent } from "./packed-content.ts";
export { readZipDirectory, type ZipDirectory, type ZipEntry } from "./zip-directory.ts";
export { type PackMemory, type ReadableModuleFile, writeModuleZip } from "./zip-writer.ts";
