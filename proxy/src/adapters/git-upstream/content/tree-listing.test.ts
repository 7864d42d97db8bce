import assert from "node:assert/strict";
import { it } from "node:test";
import { parseTreeListing } from "./tree-listing.ts";

it("parseTreeListing reads kinds and names, whatever bytes they have", () => {
  const hash = "0123456789012345678901234567890123456789";
  const line = (mode: string, type: string, name: Buffer) =>
    Buffer.concat([Buffer.from(`${mode} ${type} ${hash}\t`), name, Buffer.alloc(1)]);
  const files = parseTreeListing(
    Buffer.concat([
      line("100644", "blob", Buffer.from("a b\tc\nd")),
      line("100755", "blob", Buffer.from("é")),
      line("120000", "blob", Buffer.from("link")),
      line("160000", "commit", Buffer.from("sub")),
      line("100644", "blob", Buffer.from([0x61, 0xff])),
    ]),
  );
  assert.deepEqual(
    files.map(({ path, kind }) => [path, kind]),
    [
      ["a b\tc\nd", "file"],
      ["é", "file"],
      ["link", "link"],
      ["sub", "submodule"],
      ["a\ufffd\ufffd", "file"],
    ],
  );
  assert.ok(files.every((file) => file.hash === hash));
});
