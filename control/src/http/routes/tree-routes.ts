// Routes of the tree that agents read, and of the news that it has changed.
import { z } from "zod";
import type { Environments } from "../../application/change-environments.ts";
import type { BlobShelf } from "../../domain/blob-shelf.ts";
import { ControlFailure } from "../../domain/control-failure.ts";
import type { DocumentTree } from "../../domain/document-tree.ts";
import { checkedPath, isServed } from "../../domain/tree-paths.ts";
import { eventStream } from "../event-stream.ts";
import { type Call, type Route, route } from "../route.ts";

interface TreeParts {
  readonly tree: DocumentTree;
  readonly blobs: BlobShelf;
  readonly environments: Environments;
}

/** The routes of the tree. */
export function treeRoutes(parts: TreeParts): readonly Route[] {
  const { environments } = parts;
  return [
    route({
      method: "GET",
      path: "/tree/*",
      summary: "A document or content of the tree, with ETag and If-None-Match.",
      admission: "machine",
      answer: "application/octet-stream",
      handle: (call) => answerTree(parts, call),
    }),
    route({
      method: "GET",
      path: "/wake",
      summary:
        "Events named `changed`, with the new serial, whenever the environment's index changes.",
      admission: "machine",
      query: z.object({ environment: z.string() }),
      answer: "text/event-stream",
      handle: async ({ principal, query, signal: end }) => {
        checkReach(`environments/${query.environment}/`, principal);
        return eventStream({ signal: end }, async function* (signal) {
          for await (const { environment, serial } of environments.news.follow(signal)) {
            if (environment === query.environment) yield { event: "changed", data: { serial } };
          }
        });
      },
    }),
  ];
}

async function answerTree(
  { tree, blobs }: TreeParts,
  { principal, rest, request }: Call,
): Promise<Response> {
  const path = checkedPath(rest);
  checkReach(path, principal);
  const sha256 = /^blobs\/sha256\/(.+)$/.exec(path)?.[1];
  if (sha256 !== undefined) return await answerBlob(blobs, sha256, request);
  const stored = await tree.read(path);
  if (stored === undefined) throw absent(path);
  const headers = { ETag: `"${stored.etag}"`, "Cache-Control": "no-cache" };
  if (isSame(request, stored.etag)) return new Response(null, { status: 304, headers });
  return new Response(stored.text, { headers: { ...headers, "Content-Type": "application/json" } });
}

async function answerBlob(blobs: BlobShelf, sha256: string, request: Request): Promise<Response> {
  const headers = { ETag: `"${sha256}"`, "Cache-Control": "public, max-age=31536000, immutable" };
  const blob = await blobs.open(sha256);
  if (blob === undefined) throw absent(`blobs/sha256/${sha256}`);
  if (isSame(request, sha256)) {
    await blob.body.cancel();
    return new Response(null, { status: 304, headers });
  }
  return new Response(blob.body, {
    headers: {
      ...headers,
      "Content-Type": "application/octet-stream",
      "Content-Length": String(blob.size),
    },
  });
}

/** A machine reads contents, revisions and its own environment: there are other machines' secrets in the others. */
function checkReach(path: string, principal: Call["principal"]): void {
  if (!isServed(path)) throw absent(path);
  if (principal?.kind !== "machine") return;
  const own = [`environments/${principal.environment}/`, "blobs/", "revisions/"];
  if (own.some((start) => path.startsWith(start))) return;
  throw new ControlFailure("forbidden", `${path} is not for ${principal.name}`);
}

function absent(path: string): ControlFailure {
  return new ControlFailure("not_found", `there is no ${path} in the tree`);
}

function isSame(request: Request, etag: string): boolean {
  const tags = request.headers.get("if-none-match") ?? "";
  return tags.split(",").some((tag) => tag.trim().replace(/^W\//, "") === `"${etag}"`);
}
