// The files in which a test's own server has its certificate.
import { chown, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** In PEM. */
export interface ServerCertificate {
  readonly key: string;
  readonly cert: string;
}

/** Writes it into a folder, readable by nobody but `owner`, as servers demand. Returns the paths. */
export async function writeCertificate(
  folder: string,
  certificate: ServerCertificate,
  { uid, gid }: { readonly uid?: number; readonly gid?: number },
): Promise<ServerCertificate> {
  const files = { key: join(folder, "key"), cert: join(folder, "cert") };
  for (const name of ["key", "cert"] as const) {
    await writeFile(files[name], certificate[name], { mode: 0o600 });
    if (uid !== undefined) await chown(files[name], uid, gid ?? uid);
  }
  return files;
}
