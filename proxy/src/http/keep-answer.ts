// The page on which go.sum files are registered: what they name is not removed by retention.
import type { IncomingMessage } from "node:http";
import type { KeepLists } from "../domain/keep-lists.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import { type Answer, momentary } from "./answer.ts";
import { readListBody } from "./list-body.ts";

const mostNameLength = 200;

/**
 * GET tells which lists there are; POST registers the go.sum in the body as `?name=` in place of the list of that name;
 * DELETE removes it. Rejects with `bad_request`, `not_found` or `store_unavailable`.
 */
export async function answerKeep(
  request: IncomingMessage,
  query: string,
  lists: KeepLists,
): Promise<Answer> {
  if (request.method === "GET" || request.method === "HEAD") {
    const all = await lists.lists();
    return json({ lists: all.map(({ name, versions, at }) => ({ name, versions, at })) });
  }
  const name = new URLSearchParams(query).get("name") ?? "";
  if (name === "" || name.length > mostNameLength) {
    throw new ProxyFailure("bad_request", "name the list: ?name=team/service");
  }
  if (request.method === "DELETE") {
    if (await lists.remove(name)) return json({ name, versions: 0 });
    throw new ProxyFailure("not_found", `no list ${JSON.stringify(name)} is registered`);
  }
  const modules = (await readListBody(request)).map(({ module }) => module);
  await lists.write(name, modules);
  return json({ name, versions: modules.length });
}

function json(value: object): Answer {
  return {
    body: { form: "bytes", bytes: Buffer.from(`${JSON.stringify(value)}\n`) },
    contentType: "application/json; charset=utf-8",
    freshness: momentary,
    cache: "none",
    from: undefined,
  };
}
