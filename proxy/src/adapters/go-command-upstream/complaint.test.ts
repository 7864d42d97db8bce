// What go 1.26 and the programs that it calls really say, and what is made of it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { complaintFailure, complaintKind, lastWords } from "./complaint.ts";

const clone =
  "/srv/stoa/.stoa/go/runs/a+b/modules/cache/vcs/504a1c8abeff221c83b61d889de5e244c7b8d0d0df582c978607f519af6783ec";
const ran = (command: string, status: number, output: string): string =>
  `x.test/m@v1.0.0: invalid version: ${command} in ${clone}: exit status ${status}:\n\t${output}`;

const cases: readonly (readonly [title: string, complaint: string, code: string, words: RegExp])[] =
  [
    [
      "a version that is not there",
      "x.test/m@v1.0.5: invalid version: unknown revision v1.0.5",
      "not_found",
      /^invalid version: unknown revision v1\.0\.5$/,
    ],
    [
      "no versions",
      'module x.test/m: no matching versions for query "latest"',
      "not_found",
      /^no matching versions for query "latest"$/,
    ],
    [
      "a pseudo-version of another time",
      "x.test/m@v0.0.0-20200913123320-6af7f36a8c21: invalid pseudo-version: does not match version-control timestamp (expected 20200913123140)",
      "not_found",
      /does not match version-control timestamp/,
    ],
    [
      "another major version in go.mod",
      'x.test/m@v2.0.0: invalid version: module contains a go.mod file, so module path must match major version ("x.test/m/v2")',
      "not_found",
      /must match major version/,
    ],
    [
      "a page that is not there",
      'x.test/m@latest: unrecognized import path "x.test/m": reading http://x.test/m?go-get=1: 404 Not Found',
      "not_found",
      /404 Not Found/,
    ],
    [
      "a page without tags",
      'x.test/m@latest: unrecognized import path "x.test/m": parse https://x.test/m?go-get=1: no go-import meta tags ()',
      "not_found",
      /no go-import meta tags/,
    ],
    [
      "a Mercurial repository that is not there",
      ran("hg pull -f", 255, "abort: HTTP Error 404: Not Found"),
      "not_found",
      /there is no such repository: HTTP Error 404: Not Found$/,
    ],
    [
      "a git repository that is not there",
      ran(
        "git ls-remote -q --end-of-options origin",
        128,
        "fatal: repository 'http://x.test/r/' not found",
      ),
      "not_found",
      /^there is no such repository: repository 'its address' not found$/,
    ],
    [
      "a Subversion repository that is not there",
      "svn: exit status 1:\nsvn: E170013: Unable to connect to a repository at URL 'svn://x.test/nope'\nsvn: E210005: No repository found in 'svn://x.test/nope'\n",
      "not_found",
      /E210005: No repository found in 'its address'$/,
    ],
    [
      "a dead Mercurial server",
      ran("hg pull -f", 255, "abort: error: Connection refused"),
      "upstream_unavailable",
      /^its repository cannot be read: error: Connection refused$/,
    ],
    [
      "a dead Subversion server",
      "svn: exit status 1:\nsvn: E170013: Unable to connect to a repository at URL 'svn://x.test:1/x'\nsvn: E000111: Can't connect to host 'x.test': Connection refused\n",
      "upstream_unavailable",
      /E000111: Can't connect/,
    ],
    [
      "a dead Fossil server",
      ran(
        "fossil clone -- http://x.test:1/ .fossil",
        1,
        "cannot connect to host x.test:1\n\tserver returned an error - clone aborted",
      ),
      "upstream_unavailable",
      /cannot connect to host x\.test:1/,
    ],
    [
      "a dead git server",
      ran(
        "git ls-remote -q --end-of-options origin",
        128,
        "fatal: unable to access 'http://x.test:1/x/': Failed to connect to x.test port 1 after 0 ms: Couldn't connect to server",
      ),
      "upstream_unavailable",
      /Couldn't connect/,
    ],
    [
      "a server in trouble",
      ran("hg pull -f", 255, "abort: HTTP Error 500: Internal Server Error"),
      "upstream_unavailable",
      /HTTP Error 500/,
    ],
    [
      "a page in trouble",
      'x.test/m@latest: unrecognized import path "x.test/m": reading http://x.test/m?go-get=1: 503 Service Unavailable',
      "upstream_unavailable",
      /503/,
    ],
    [
      "a page that wants less",
      'x.test/m@latest: unrecognized import path "x.test/m": reading http://x.test/m?go-get=1: 429 Too Many Requests',
      "upstream_unavailable",
      /429/,
    ],
    [
      "a name without an address",
      'x.test/m@v1.0.0: unrecognized import path "x.test/m": http/https fetch: Get "http://x.test/m?go-get=1": dial tcp: lookup x.test on 192.0.2.53:53: no such host',
      "upstream_unavailable",
      /no such host/,
    ],
    [
      "a certificate that nobody trusts",
      'x.test/m@v1.0.0: unrecognized import path "x.test/m": https fetch: Get "https://x.test/m?go-get=1": tls: failed to verify certificate: x509: certificate signed by unknown authority',
      "upstream_unavailable",
      /unknown authority/,
    ],
    [
      "a page that is slow",
      'x.test/m@v1.0.0: unrecognized import path "x.test/m": https fetch: Get "https://x.test/m?go-get=1": dial tcp 192.0.2.1:443: i/o timeout',
      "timed_out",
      /i\/o timeout/,
    ],
    [
      "words that nobody has seen",
      "x.test/m@v1.0.0: the moon is in the way",
      "upstream_unavailable",
      /the moon/,
    ],
    ["no words at all", "", "upstream_unavailable", /cannot be read/],
    [
      "a Mercurial server that wants a password",
      ran("hg pull -f", 255, "abort: http authorization required for http://x.test/r"),
      "refused",
      /give the proxy credentials/,
    ],
    [
      "a Mercurial server that forbids it",
      ran("hg pull -f", 255, "abort: HTTP Error 403: Forbidden"),
      "refused",
      /does not let this proxy in/,
    ],
    [
      "a git server that wants a password",
      ran(
        "git ls-remote -q --end-of-options origin",
        128,
        "fatal: could not read Username for 'http://x.test': terminal prompts disabled\nConfirm the import path was entered correctly.",
      ),
      "refused",
      /could not read Username for 'its address'/,
    ],
    [
      "a Subversion server that wants a password",
      "svn: exit status 1:\nsvn: E170013: Unable to connect to a repository at URL 'svn://x.test/p'\nsvn: E170001: Can't get username or password\n",
      "refused",
      /E170001: Can't get username or password$/,
    ],
    [
      "a Subversion server that does not believe",
      "svn: exit status 1:\nsvn: E170013: Unable to connect to a repository at URL 'http://x.test/p'\nsvn: E215004: No more credentials or we tried too many times.\nAuthentication failed\n",
      "refused",
      /E215004/,
    ],
    [
      "a Fossil server that lets nobody clone, which it only says on the standard output",
      ran("fossil clone -- http://x.test/ .fossil", 1, "server returned an error - clone aborted"),
      "refused",
      /give the proxy credentials/,
    ],
    [
      "a page that wants a password",
      'x.test/m@latest: unrecognized import path "x.test/m": reading http://x.test/m?go-get=1: 401 Unauthorized',
      "refused",
      /401 Unauthorized/,
    ],
    [
      "an ssh key that nobody knows",
      ran("git ls-remote -q origin", 128, "Host key verification failed."),
      "refused",
      /known_hosts/,
    ],
    [
      "a system that GOVCS forbids",
      "x.test/m@v1.0.0: unrecognized import path \"x.test/m\": GOVCS disallows using hg for public x.test/m; see 'go help vcs'",
      "refused",
      /of Mercurial.*add x\.test\/m:hg to GOVCS in ATHENS_GO_BINARY_ENV_VARS$/,
    ],
    [
      "a program that is not there",
      `x.test/m@latest: bzr branch --use-existing-dir -- http://x.test/ . in ${clone}: exec: "bzr": executable file not found in $PATH`,
      "unsupported",
      /needs bzr, which this proxy does not have/,
    ],
    [
      "a module for a newer Go",
      "x.test/m@v1.0.0 requires go >= 1.99 (running go 1.26.8; GOTOOLCHAIN=local)",
      "unsupported",
      /^it needs Go 1\.99, and the go command of this proxy is 1\.26\.8: /,
    ],
    [
      "other bytes than before",
      "verifying x.test/m@v1.0.0: checksum mismatch\n\tdownloaded: h1:a=\n\tgo.sum:     h1:b=\n\nSECURITY ERROR\n",
      "checksum_mismatch",
      /^security: /,
    ],
    [
      "a disk without space",
      "mkdir /srv/x: no space left on device",
      "upstream_unavailable",
      /no space left/,
    ],
    [
      "a module that has two files of one name",
      'x.test/m@v1.0.0: create zip: case-insensitive file name collision: "a.go" and "A.go"',
      "invalid_module",
      /file name collision/,
    ],
  ];

describe("a complaint of the go command", () => {
  for (const [title, complaint, code, words] of cases) {
    it(`about ${title} is ${code}`, () => {
      const failure = complaintFailure(complaint);
      assert.equal(failure.code, code, failure.message);
      assert.match(failure.message, words);
      assert.doesNotMatch(failure.message, /\/srv\/|https?:\/\/|svn:\/\//);
    });
  }

  for (const output of [
    "abort: abandoned transaction found",
    "waiting for lock on repository /x held by 'h:1'",
    "fatal: Unable to create '/x/shallow.lock': File exists.",
    "database is locked",
    "fatal: not a git repository (or any of the parent directories): .git",
  ]) {
    it(`"${output}" means that the clone is spoilt`, () => {
      assert.equal(complaintKind(ran("hg pull -f", 255, output)), "spoilt clone");
    });
  }

  it("never shows what stands before an @ in an address", () => {
    const words = lastWords(
      ran("git fetch", 128, "fatal: unable to access 'https://ann:secret@x.test/r/': no"),
    );
    assert.equal(words, "unable to access 'its address': no");
  });
});
