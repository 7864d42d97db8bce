import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { publicAddresses } from "./private-addresses.ts";

const privates = [
  "127.0.0.1",
  "10.1.2.3",
  "172.16.0.1",
  "172.31.255.255",
  "192.168.1.1",
  "169.254.169.254",
  "100.64.0.1",
  "0.0.0.0",
  "255.255.255.255",
  "224.0.0.1",
  "192.0.2.1",
  "198.18.0.1",
  "::1",
  "::",
  "fe80::1",
  "fe80::1%eth0",
  "fc00::1",
  "fd12:3456::1",
  "ff02::1",
  "2001:db8::1",
  "::ffff:127.0.0.1",
  "::ffff:7f00:1",
  "::ffff:10.0.0.1",
  "64:ff9b::10.0.0.1",
  "64:ff9b::7f00:1",
  "64:ff9b::1",
  "2002:7f00:1::",
  "2002:a00:1::1",
  "::127.0.0.1",
  "nonsense",
];
const publics = [
  "1.1.1.1",
  "172.15.0.1",
  "172.32.0.1",
  "192.167.1.1",
  "100.128.0.1",
  "140.82.121.3",
  "2606:50c0:8000::153",
  "::ffff:1.1.1.1",
  "64:ff9b::1.1.1.1",
  "2002:101:101::1",
];

describe("publicAddresses", () => {
  const lookup = async (host: string) => {
    if (host === "unknown.example") throw new Error("ENOTFOUND");
    return host === "mixed.example" ? ["1.1.1.1", "10.0.0.1"] : ["1.1.1.1", "2606:50c0:8000::153"];
  };

  it("gives them all", async () => {
    assert.deepEqual(await publicAddresses("a.example", lookup), [
      "1.1.1.1",
      "2606:50c0:8000::153",
    ]);
  });

  it("has none for a host that is not known", async () => {
    assert.deepEqual(await publicAddresses("unknown.example", lookup), []);
  });

  for (const address of privates) {
    it(`refuses ${address}`, () =>
      assert.rejects(
        publicAddresses("a.example", async () => ["1.1.1.1", address]),
        { code: "refused" },
      ));
  }
  for (const address of publics) {
    it(`lets ${address} pass`, async () => {
      assert.deepEqual(await publicAddresses("a.example", async () => [address]), [address]);
    });
  }

  for (const host of ["mixed.example", "127.0.0.1", "[::1]"]) {
    it(`refuses ${host}`, () => assert.rejects(publicAddresses(host, lookup), { code: "refused" }));
  }
});
