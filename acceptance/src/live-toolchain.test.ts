// A go command that switches to another toolchain, which comes through Stoa from this machine's own upstream.
import assert from "node:assert/strict";
import { test } from "node:test";
import { goCommand, goVariable } from "./testing/go-command.ts";
import { ask } from "./testing/http-answer.ts";
import { liveUpstream } from "./testing/live-upstream.ts";
import { startStoa } from "./testing/stoa-process.ts";

const wanted = goVariable("GOVERSION") === "go1.25.3" ? "go1.25.4" : "go1.25.3";
const version = `v0.0.1-${wanted}.${goVariable("GOOS")}-${goVariable("GOARCH")}`;
const found = await liveUpstream();
const missing = found.upstream === undefined ? found.missing : found.upstream.unchecked;

test(`the go command becomes ${wanted}`, { skip: missing || false }, async (t) => {
  const gosumdb = goVariable("GOSUMDB") ?? "";
  await using stoa = await startStoa({
    goproxy: found.upstream?.url ?? "",
    env: { GOSUMDB: gosumdb },
  });
  const path = `golang.org/toolchain/@v/${version}`;
  const there = await ask(`${stoa.url}/${path}.info`);
  const isServed = there.status === 200 && (await isBegun(`${found.upstream?.url}/${path}.zip`));
  if (!isServed) {
    t.skip(`the upstream does not serve ${version}: ${there.text.trim()}`);
    return;
  }
  await using go = await goCommand({
    goproxy: stoa.url,
    gosumdb,
    env: { GOTOOLCHAIN: wanted },
  });
  assert.match(await go.succeed(["version"]), new RegExp(`^go version ${wanted} `));
  const kept = await ask(`${stoa.url}/${path}.zip`, { method: "HEAD" });
  assert.equal(kept.status, 200);
});

/** Whether the upstream begins to send a file. */
async function isBegun(url: string): Promise<boolean> {
  const leaving = new AbortController();
  try {
    const { status } = await fetch(url, { signal: leaving.signal });
    return status === 200;
  } catch {
    return false;
  } finally {
    leaving.abort();
  }
}
