// What failures of the disk are called.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import { StorageRoot } from "./storage-root.ts";

const root = new StorageRoot("/srv/modules");

for (const [code, sentence] of [
  ["ENOSPC", /is full: free some space/],
  ["EDQUOT", /quota/],
  ["EFBIG", /no file as large/],
  ["EROFS", /read-only/],
  ["EACCES", /permission/],
  ["EPERM", /permission/],
  ["ENOENT", /is gone/],
  ["ESTALE", /is gone/],
  ["EISDIR", /a folder is where/],
  ["EMFILE", /too many files/],
  ["ENAMETOOLONG", /no name as long/],
  ["EIO", /failed \(EIO\)/],
] as const) {
  test(`${code} is store_unavailable, with the folder and what to do`, () => {
    const cause = Object.assign(new Error(code), { code, syscall: "open" });
    const failure = root.translate(cause);
    assert.ok(failure instanceof ProxyFailure);
    assert.equal(failure.code, "store_unavailable");
    assert.equal(failure.cause, cause);
    assert.match(failure.message, sentence);
    assert.match(failure.message, /\/srv\/modules/);
  });
}

for (const mistake of [
  new TypeError("a mistake"),
  Object.assign(new Error("not of the system"), { code: "ERR_INVALID_ARG_TYPE" }),
  new ProxyFailure("altered_module", "said already"),
]) {
  test(`${mistake.name} (${mistake.message}) is passed on as it is`, () => {
    assert.equal(root.translate(mistake), mistake);
  });
}
