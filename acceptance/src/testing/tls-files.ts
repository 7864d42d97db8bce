// A certificate for the loopback address and its key, as the files that a server and its clients read.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { loopbackCertificate } from "@stoa/serving/testing";

/** The paths, in the folder that was given. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** Writes both files. A client trusts the server if it takes `cert` for an authority. */
export async function tlsFiles(folder: string): Promise<TlsFiles> {
  const files = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  await writeFile(files.cert, loopbackCertificate.cert);
  await writeFile(files.key, loopbackCertificate.key, { mode: 0o600 });
  return files;
}
