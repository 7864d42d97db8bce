import assert from "node:assert/strict";
import { test } from "node:test";
import { parseModulePath, parseVersion } from "@stoa/gomod";
import type { Notice, NoticeQueue } from "../domain/notice-queue.ts";
import { NoticeDelivery } from "./deliver-notices.ts";

const quiet = (): void => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet } as never;

test("a notice that is added when the queue has just been found empty is delivered, too", async () => {
  const waiting: Notice[] = [];
  const added = Promise.withResolvers<void>();
  const told = Promise.withResolvers<string>();
  const queue: NoticeQueue = {
    async add(notice) {
      waiting.push(notice);
      return true;
    },
    take: async (limit) => waiting.splice(0, limit),
    async nextDue() {
      const isEmpty = waiting.length === 0;
      await added.promise;
      return isEmpty ? undefined : new Date();
    },
    postpone: async () => undefined,
    remove: async () => undefined,
  };
  await using delivery = new NoticeDelivery({
    queue,
    isShared: false,
    urls: ["http://127.0.0.1:9/"],
    secret: "hush",
    log,
    async post(_url, _headers, body) {
      told.resolve(body);
      return 204;
    },
  });
  // What the delivery does at its start waits in `nextDue` by now.
  await new Promise(setImmediate);
  delivery.tell("module.stored", {
    path: parseModulePath("example.com/m"),
    version: parseVersion("v1.0.0"),
  });
  await new Promise(setImmediate);
  added.resolve();
  assert.match(await told.promise, /"module\.stored".*"example\.com\/m"/);
});
