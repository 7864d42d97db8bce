import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { placeFromPath } from "./repository-place.ts";

/** Path, system, root, first address. */
const places: readonly (readonly [string, string, string, string])[] = [
  ["github.com/o/r", "git", "github.com/o/r", "https://github.com/o/r"],
  ["github.com/o/r/sub/v2", "git", "github.com/o/r", "https://github.com/o/r"],
  ["github.com/O.o-_/r.x", "git", "github.com/O.o-_/r.x", "https://github.com/O.o-_/r.x"],
  ["bitbucket.org/o/r/x", "git", "bitbucket.org/o/r", "https://bitbucket.org/o/r"],
  ["hub.jazz.net/git/o1/r", "git", "hub.jazz.net/git/o1/r", "https://hub.jazz.net/git/o1/r"],
  ["git.apache.org/x.git/y", "git", "git.apache.org/x.git", "https://git.apache.org/x.git"],
  [
    "git.openstack.org/o/r.git",
    "git",
    "git.openstack.org/o/r.git",
    "https://git.openstack.org/o/r.git",
  ],
  [
    "chiselapp.com/user/u/repository/r",
    "fossil",
    "chiselapp.com/user/u/repository/r",
    "https://chiselapp.com/user/u/repository/r",
  ],
  ["example.com/a/b.git", "git", "example.com/a/b.git", "https://example.com/a/b"],
  ["example.com/a/b.git/c/v2", "git", "example.com/a/b.git", "https://example.com/a/b"],
  ["example.com/a.git/b.git", "git", "example.com/a.git", "https://example.com/a"],
  ["example.com/~u/r.hg/x", "hg", "example.com/~u/r.hg", "https://example.com/~u/r"],
];

describe("placeFromPath", () => {
  for (const [path, system, root, url] of places) {
    it(`finds ${path}`, () => {
      const place = placeFromPath(path, false);
      assert.deepEqual([place?.system, place?.root, place?.urls[0]], [system, root, url]);
    });
  }

  for (const path of [
    "github.com",
    "github.com/o",
    "github.com/o/r.git",
    "github.com/o/r/a~b",
    "bitbucket.org/o/r.hg",
    "git.apache.org/x",
    "chiselapp.com/user/u/repository/r/x",
  ]) {
    it(`knows that there is nothing at ${path}`, () => {
      assert.throws(() => placeFromPath(path, false), { code: "not_found" });
    });
  }

  for (const path of [
    "example.com/m",
    "example.com",
    "github.company.com/o/r",
    "example.com/.git",
  ]) {
    it(`cannot tell where ${path} is`, () => {
      assert.equal(placeFromPath(path, false), undefined);
    });
  }

  it("offers an address without TLS only where that is allowed", () => {
    const schemes = (isInsecure: boolean) =>
      placeFromPath("example.com/r.git", isInsecure)?.urls.map((url) => url.split(":", 1)[0]);
    assert.deepEqual(schemes(false), ["https", "git+ssh"]);
    assert.deepEqual(schemes(true), ["https", "http", "git+ssh"]);
  });
});
