// A Stoa whose alarms are looked for in its log, in its metrics, and at a program that it tells.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { holds, until } from "./bounded-wait.ts";
import { ask } from "./http-answer.ts";
import { readMetrics } from "./metrics-text.ts";
import { said } from "./said.ts";
import { type StoaProcess, startStoa } from "./stoa-process.ts";

export interface WatchedStoa extends AsyncDisposable {
  readonly stoa: StoaProcess;
  /** What the other program was told: `module.moved example.com/m v1.0.0`. */
  readonly heard: readonly string[];
  /** Says that there may be something new about modules, or versions. */
  refresh(...named: readonly string[]): Promise<void>;
  /** Resolves when an alarm was told, and is in the log and the metrics, just once. */
  raised(alarm: "altered" | "mismatch" | "moved" | "vanished", subject: string): Promise<void>;
}

export async function watchedStoa(
  upstream: string,
  env: Readonly<Record<string, string>> = {},
): Promise<WatchedStoa> {
  const heard: string[] = [];
  const listener = createServer(async (request, response) => {
    const { type, data } = JSON.parse(await text(request));
    heard.push([type, data.module, data.version].filter((word) => word !== undefined).join(" "));
    response.writeHead(204).end();
  }).listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const stoa = await startStoa({
    goproxy: upstream,
    env: {
      ...{ STOA_WEBHOOK_URLS: `http://127.0.0.1:${port}/`, STOA_WEBHOOK_SECRET: "hush" },
      ...{ STOA_ADMIN_API: "true", STOA_ADMIN_TOKEN: "administrator" },
      ...env,
    },
  });
  return {
    stoa,
    heard,
    async refresh(...named) {
      const answer = await fetch(`${stoa.url}/api/modules/refresh`, {
        method: "POST",
        body: named.join("\n"),
        headers: { authorization: "Bearer administrator" },
      });
      assert.equal(answer.status, 202, await answer.text());
    },
    async raised(alarm, subject) {
      const told = `module.${alarm} ${subject}`;
      await until(told, () => heard.includes(told));
      await said(stoa, new RegExp(`"level":"error"[^\n]*"alarm":"${alarm}"`));
      await holds(async () => {
        const metrics = readMetrics((await ask(`${stoa.url}/metrics`)).text);
        const samples = metrics.get("stoa_alarms_total")?.samples ?? [];
        assert.equal(samples.find(({ labels }) => labels["alarm"] === alarm)?.value, 1);
      });
      assert.equal(heard.filter((one) => one === told).length, 1);
    },
    async [Symbol.asyncDispose]() {
      await stoa[Symbol.asyncDispose]();
      listener.close();
      listener.closeAllConnections();
    },
  };
}
