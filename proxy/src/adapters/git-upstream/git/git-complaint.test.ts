import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { complaintOf, lastWords, remoteFailure } from "./git-complaint.ts";
import { GitFailure } from "./git-process.ts";

const deadlines = { silenceMs: 1000, totalMs: 2000 };

/** What is said on the error output, what it is about, the failure. */
const complaints: readonly (readonly [string, string, string])[] = [
  ["fatal: repository 'https://a.b/c/' not found", "no repository", "not_found"],
  [
    "remote: Repository not found.\nfatal: repository 'https://github.com/a/b/' not found",
    "no repository",
    "not_found",
  ],
  [
    "ERROR: Repository not found.\nfatal: Could not read from remote repository.",
    "no repository",
    "not_found",
  ],
  ["fatal: 'a/b' does not appear to be a git repository", "no repository", "not_found"],
  [
    "remote: The project you were looking for could not be found or you don't have permission to view it.",
    "no repository",
    "not_found",
  ],
  [
    "fatal: could not read Username for 'https://a.b': terminal prompts disabled",
    "credentials",
    "refused",
  ],
  [
    "remote: HTTP Basic: Access denied\nfatal: Authentication failed for 'https://a.b/c/'",
    "credentials",
    "refused",
  ],
  [
    "fatal: unable to access 'https://a.b/c/': The requested URL returned error: 403",
    "credentials",
    "refused",
  ],
  ["git@a.b: Permission denied (publickey).", "credentials", "refused"],
  [
    "Host key verification failed.\nfatal: Could not read from remote repository.",
    "host key",
    "refused",
  ],
  [
    "fatal: unable to access 'https://a.b/c/': Could not resolve host: a.b",
    "unreachable",
    "upstream_unavailable",
  ],
  [
    "fatal: unable to access 'https://a.b/c/': The requested URL returned error: 502",
    "unreachable",
    "upstream_unavailable",
  ],
  ["ssh: connect to host a.b port 22: Connection refused", "unreachable", "upstream_unavailable"],
  ["fatal: early EOF\nfatal: index-pack failed", "unreachable", "upstream_unavailable"],
  [
    "error: file write error: No space left on device\nfatal: unable to write",
    "no space",
    "upstream_unavailable",
  ],
  ["fatal: remote error: filter 'tree' not supported", "no parts", "upstream_unavailable"],
  ["", "unreachable", "upstream_unavailable"],
];

describe("what git complains about", () => {
  for (const [complaint, about, code] of complaints) {
    it(complaint.split("\n", 1)[0] || "nothing", () => {
      const failure = new GitFailure("ended", { complaint, exitCode: 128 });
      assert.equal(complaintOf(failure), about);
      const told = remoteFailure(failure, "a.b", deadlines) as { code: string; message: string };
      assert.equal(told.code, code);
      assert.doesNotMatch(told.message, /:\/\//);
    });
  }

  it("tells deadlines and a missing program apart", () => {
    const code = (kind: GitFailure["kind"]) =>
      (remoteFailure(new GitFailure(kind, {}), "a.b", deadlines) as { code: string }).code;
    assert.equal(code("silent"), "timed_out");
    assert.equal(code("slow"), "timed_out");
    assert.equal(code("missing"), "unsupported");
    assert.equal(code("talkative"), "refused");
  });

  it("leaves addresses out of what is told, for they may hold credentials", () => {
    const complaint = "remote: hello\nfatal: unable to access 'https://u:secret@a.b/c/': oh\n";
    const words = lastWords(new GitFailure("ended", { complaint, exitCode: 1 }));
    assert.equal(words, "unable to access the repository oh");
  });
});
