// What other programs are told: signed, again until they have heard it, and past a crash.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { type ModuleFixture, moduleFixture } from "@stoa/gomod/testing";
import { until } from "./testing/bounded-wait.ts";
import { ask } from "./testing/http-answer.ts";
import { filePath, proxiedModules, smallModule } from "./testing/proxied-modules.ts";

interface Heard {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Answers the first `refusals` notices with 503. */
async function listener(refusals: number) {
  const heard: Heard[] = [];
  const server = createServer(async (request, response) => {
    heard.push({ headers: request.headers, body: await text(request) });
    response.writeHead(heard.length <= refusals ? 503 : 204).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    heard,
    url: `http://127.0.0.1:${port}/notices`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function kindsOf(heard: readonly Heard[]): string[] {
  return heard.map(({ body }) => {
    const { type, data } = JSON.parse(body);
    return `${type} ${data.module}@${data.version}`;
  });
}

test("what is stored is told, signed over id, time and body, and again under the same id after a failure", async () => {
  const small = await smallModule("example.com/small", "v1.0.0");
  await using other = await listener(1);
  const env = { STOA_WEBHOOK_URLS: other.url, STOA_WEBHOOK_SECRET: "hush" };
  await using scene = await proxiedModules([small], { env });
  assert.equal((await ask(`${scene.stoa.url}${filePath(small, "zip")}`)).status, 200);
  await until("the second attempt", () => other.heard.length >= 2);
  assert.deepEqual(
    new Set(kindsOf(other.heard)),
    new Set(["module.stored example.com/small@v1.0.0"]),
  );
  assert.equal(new Set(other.heard.map(({ headers }) => headers["webhook-id"])).size, 1);
  for (const { headers, body } of other.heard) {
    const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
    const signature = createHmac("sha256", "hush").update(signed).digest("base64");
    assert.equal(headers["webhook-signature"], `v1,${signature}`);
  }
});

test("what the validator refuses is told once", async () => {
  const small = await smallModule("example.com/small", "v1.0.0");
  await using other = await listener(0);
  const validator = createServer((_, response) => response.writeHead(403).end());
  validator.listen(0, "127.0.0.1");
  await once(validator, "listening");
  const { port } = validator.address() as AddressInfo;
  try {
    const env = {
      STOA_WEBHOOK_URLS: other.url,
      STOA_WEBHOOK_SECRET: "hush",
      ATHENS_PROXY_VALIDATOR: `http://127.0.0.1:${port}/`,
    };
    await using scene = await proxiedModules([small], { env });
    for (const kind of ["info", "mod", "zip"] as const) {
      assert.equal((await ask(`${scene.stoa.url}${filePath(small, kind)}`)).status, 403);
    }
    await until("the notice", () => other.heard.length > 0);
    await scene.stoa.stop();
    assert.deepEqual(kindsOf(other.heard), ["module.refused example.com/small@v1.0.0"]);
  } finally {
    validator.close();
    validator.closeAllConnections();
  }
});

test("other bytes for a kept version are told", async () => {
  const small = await smallModule("example.com/small", "v1.0.0");
  const other = await smallModule("example.com/small", "v1.0.0");
  const forged = await moduleFixture(
    "module example.com/small@v1.0.0\n-- go.mod --\nmodule example.com/small\n-- evil.go --\npackage small\n",
  );
  await using heard = await listener(0);
  const env = {
    STOA_WEBHOOK_URLS: heard.url,
    STOA_WEBHOOK_SECRET: "hush",
    STOA_EXTERNAL_STORAGE_PATH: "/storage",
    STOA_EXTERNAL_STORAGE_TOKEN: "token",
  };
  await using scene = await proxiedModules([small], { env });
  const save = async ({ info, mod, zip }: ModuleFixture): Promise<number> => {
    const form = new FormData();
    for (const [name, bytes] of Object.entries({ info, mod, zip })) {
      form.append(`mod.${name}`, new Blob([Buffer.from(bytes)]), `mod.${name}`);
    }
    const url = `${scene.stoa.url}/storage/example.com/small/@v/v1.0.0.save`;
    const headers = { authorization: "Bearer token" };
    return (await fetch(url, { method: "POST", body: form, headers })).status;
  };
  assert.equal(await save(other), 200);
  assert.ok((await save(forged)) >= 400);
  await until("both notices", () => heard.heard.length >= 2);
  // Both may be under way at once.
  assert.deepEqual(kindsOf(heard.heard).sort(), [
    "module.altered example.com/small@v1.0.0",
    "module.stored example.com/small@v1.0.0",
  ]);
});

test("notices without a secret to sign them are refused at the start", async () => {
  await assert.rejects(
    proxiedModules([], { env: { STOA_WEBHOOK_URLS: "http://127.0.0.1:9/" } }),
    /WebhookSecret \(STOA_WEBHOOK_SECRET\) must be set as well/,
  );
});
