// Tests of what is said about git programs.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { complaintAbout } from "./git-version.ts";

/** What `git version` says, and what is said about that. */
const versions: readonly (readonly [string, RegExp | undefined])[] = [
  ["git version 2.37.0\n", undefined],
  ["git version 2.39.5 (Apple Git-154)\n", undefined],
  ["git version 2.50.1.windows.1\n", undefined],
  ["git version 3.0.0\n", undefined],
  ["git version 2.36.6\n", /git 2\.36\.6 is too old: at least 2\.37 is needed/],
  ["git version 1.99\n", /too old/],
  ["hello\n", /cannot be read/],
];

describe("complaintAbout", () => {
  for (const [output, complaint] of versions) {
    it(JSON.stringify(output), () => {
      const found = complaintAbout(output);
      if (complaint === undefined) assert.equal(found, undefined);
      else assert.match(found ?? "", complaint);
    });
  }
});
