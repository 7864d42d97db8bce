// Which sockets can be open beside each other, and which units they have.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { canBeBeside, inTheWay, unitsFor } from "./socket-sets.ts";

const set = (...addresses: readonly string[]): { address: string }[] =>
  addresses.map((address) => ({ address }));

describe("sets of sockets", () => {
  const cases: readonly [string, readonly string[], readonly string[], boolean][] = [
    ["the same", [":80", ":81"], [":80", ":81"], true],
    ["the same in another order", [":80", ":81"], [":81", ":80"], true],
    ["others", [":80"], [":81"], true],
    ["some of them", [":80", ":81"], [":80", ":82"], true],
    ["another address of the same port", ["127.0.0.1:80"], ["127.0.0.2:80"], true],
    ["all addresses of the same port", ["127.0.0.1:80"], [":80"], false],
    ["all addresses of the same port, of the newer kind", ["[::]:80"], ["127.0.0.1:80"], false],
    ["all of one kind, and all of both", ["0.0.0.0:80"], [":80"], false],
    ["another file", ["unix:/a"], ["unix:/b"], true],
    ["the same file among others", ["unix:/a", "unix:/c"], ["unix:/a"], true],
  ];
  for (const [title, one, other, expected] of cases) {
    test(title, () => assert.equal(canBeBeside(set(...one), set(...other)), expected));
  }

  test("get the units that have their addresses, and others with names that none has", () => {
    const units = [
      { name: "stoa-shop.socket", address: ":80" },
      { name: "stoa-shop.3.socket", address: "127.0.0.1:81" },
    ];
    const names = (...addresses: readonly string[]): readonly string[] =>
      unitsFor("shop", units, set(...addresses)).map(({ name }) => name);
    assert.deepEqual(names(":90", "127.0.0.1:81", ":91"), [
      "stoa-shop.2.socket",
      "stoa-shop.3.socket",
      "stoa-shop.4.socket",
    ]);
    assert.deepEqual(names(":80"), ["stoa-shop.socket"]);
    assert.deepEqual(
      inTheWay(units, set(":80", ":81")).map(({ name }) => name),
      ["stoa-shop.3.socket"],
    );
  });
});
