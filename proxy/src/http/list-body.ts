// A go.sum, or a list of versions, that came as the body of a request.
import type { IncomingMessage } from "node:http";
import type { SourceEntry } from "../domain/import-source.ts";
import { parseImportList } from "../domain/listed-source.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import { readBody } from "./request-body.ts";

/** The go.sum of the largest projects has less than one. */
const mostBytes = 16 << 20;

/** What the lines name, at least one. Rejects with `bad_request` if one of them cannot be read. */
export async function readListBody(
  request: IncomingMessage,
): Promise<readonly Exclude<SourceEntry, { readonly kind: "unusable" }>[]> {
  const entries = parseImportList((await readBody(request, mostBytes)).toString("utf8"));
  const wrong = entries.find((entry) => entry.kind === "unusable");
  if (wrong !== undefined) throw new ProxyFailure("bad_request", `${wrong.place}: ${wrong.why}`);
  if (entries.length === 0) {
    throw new ProxyFailure("bad_request", "send a go.sum, or lines of MODULE@VERSION, as the body");
  }
  return entries.filter((entry) => entry.kind !== "unusable");
}
