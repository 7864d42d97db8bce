// Changing a file that a program reads whenever it likes.
import { rename, writeFile } from "node:fs/promises";

/** Written beside and moved: whoever reads it meets the old text or the new one, and never a part or nothing. */
export async function replaceFile(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}
