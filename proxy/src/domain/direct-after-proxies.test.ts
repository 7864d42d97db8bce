// Tests of `direct` behind proxies.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModulePath, ModuleVersion, Version } from "@stoa/gomod";
import { directAfterProxies } from "./direct-after-proxies.ts";
import type { ProxyFailureCode } from "./proxy-failure.ts";
import { refusingUpstream } from "./refusing-upstream.ts";
import type { Upstream } from "./upstream.ts";

const never = new AbortController().signal;

/** A proxy that has these modules. */
function proxyWith(...paths: readonly string[]): Upstream {
  const empty = refusingUpstream("proxy", "not_found", "no such module");
  return {
    ...empty,
    list: (path, signal) => (paths.includes(path) ? Promise.resolve([]) : empty.list(path, signal)),
  };
}

function chain(proxy: Upstream, code: ProxyFailureCode = "bad_request"): Upstream {
  return directAfterProxies(refusingUpstream("direct", code, "direct was asked"), [proxy]);
}

test("no repository is asked about what lies below a module of a proxy, or about a host alone", async () => {
  const upstream = chain(proxyWith("a.b/c/d"));
  for (const path of ["a.b/c/d/e", "a.b/c/d/e/f", "a.b"] as ModulePath[]) {
    for (const ask of [
      () => upstream.list(path, never),
      () => upstream.resolve(path, "latest", never),
    ]) {
      await assert.rejects(ask(), { code: "not_found", message: /is not asked/ });
    }
  }
});

test("it is asked about everything else, and about named versions always", async () => {
  const upstream = chain(proxyWith("a.b", "a.b/c/d"));
  const asked = { message: "direct was asked" };
  await assert.rejects(upstream.list("a.b/c" as ModulePath, never), asked);
  await assert.rejects(upstream.list("x.y/z" as ModulePath, never), asked);
  const below = "a.b/c/d/e" as ModulePath;
  const version: ModuleVersion = { path: below, version: "v1.0.0" as Version };
  await assert.rejects(upstream.resolve(below, "main", never), asked);
  await assert.rejects(upstream.info(version, never), asked);
  await assert.rejects(upstream.mod(version, never), asked);
  await assert.rejects(upstream.zip(version, never), asked);
});

test("a host that gives no answer has not been asked, but a version of it is out of reach", async () => {
  for (const code of ["upstream_unavailable", "timed_out"] as const) {
    const upstream = chain(proxyWith(), code);
    const path = "a.b/c" as ModulePath;
    await assert.rejects(upstream.list(path, never), { code: "unsupported" });
    await assert.rejects(upstream.info({ path, version: "v1.0.0" as Version }, never), { code });
  }
});
