// What a URL below /sumdb/ asks for.
import {
  InvalidText,
  type ModuleVersion,
  parseVersion,
  unescapePath,
  unescapeVersion,
} from "@stoa/gomod";
import { parseTilePath, type Tile } from "@stoa/gomod/sumdb";
import { ProxyFailure } from "../domain/proxy-failure.ts";

/** A request for a checksum database. */
export interface SumdbRequest {
  readonly kind: "sumdb";
  /** Its name, which may hold slashes. */
  readonly database: string;
  readonly question: SumdbQuestion;
  readonly keptOnly: boolean;
}

export type SumdbQuestion =
  | { readonly kind: "supported" | "latest" }
  | { readonly kind: "lookup"; readonly module: ModuleVersion }
  | { readonly kind: "tile"; readonly tile: Tile };

/** As the database's own server has it (golang.org/x/mod/sumdb.Server): no `/go.mod`, no short versions. */
const moduleVersion = /^([^@]+)@(v[0-9]+\.[0-9]+\.[0-9]+(?:-[^@]*)?(?:\+incompatible)?)$/;

/**
 * Reads what follows `sumdb/`, percent-decoded. Throws a `ProxyFailure`: `bad_request` where a lookup or a tile is
 * malformed, as the database itself does, `not_found` where nothing is meant at all.
 */
export function parseSumdbRequest(inside: string, keptOnly: boolean): SumdbRequest {
  const [, database = "", endpoint = "", rest] =
    /^(.+?)\/(lookup|tile|supported|latest)(?:\/(.+))?$/.exec(inside) ?? [];
  const question = parseQuestion(endpoint, rest);
  if (question === undefined) {
    throw new ProxyFailure(
      "not_found",
      "below /sumdb/NAME/ there are supported, latest, lookup/MODULE@VERSION and tile/HEIGHT/LEVEL/NUMBER, and nothing else",
    );
  }
  return { kind: "sumdb", database, question, keptOnly };
}

function parseQuestion(endpoint: string, rest: string | undefined): SumdbQuestion | undefined {
  switch (endpoint) {
    case "supported":
    case "latest":
      return rest === undefined ? { kind: endpoint } : undefined;
    case "lookup":
      return { kind: "lookup", module: parseLookup(rest ?? "") };
    case "tile":
      return { kind: "tile", tile: sound(() => parseTilePath(`tile/${rest ?? ""}`)) };
    default:
      return undefined;
  }
}

function parseLookup(text: string): ModuleVersion {
  const [, path, version] = moduleVersion.exec(text) ?? [];
  if (path === undefined || version === undefined) {
    throw new ProxyFailure("bad_request", "a lookup looks like lookup/example.com/module@v1.2.3");
  }
  return sound(() => ({
    path: unescapePath(path),
    version: parseVersion(unescapeVersion(version)),
  }));
}

function sound<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof InvalidText)) throw cause;
    throw new ProxyFailure("bad_request", cause.message, { cause });
  }
}
