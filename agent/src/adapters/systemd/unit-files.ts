// The files of units: where they lie, whether they are as they should be, and how they become so.
import { dirname, join } from "node:path";
import type { Disk } from "../../domain/disk.ts";

/** A file that should be there, or a link. */
export type UnitFile =
  | { readonly path: string; readonly text: string; readonly mode: number }
  | { readonly path: string; readonly target: string };

/** Where units lie that stay, and those that a reboot ends (systemd.unit(5)). */
export const lastingFolder = "/etc/systemd/system";
export const passingFolder = "/run/systemd/system";

/** The link that `systemctl enable` makes of `WantedBy=`. */
export function wantedLink(unit: string, by: string): UnitFile {
  return { path: join(lastingFolder, `${by}.wants`, unit), target: join(lastingFolder, unit) };
}

/** Whether it is missing or different. */
export async function differs(disk: Disk, file: UnitFile): Promise<"gone" | "changed" | undefined> {
  const entry = await disk.look(file.path);
  if (entry === undefined) return "gone";
  if ("target" in file)
    return (await disk.pointsTo(file.path)) === file.target ? undefined : "changed";
  if (entry.kind !== "file" || entry.mode !== file.mode) return "changed";
  const bytes = await disk.read(file.path);
  return bytes !== undefined && Buffer.from(bytes).toString() === file.text ? undefined : "changed";
}

/** Writes those that differ. Says which. */
export async function put(disk: Disk, files: readonly UnitFile[]): Promise<readonly UnitFile[]> {
  const written: UnitFile[] = [];
  for (const file of files) {
    const difference = await differs(disk, file);
    if (difference === undefined) continue;
    const kind = (await disk.look(file.path))?.kind;
    const stands = kind !== undefined && kind !== ("target" in file ? "link" : "file");
    if (stands) await disk.remove(file.path);
    if ("target" in file) {
      await disk.makeFolder(dirname(file.path));
      await disk.point(file.path, file.target);
    } else await disk.replace(file.path, file.text, file.mode);
    written.push(file);
  }
  return written;
}
