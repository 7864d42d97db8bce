// How large a module may be. Authority: golang.org/x/mod/zip, MaxZipFile, MaxGoMod and MaxLICENSE.

/** Of a zip file, and of all its files together when unpacked, in bytes. */
export const maxZipBytes: number = 500 * 2 ** 20;

/** Of the go.mod in the root, in bytes. */
export const maxGoModBytes: number = 16 * 2 ** 20;

/** Of files in the root that are read whole, by their path, in bytes. */
export const rootFileLimits: ReadonlyMap<string, number> = new Map([
  ["go.mod", maxGoModBytes],
  ["LICENSE", 16 * 2 ** 20],
]);

/**
 * Of the files and directories in a zip. Go has no such limit; this one bounds the memory that a hostile zip can take.
 * The largest modules known have fewer than a tenth.
 */
export const maxPaths = 1_000_000;
