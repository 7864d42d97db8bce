// An answer that sends the client to another proxy.
import { escapePath, escapeVersion } from "@stoa/gomod";
import { redirectTarget } from "../domain/policy/redirect-base.ts";
import { listPath, queryPath } from "../domain/protocol-path.ts";
import { type Answer, shortLived } from "./answer.ts";
import type { EndpointRequest } from "./module-request.ts";

/**
 * Sends the client to the same path of the protocol below `base`, names escaped as the protocol has them, and nothing of
 * the path under which this proxy is found. Throws the failure `refused` if `base` is empty.
 */
export function redirectAnswer(
  request: EndpointRequest,
  base: string,
  how: { readonly status: number; readonly lifetimeMs: number },
): Answer {
  const location = redirectTarget(base, encodeURI(pathOf(request)));
  return {
    body: { form: "redirect", location, status: how.status },
    contentType: "text/plain; charset=utf-8",
    freshness: shortLived(how.lifetimeMs, 0, false),
    cache: "none",
    from: undefined,
  };
}

/** Authority: go.dev/ref/mod#goproxy-protocol. */
function pathOf(request: EndpointRequest): string {
  switch (request.kind) {
    case "list":
      return listPath(request.path);
    case "latest":
      return queryPath(request.path, "latest");
    case "file":
      return `${escapePath(request.path)}/@v/${escapeVersion(request.version)}.${request.file}`;
  }
}
