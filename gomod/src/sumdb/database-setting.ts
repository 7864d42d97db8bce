// What GOSUMDB says: which checksum database, by which key, and where.
import { InvalidText } from "../invalid-text.ts";
import { parseVerifierKey, type VerifierKey } from "./verifier-key.ts";

/** A checksum database that is configured. */
export interface DatabaseSetting {
  /** As it stands in `/sumdb/<name>/`: the key's name. */
  readonly name: string;
  readonly key: VerifierKey;
  /** Where it is, if that was said; otherwise at a proxy that mirrors it, or at `https://<name>`. */
  readonly url: string | undefined;
}

/** Databases whose keys need not be said. Authority: cmd/go modfetch.knownGOSUMDB. */
const knownKeys: Readonly<Record<string, string>> = {
  "sum.golang.org": "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
};

/** Other addresses of known databases, by the names that stand for them. Authority: as above. */
const aliases: Readonly<Record<string, string>> = {
  "sum.golang.google.cn": "sum.golang.org https://sum.golang.google.cn",
};

/** What holds where nothing is said. */
const defaultDatabase = "sum.golang.org";

/**
 * Reads `name`, `name+hash+key` or either with a URL behind a space. `off` gives `undefined`, nothing the default.
 * Throws `InvalidText` of kind `GOSUMDB`. Authority: cmd/go modfetch.dbDial.
 */
export function parseDatabaseSetting(text: string): DatabaseSetting | undefined {
  const fields = text.trim().split(/\s+/);
  const [named = ""] = fields;
  const said = (fields.length === 1 ? aliases[named] : undefined) ?? text.trim();
  const [first = "", url, ...rest] = (said || defaultDatabase).split(/\s+/);
  if (first === "off") return undefined;
  if (rest.length > 0) throw invalid(text, "it has more than a name and a URL");
  const key = readKey(knownKeys[first] ?? first, text);
  if (url !== undefined) requireUrl(url, text);
  if (!isDatabaseName(key.name))
    throw invalid(text, "the name is not a host, or a host and a path");
  return { name: key.name, key, url };
}

/**
 * Reads a database as in GOSUMDB, or as a URL alone: `https://sum.golang.org`, or where another proxy mirrors it,
 * `https://proxy.example/sumdb/sum.golang.org`. A URL alone must name a database whose key is known, and one that only
 * repeats the name counts as none. Throws `InvalidText` of kind `checksum database` or `GOSUMDB`.
 */
export function parseMirroredDatabase(entry: string): DatabaseSetting {
  const refuse = (reason: string): InvalidText =>
    new InvalidText("checksum database", entry, reason);
  const url = /\s/.test(entry) ? null : URL.parse(entry);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    const setting = entry === "off" ? undefined : parseDatabaseSetting(entry);
    if (setting === undefined) throw refuse("it is no database");
    return setting;
  }
  const place = `${url.host}${url.pathname}`.replace(/\/+$/, "");
  const alias = aliases[place];
  if (alias !== undefined) return parseMirroredDatabase(alias);
  const name = place.replace(/^.*?\/sumdb\//, "");
  if (knownKeys[name] === undefined) {
    throw refuse(
      `the key of ${name} is not known: write name+hash+key before the URL, and a space`,
    );
  }
  const setting = parseDatabaseSetting(`${name} ${entry}`);
  if (setting === undefined) throw refuse("it is no database");
  return entry.replace(/\/+$/, "") === `https://${name}` ? { ...setting, url: undefined } : setting;
}

function readKey(key: string, text: string): VerifierKey {
  try {
    return parseVerifierKey(key);
  } catch (failure) {
    if (!(failure instanceof InvalidText)) throw failure;
    throw invalid(text, "it begins with neither a database that is known nor name+hash+key");
  }
}

/** `host` or `host/path`, fit for URLs and as a folder. */
function isDatabaseName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]+)?(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$/.test(name);
}

function requireUrl(url: string, text: string): void {
  if (!/^https?:$/.test(URL.parse(url)?.protocol ?? "")) {
    throw invalid(text, "what follows the name is no http or https URL");
  }
}

function invalid(text: string, reason: string): InvalidText {
  return new InvalidText("GOSUMDB", text, reason);
}
