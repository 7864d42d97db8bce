// How the connection to an index is encrypted, by the parameters of the drivers that Athens uses.
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import type { ConnectionOptions } from "node:tls";
import type { IndexServer } from "./index-table.ts";

type Params = IndexServer["params"];

/** What to do about encryption when MySQL is spoken to; `undefined` for none. */
export interface MysqlEncryption {
  readonly ssl: { readonly rejectUnauthorized: boolean; readonly verifyIdentity: boolean };
  /** A server that knows no TLS is spoken to without it. */
  readonly isOptional: boolean;
}

/** Authority: the parameter `tls` of github.com/go-sql-driver/mysql; other names are those that a program registers. */
export function mysqlEncryption({ params, host }: IndexServer): MysqlEncryption | undefined {
  const unverified = { rejectUnauthorized: false, verifyIdentity: false };
  const mode = params.get("tls") ?? "false";
  switch (mode.toLowerCase()) {
    case "false":
    case "0":
      return undefined;
    case "true":
    case "1":
      // mysql2 does not tell TLS an address, which then takes a certificate for localhost.
      if (isIP(host) !== 0) {
        throw new Error(`its parameter tls is ${mode}: name its host, certificates are for names`);
      }
      return { ssl: { rejectUnauthorized: true, verifyIdentity: true }, isOptional: false };
    case "skip-verify":
      return { ssl: unverified, isOptional: false };
    case "preferred":
      return { ssl: unverified, isOptional: true };
    default:
      throw new Error(`its parameter tls is ${mode}: true, false, skip-verify or preferred`);
  }
}

/**
 * Authority: `sslmode`, `sslrootcert`, `sslcert` and `sslkey` of libpq, as github.com/lib/pq reads them. Rejects if a
 * file cannot be read.
 */
export async function postgresEncryption(params: Params): Promise<false | ConnectionOptions> {
  const mode = params.get("sslmode") ?? "disable";
  if (mode === "disable" || mode === "allow" || mode === "prefer") return false;
  const [ca, cert, key] = await Promise.all([
    certificateFile(params, "sslrootcert"),
    certificateFile(params, "sslcert"),
    certificateFile(params, "sslkey"),
  ]);
  const isChecked = mode === "verify-full" || mode === "verify-ca" || ca !== undefined;
  return {
    rejectUnauthorized: isChecked,
    ...(mode === "verify-full" ? {} : { checkServerIdentity: () => undefined }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}

async function certificateFile(params: Params, name: string): Promise<string | undefined> {
  const path = params.get(name);
  if (path === undefined || path === "") return undefined;
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new Error(`its parameter ${name} names ${path}, which cannot be read`, { cause });
  }
}
