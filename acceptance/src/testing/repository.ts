// Where the program under test lies.
import { join } from "node:path";

/** The root of the repository. */
export const repositoryRoot = join(import.meta.dirname, "..", "..", "..");

/** The file that Node runs as `stoa`. */
export const programFile = join(repositoryRoot, "stoa", "src", "main.ts");

/** Where the launcher keeps compiled code between starts; the tests share it, for they start the program often. */
export const compiledCodeFolder = join(repositoryRoot, "node_modules", ".cache", "compiled");
