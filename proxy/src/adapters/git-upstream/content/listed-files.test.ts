import assert from "node:assert/strict";
import { it } from "node:test";
import { ProxyFailure } from "../../../domain/proxy-failure.ts";
import { treeEntries } from "../git/git-objects.ts";
import { listFiles } from "./listed-files.ts";

const hash = "0123456789012345678901234567890123456789";

/** A directory as git keeps it: mode and name of each entry. */
function tree(entries: readonly (readonly [mode: string, name: string | Buffer])[]): Buffer {
  return Buffer.concat(
    entries.flatMap(([mode, name]) => [
      Buffer.from(`${mode} `),
      Buffer.from(name),
      Buffer.alloc(1),
      Buffer.from(hash, "hex"),
    ]),
  );
}

it("listFiles reads kinds and names, whatever bytes they have, and goes into directories", async () => {
  const root = tree([
    ["100644", "a b\tc\nd"],
    ["40000", "dir"],
    ["100755", "é"],
    ["120000", "link"],
    ["160000", "sub"],
    ["100644", Buffer.from([0x61, 0xff])],
  ]);
  const below = tree([["100644", "x"]]);
  const source = {
    tree: async (of: string) => [...treeEntries(of === "root" ? root : below, 20)],
  };
  const files = await listFiles(source, "root");
  assert.deepEqual(
    files.map(({ path, kind, mode }) => [path, kind, mode]),
    [
      ["a b\tc\nd", "regular", "100644"],
      ["dir/x", "regular", "100644"],
      ["é", "regular", "100755"],
      ["link", "symlink", "120000"],
      ["a\ufffd\ufffd", "regular", "100644"],
    ],
  );
  assert.ok(files.every((file) => file.hash === hash));
});

it("listFiles gives up on directories that hold one another over and over", async () => {
  const names = Array.from({ length: 1000 }, (_, n) => ["40000", `d${n}`] as const);
  const itself = [...treeEntries(tree(names), 20)];
  const endless = { tree: () => Promise.resolve(itself) };
  await assert.rejects(
    listFiles(endless, hash),
    (failure) => failure instanceof ProxyFailure && /far too many files/.test(failure.message),
  );
});
