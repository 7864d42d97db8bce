// The endpoints of a mirrored checksum database.
import type { DatabaseMirror } from "../application/mirror-databases.ts";
import { type Answer, immutable, shortLived } from "./answer.ts";
import type { SumdbRequest } from "./sumdb-request.ts";

const dayMs = 86_400_000;
const text = "text/plain; charset=utf-8";

/** Answers a request for a checksum database (go.dev/ref/mod#checksum-database). Rejects with a `ProxyFailure`. */
export async function answerSumdb(
  { database, question }: SumdbRequest,
  wish: { readonly keptOnly: boolean },
  parts: { readonly mirror: DatabaseMirror; readonly lifetimeMs: number },
  signal: AbortSignal,
): Promise<Answer> {
  const { mirror, lifetimeMs } = parts;
  const reach = wish.keptOnly ? "kept" : "database";
  switch (question.kind) {
    case "supported":
      await mirror.require(database);
      return { ...bytes(new Uint8Array(), text), freshness: shortLived(dayMs, 0, false) };
    case "latest": {
      const { value, ageMs, stale, asked } = await mirror.latest(database, reach, signal);
      return {
        ...bytes(value, text),
        freshness: shortLived(lifetimeMs, ageMs, stale),
        cache: stale ? "stale" : asked ? "miss" : "hit",
      };
    }
    case "lookup":
      return bytes(await mirror.record(database, question.module, reach, signal), text);
    case "tile": {
      const { tile } = question;
      const type = tile.level === "data" ? text : "application/octet-stream";
      return bytes(await mirror.tile(database, tile, reach, signal), type);
    }
  }
}

function bytes(body: Uint8Array, contentType: string): Answer {
  return {
    body: { form: "bytes", bytes: body },
    contentType,
    freshness: immutable,
    cache: "hit",
    from: undefined,
  };
}
