// A path below which something is served.
import { RefusedValue } from "./setting.ts";

/** Reads `/a/b`, without a slash at its end; nothing is the root. Throws `RefusedValue`. */
export function parsePathPrefix(text: string): string {
  const prefix = text.trim().replace(/\/+$/, "");
  if (prefix === "") return "";
  if (!/^(\/[A-Za-z0-9._~-]+)+$/.test(prefix) || /\/\.{1,2}(\/|$)/.test(prefix)) {
    throw new RefusedValue(
      `${JSON.stringify(text)} is not a path such as /go: it must begin with a slash and hold no spaces or escapes`,
    );
  }
  return prefix;
}
