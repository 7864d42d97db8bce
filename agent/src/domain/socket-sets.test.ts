// Which sets of sockets can be open beside each other.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { canBeBeside, inTheWay, unitNameFor } from "./socket-sets.ts";

const set = (...addresses: readonly string[]): { name: string; address: string }[] =>
  addresses.map((address, at) => ({ name: `s${at}`, address }));

describe("sets of sockets", () => {
  const cases: readonly [string, readonly string[], readonly string[], boolean][] = [
    ["the same", [":80", ":81"], [":80", ":81"], true],
    ["the same in another order", [":80", ":81"], [":81", ":80"], false],
    ["others", [":80"], [":81"], true],
    ["some of them", [":80", ":81"], [":80", ":82"], false],
    ["another address of the same port", ["127.0.0.1:80"], ["127.0.0.2:80"], true],
    ["all addresses of the same port", ["127.0.0.1:80"], [":80"], false],
    ["all addresses of the same port, of the newer kind", ["[::]:80"], ["127.0.0.1:80"], false],
    ["another file", ["unix:/a"], ["unix:/b"], true],
    ["the same file among others", ["unix:/a", "unix:/c"], ["unix:/a"], false],
  ];
  for (const [title, one, other, expected] of cases) {
    test(title, () => assert.equal(canBeBeside(set(...one), set(...other)), expected));
  }

  test("get a unit that no other set has, and the one they have", () => {
    const units = [
      { name: "stoa-shop.socket", sockets: set(":80") },
      { name: "stoa-shop.3.socket", sockets: set(":81", ":82") },
    ];
    assert.equal(unitNameFor("shop", units, set(":90")), "stoa-shop.2.socket");
    assert.equal(unitNameFor("shop", units, set(":81", ":82")), "stoa-shop.3.socket");
    assert.equal(unitNameFor("shop", [], set(":90")), "stoa-shop.socket");
    assert.deepEqual(
      inTheWay(units, set(":82")).map(({ name }) => name),
      ["stoa-shop.3.socket"],
    );
  });
});
