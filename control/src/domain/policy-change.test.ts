import assert from "node:assert/strict";
import { test } from "node:test";
import { changedPolicy, type PolicyMoment } from "./policy-change.ts";

const moment: PolicyMoment = {
  environment: "production",
  serverKey: "RWkey",
  runs: {},
  by: "ann",
  reason: "the sale",
  nowMs: Date.parse("2026-11-20T08:00:00Z"),
};

const freeze = (...services: readonly string[]) => ({ kind: "freeze", services }) as const;

test("freezing again may add services, and leaves none out", () => {
  const shop = changedPolicy(undefined, freeze("shop"), moment);
  const both = changedPolicy(shop, freeze("till", "shop"), moment);
  assert.deepEqual(both.freeze?.services, ["till", "shop"]);
  const all = changedPolicy(both, freeze(), moment);
  assert.deepEqual(all.freeze?.services, []);
  const named = {
    code: "conflict",
    message: /frozen for shop, .* stoa policy thaw -e production$/,
  };
  assert.throws(() => changedPolicy(shop, freeze("till"), moment), named);
  assert.throws(() => changedPolicy(all, freeze("till"), moment), { message: /frozen altogether/ });
});

test("a freeze that has ended binds nobody", () => {
  const until = "2026-11-20T09:00:00Z";
  const past = changedPolicy(undefined, { ...freeze("shop"), until }, moment);
  const later = { ...moment, nowMs: Date.parse(until) };
  assert.deepEqual(changedPolicy(past, freeze("till"), later).freeze?.services, ["till"]);
});
