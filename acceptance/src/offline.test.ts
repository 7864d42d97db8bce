// Offline nobody is asked for anything: every address that Stoa knows leads to a recorder, and it records nothing.
import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { ModuleFixture } from "@stoa/gomod/testing";
import { fixtureProxy } from "@stoa/proxy/testing";
import { until } from "./testing/bounded-wait.ts";
import { ask } from "./testing/http-answer.ts";
import { readMetrics } from "./testing/metrics-text.ts";
import { filePath, smallModule } from "./testing/proxied-modules.ts";
import { replaceFile } from "./testing/replaced-file.ts";
import { said } from "./testing/said.ts";
import { type StoaProcess, startStoa } from "./testing/stoa-process.ts";
import { type TemporaryFolder, temporaryFolder } from "./testing/temporary-folder.ts";

/** Counts connections, and closes them. */
async function recorder() {
  const seen = { connections: 0 };
  const server = createServer((socket) => {
    seen.connections += 1;
    socket.destroy();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    seen,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, "close");
    },
  };
}

const modes = ["sync", "async", "none", "redirect", "async_redirect"] as const;
const downloadFile = `mode = "sync"
downloadURL = "https://elsewhere.example"
${modes.map((mode) => `download "example.com/${mode}" {\n  mode = "${mode}"\n}\n`).join("")}`;
const downloadMode = {
  ATHENS_DOWNLOAD_MODE: `custom:${Buffer.from(downloadFile).toString("base64")}`,
};

/** Everything through which a request could leave: upstreams, checksum databases, HTTP proxies. */
function addresses(url: string): Record<string, string> {
  return {
    GOSUMDB: `sum.golang.org ${url}`,
    HTTP_PROXY: url,
    HTTPS_PROXY: url,
  };
}

async function waitingJobs({ url }: StoaProcess): Promise<number | undefined> {
  const samples = readMetrics((await ask(`${url}/metrics`)).text).get("stoa_background_jobs");
  return samples?.samples.find(({ labels }) => labels["state"] === "waiting")?.value;
}

describe("offline", () => {
  let folder: TemporaryFolder;
  let root: string;
  const kept = new Map<string, ModuleFixture>();

  before(async () => {
    folder = await temporaryFolder();
    root = join(folder.path, "kept");
    for (const mode of modes) kept.set(mode, await smallModule(`example.com/${mode}`, "v1.0.0"));
    await using upstream = await fixtureProxy([...kept.values()]);
    {
      await using filling = await startStoa({ goproxy: upstream.url, root });
      for (const fixture of kept.values()) {
        assert.equal((await ask(`${filling.url}${filePath(fixture, "zip")}`)).status, 200);
      }
    }
    // One version is accepted for later, and later Stoa is offline.
    upstream.fail(/./, { hang: true });
    await using accepting = await startStoa({ goproxy: upstream.url, root, env: downloadMode });
    assert.equal((await ask(`${accepting.url}/example.com/async/@v/v1.1.0.info`)).status, 404);
    await until("the job", async () => (await waitingJobs(accepting)) === 1);
  });
  after(() => folder[Symbol.asyncDispose]());

  test("no endpoint, no queue, no checksum database and no redirect asks anybody", async () => {
    await using recording = await recorder();
    const env = { ...downloadMode, ...addresses(recording.url), ATHENS_NETWORK_MODE: "offline" };
    await using stoa = await startStoa({ goproxy: recording.url, root, env });
    const get = (path: string) => ask(`${stoa.url}${path}`);
    for (const mode of modes) {
      for (const kind of ["info", "mod", "zip"] as const) {
        assert.equal((await get(filePath(kept.get(mode)!, kind))).status, 200);
      }
      assert.equal((await get(`/example.com/${mode}/@v/list`)).text, "v1.0.0\n");
      assert.equal(JSON.parse((await get(`/example.com/${mode}/@latest`)).text).Version, "v1.0.0");
      const missing = mode.endsWith("redirect") ? 302 : 404;
      for (const file of ["v1.1.0.info", "v1.1.0.mod", "v1.1.0.zip", "main.info", "latest.info"]) {
        const answer = await get(`/example.com/${mode}/@v/${file}`);
        assert.equal(answer.status, missing, `${mode} ${file}: ${answer.text}`);
        if (missing === 404) assert.match(answer.text, /this proxy is offline/);
      }
    }
    // Else the go command would ask the database itself.
    assert.equal((await get("/sumdb/sum.golang.org/supported")).status, 200);
    for (const path of ["latest", "lookup/example.com/m@v1.0.0", "tile/8/0/000"]) {
      const answer = await get(`/sumdb/sum.golang.org/${path}`);
      assert.equal(answer.status, 404, `${path}: ${answer.text}`);
      assert.match(answer.text, /this proxy is offline/);
    }
    for (const page of ["/", "/healthz", "/readyz", "/catalog", "/index", "/version"]) {
      assert.equal((await get(page)).status, 200, page);
    }
    assert.equal(await waitingJobs(stoa), 1);
    assert.equal((await stoa.stop()).code, 0);
    assert.equal(recording.seen.connections, 0);
  });

  test("the validator is not asked, so nothing is given out that needs its word, and the log says so", async () => {
    await using recording = await recorder();
    const env = { ATHENS_PROXY_VALIDATOR: recording.url, ATHENS_NETWORK_MODE: "offline" };
    await using stoa = await startStoa({ goproxy: recording.url, root, env });
    const answer = await ask(`${stoa.url}${filePath(kept.get("sync")!, "zip")}`);
    assert.equal(answer.status, 403);
    assert.match(
      answer.text,
      /^refused: .*offline, so the validator at 127\.0\.0\.1:\d+ is not asked/,
    );
    assert.equal((await ask(`${stoa.url}/example.com/sync/@v/list`)).text, "v1.0.0\n");
    await said(stoa, /"level":"warn".*offline nobody is asked, so the validator/);
    assert.equal(recording.seen.connections, 0);
  });

  test("a reload that takes Stoa offline takes all of that offline", async () => {
    await using recording = await recorder();
    const file = join(folder.path, "reloaded.toml");
    await writeFile(file, 'NetworkMode = "strict"\n');
    const words = ["serve", "--config-file", file];
    const env = addresses(recording.url);
    await using stoa = await startStoa({ goproxy: recording.url, root, words, env });
    assert.equal((await ask(`${stoa.url}/sumdb/sum.golang.org/latest`)).status, 502);
    assert.ok(recording.seen.connections > 0);
    await replaceFile(file, 'NetworkMode = "offline"\n');
    stoa.signal("SIGHUP");
    await until("the reload", () => stoa.output().includes("configuration reloaded"));
    // What was begun before may still try once more.
    let before = -1;
    await until("what was under way has ended", async () => {
      const isQuiet = before === recording.seen.connections;
      before = recording.seen.connections;
      // Longer than the pauses between the tries of one request.
      await setTimeout(1500);
      return isQuiet;
    });
    for (const path of ["/sumdb/sum.golang.org/latest", "/example.com/new/@v/v1.0.0.info"]) {
      assert.equal((await ask(`${stoa.url}${path}`)).status, 404);
    }
    assert.equal(recording.seen.connections, before);
  });
});
