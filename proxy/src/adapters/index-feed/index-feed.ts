// The index feed of another proxy, over HTTP.
import { checkModuleVersion, parseModulePath, parseVersion } from "@stoa/gomod";
import type { FeedEntry, IndexFeed } from "../../domain/index-feed.ts";

/** Reads a file below a URL, whose query stays as it is. */
export type ReadBelow = (base: string, file: string, signal: AbortSignal) => Promise<Uint8Array>;

/** The feed at a URL such as `https://index.golang.org/index`. Lines that name no module version are passed over. */
export function indexFeed(address: string, read: ReadBelow): IndexFeed {
  const url = new URL(address);
  const slash = url.pathname.lastIndexOf("/");
  const file = url.pathname.slice(slash + 1);
  const shown = `${url.protocol}//${url.host}${url.pathname}`;
  return {
    name: shown,
    async since(timestamp, limit, signal) {
      const page = new URL(url);
      page.pathname = url.pathname.slice(0, slash);
      page.search = `since=${encodeURIComponent(timestamp)}&limit=${limit}`;
      const text = Buffer.from(await read(page.href, file, signal)).toString();
      const lines = text.split("\n").filter((line) => line !== "");
      const parsed = lines.map(parseLine);
      return {
        entries: parsed.flatMap(({ entry }) => entry ?? []),
        last: parsed.findLast(({ timestamp: time }) => time !== undefined)?.timestamp,
        lines: lines.length,
      };
    },
  };
}

interface ReadLine {
  readonly entry: FeedEntry | undefined;
  readonly timestamp: string | undefined;
}

/** Authority: index.golang.org, `{"Path":…,"Version":…,"Timestamp":…}`. */
function parseLine(line: string): ReadLine {
  let timestamp: string | undefined;
  try {
    const written: Readonly<Record<string, unknown>> = JSON.parse(line);
    timestamp = String(written["Timestamp"]);
    const path = parseModulePath(String(written["Path"]));
    const version = parseVersion(String(written["Version"]));
    checkModuleVersion(path, version);
    return { entry: { module: { path, version }, timestamp }, timestamp };
  } catch {
    return { entry: undefined, timestamp }; // a line that cannot be read tells of nothing
  }
}
