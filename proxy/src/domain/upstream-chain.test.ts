// GOPROXY lists from the text to the outcome.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseModulePath, parseProxyList, parseVersion, type Version } from "@stoa/gomod";
import { ProxyFailure } from "./proxy-failure.ts";
import { refusingUpstream } from "./refusing-upstream.ts";
import type { Upstream } from "./upstream.ts";
import { upstreamChain } from "./upstream-chain.ts";

const never = new AbortController().signal;
const path = parseModulePath("example.com/m");

/** Fails as the host name says; `ok.example` answers. */
function byHost(url: string): Upstream {
  const { hostname } = new URL(url);
  if (hostname === "down.example")
    return refusingUpstream(hostname, "upstream_unavailable", "down");
  const absent = refusingUpstream(hostname, "not_found", "absent");
  if (hostname !== "ok.example") return absent;
  return { ...absent, list: async (): Promise<readonly Version[]> => [parseVersion("v1.0.0")] };
}

const cases: readonly [goproxy: string, outcome: string][] = [
  ["ok.example", "v1.0.0"],
  ["https://empty.example,https://ok.example", "v1.0.0"],
  ["https://down.example,https://ok.example", "upstream_unavailable"],
  ["https://down.example|https://ok.example", "v1.0.0"],
  ["https://empty.example,direct", "not_found"],
  ["https://empty.example,off", "not_found"],
  ["https://down.example,off", "upstream_unavailable"],
  ["direct", "unsupported"],
  ["off", "refused"],
  ["off,https://ok.example", "refused"],
];
for (const [goproxy, outcome] of cases) {
  test(`GOPROXY=${goproxy} ends in ${outcome}`, async () => {
    const chain = upstreamChain(parseProxyList(goproxy), {
      proxy: byHost,
      direct: refusingUpstream("direct", "unsupported", "direct cannot be asked"),
    });
    const ended = await chain.list(path, never).catch((failure: unknown) => {
      assert.ok(failure instanceof ProxyFailure);
      return [failure.code];
    });
    assert.deepEqual(ended, [outcome]);
  });
}

test("an entry that is alone stands for itself", () => {
  const chain = upstreamChain(parseProxyList("https://ok.example"), {
    proxy: byHost,
    direct: refusingUpstream("direct", "unsupported", "direct cannot be asked"),
  });
  assert.equal(chain.name, "ok.example");
});
