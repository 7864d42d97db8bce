// What it takes to see whether a module's repository can be had, put together.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { matchesModulePatterns, parseModulePath, parseProxyList } from "@stoa/gomod";
import { GoproxyClient } from "./adapters/goproxy-upstream/goproxy-client.ts";
import type { AccessFinding } from "./domain/repository/access-finding.ts";
import type { ModuleProxySettings } from "./module-proxy-settings.ts";
import { openDirectUpstream } from "./open-direct-upstream.ts";

/**
 * Goes the way that a module proxy with these settings would go, with mirrors of its own, which it removes. Throws
 * `InvalidText` if it is no module path.
 */
export async function* checkAccess(
  { upstreams, direct }: Pick<ModuleProxySettings, "upstreams" | "direct">,
  text: string,
  signal: AbortSignal,
): AsyncGenerator<AccessFinding> {
  const path = parseModulePath(text);
  yield routeOf(path, upstreams);
  const folder = await mkdtemp(join(tmpdir(), "stoa-check-access-"));
  const client = new GoproxyClient({ ...upstreams, ownHop: "", hops: () => [] });
  const mirrors = { ...direct.mirrors, folder };
  const opened = openDirectUpstream(
    { ...direct, mirrors },
    { credentials: upstreams, proxyAt: (url) => client.upstream(url) },
  );
  try {
    yield* opened.checkAccess(path, signal);
  } finally {
    await opened[Symbol.asyncDispose]();
    await client[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function routeOf(
  path: string,
  { noproxy, goproxy }: ModuleProxySettings["upstreams"],
): AccessFinding {
  if (matchesModulePatterns(noproxy, path)) {
    const sentence =
      "GOPRIVATE or GONOPROXY matches it: it comes from its repository and nowhere else";
    return { step: "route", works: true, sentence };
  }
  const kinds = parseProxyList(goproxy).map(({ kind }) => kind);
  const works = kinds.includes("direct");
  const sentence = !works
    ? "it never comes from its repository: GOPRIVATE does not match it, and GOPROXY has no direct"
    : kinds[0] === "direct"
      ? "GOPROXY is direct: it comes from its repository"
      : "GOPRIVATE does not match it: the proxies in GOPROXY are told of it, and its repository is asked if they do not have it";
  return { step: "route", works, sentence };
}
