// Which URLs are this program's own.
import assert from "node:assert/strict";
import { test } from "node:test";
import { leadsToSelf } from "./own-address.ts";

const own = { port: 3000, hosts: ["build-7", "10.1.2.3", "fe80::1%eth0", "2001:DB8::7"] };

for (const url of [
  "http://localhost:3000",
  "http://LOCALHOST:3000/any/path",
  "http://localhost.:3000",
  "http://proxy.localhost:3000",
  "https://localhost:3000",
  "http://user:word@127.0.0.1:3000",
  "http://127.1:3000",
  "http://127.8.9.1:3000",
  "http://0.0.0.0:3000",
  "http://0:3000",
  "http://[::1]:3000",
  "http://[::]:3000",
  "http://[0:0:0:0:0:0:0:1]:3000",
  "http://[::ffff:127.0.0.1]:3000",
  "http://[::ffff:10.1.2.3]:3000",
  "http://build-7:3000",
  "http://Build-7.:3000",
  "http://10.1.2.3:3000",
  "http://[fe80::1]:3000",
  "http://[2001:db8:0::7]:3000",
]) {
  test(`leadsToSelf knows ${url}`, () => assert.equal(leadsToSelf(url, own), true));
}

for (const url of [
  "http://localhost:3001",
  "http://localhost",
  "http://localhost.example.com:3000",
  "http://build-77:3000",
  "http://10.1.2.30:3000",
  "http://127.example.com:3000",
  "http://[::ffff:10.1.2.4]:3000",
  "http://[::2]:3000",
  "https://proxy.golang.org",
  "file:///localhost:3000",
  "not a url",
]) {
  test(`leadsToSelf does not know ${url}`, () => assert.equal(leadsToSelf(url, own), false));
}

test("leadsToSelf knows the default ports", () => {
  assert.equal(leadsToSelf("http://localhost", { port: 80, hosts: [] }), true);
  assert.equal(leadsToSelf("http://localhost:80", { port: 80, hosts: [] }), true);
  assert.equal(leadsToSelf("https://localhost", { port: 443, hosts: [] }), true);
  assert.equal(leadsToSelf("https://localhost", { port: 80, hosts: [] }), false);
});
