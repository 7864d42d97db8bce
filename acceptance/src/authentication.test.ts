// Who is let in: every URL, with every kind of account, at the root and under a prefix, from memory and from elsewhere.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ModuleFixture } from "@stoa/gomod/testing";
import { ask } from "./testing/http-answer.ts";
import {
  filePath,
  type ProxiedModules,
  proxiedModules,
  smallModule,
} from "./testing/proxied-modules.ts";

const basic = (account: string): Record<string, string> => ({
  Authorization: `Basic ${Buffer.from(account).toString("base64")}`,
});

const strangers: readonly (readonly [name: string, headers: Record<string, string>])[] = [
  ["nobody", {}],
  ["another password", basic("reader:open-sesam")],
  ["another user", basic("writer:open-sesame")],
  ["an empty account", basic(":")],
  ["another scheme", { Authorization: "Bearer open-sesame" }],
  ["no base64", { Authorization: "Basic reader:open-sesame" }],
];

const moduleFiles = ["@v/list", "@latest", "@v/v1.0.0.info", "@v/v1.0.0.mod", "@v/v1.0.0.zip"];
/** Where they are found, and their status for the account. */
const guarded: readonly (readonly [path: string, status: number])[] = [
  ["/", 200],
  ["/metrics", 200],
  ["/version", 200],
  ["/robots.txt", 200],
  ["/catalog", 200],
  ["/index", 200],
  ["/sumdb/sum.golang.org/supported", 200],
  ["/api/modules/explain?module=example.com/m", 404],
  ["/no/such/page", 404],
  ["/%zz", 400],
  ["/healthz/", 404],
  ["/%68ealthz", 200],
  ["/healthz/../catalog", 400],
  ...["kept", "new"].flatMap((name) =>
    moduleFiles.map((file): [string, number] => [`/example.com/${name}/${file}`, 200]),
  ),
  ["/cached-only/example.com/kept/@v/list", 200],
  ["/example.com/nobody/@v/list", 404],
];

for (const prefix of ["", "/go"]) {
  describe(`authentication ${prefix === "" ? "at the root" : `under ${prefix}`}`, () => {
    let scene: ProxiedModules;
    let kept: ModuleFixture;

    before(async () => {
      kept = await smallModule("example.com/kept", "v1.0.0");
      const env = { BASIC_AUTH_USER: "reader", BASIC_AUTH_PASS: "open-sesame" };
      scene = await proxiedModules([kept, await smallModule("example.com/new", "v1.0.0")], {
        env,
        ...(prefix === "" ? {} : { prefix }),
      });
      // From now on all that can be in memory is in memory.
      for (const kind of ["zip", "info", "mod", "info", "mod"] as const) {
        const url = `${scene.stoa.url}${filePath(kept, kind)}`;
        assert.equal((await ask(url, { headers: basic("reader:open-sesame") })).status, 200);
      }
    });
    after(() => scene[Symbol.asyncDispose]());

    for (const [who, headers] of strangers) {
      test(`${who}: 401 everywhere but at the probes, and no upstream is asked`, async () => {
        const asked = scene.upstream.requests.length;
        for (const [path] of guarded) {
          for (const method of ["GET", "HEAD", "POST"]) {
            const answer = await ask(`${scene.stoa.url}${path}`, { method, headers });
            assert.equal(answer.status, 401, `${method} ${path}`);
            assert.match(answer.headers["www-authenticate"] ?? "", /^Basic realm="/);
            assert.equal(answer.headers["cache-control"], "no-store");
            assert.equal(answer.headers.etag, undefined);
          }
        }
        const { origin } = new URL(scene.stoa.url);
        for (const path of ["/", "/metrics", "/nothing"]) {
          assert.equal((await ask(`${origin}${path}`, { headers })).status, 401, path);
        }
        for (const base of [origin, scene.stoa.url]) {
          for (const probe of ["/healthz", "/readyz"]) {
            assert.equal((await ask(`${base}${probe}`, { headers })).status, 200);
          }
        }
        assert.equal(scene.upstream.requests.length, asked);
      });
    }

    test("the account: what there is", async () => {
      const headers = basic("reader:open-sesame");
      for (const [path, status] of guarded) {
        const answer = await ask(`${scene.stoa.url}${path}`, { headers });
        assert.equal(answer.status, status, `${path}: ${answer.text}`);
      }
    });
  });
}
