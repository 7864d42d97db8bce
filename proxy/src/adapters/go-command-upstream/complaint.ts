// What the go command means when it fails, and what is then said to the developer.
import { ProxyFailure, type ProxyFailureCode } from "../../domain/proxy-failure.ts";

/** The go command, or a program that it calls, has complained. */
export class Complaint extends Error {}

/** What a complaint is about. */
export type ComplaintKind =
  | "missing program"
  | "govcs"
  | "newer go"
  | "checksum"
  | "no space"
  | "spoilt clone"
  | "host key"
  | "timeout"
  | "credentials"
  | "no repository"
  | "unreachable"
  | "invalid module"
  | "unknown";

/**
 * The words of go 1.26 and of what it calls (git, hg, svn, fossil, bzr, ssh), in the order in which they count: one
 * complaint quotes the other. The first rule that fits decides. Only what certainly says "does not exist" may come to
 * `no repository` or `unknown`.
 */
const rules: readonly (readonly [ComplaintKind, RegExp])[] = [
  ["missing program", /exec: "[^"]+": (executable file not found|permission denied)/],
  ["govcs", /GOVCS disallows using \S+ for \S+ \S+/],
  ["newer go", /requires go >= \S+ \(running go /],
  ["checksum", /checksum mismatch|SECURITY ERROR/],
  ["no space", /no space left on device|disk quota exceeded/i],
  [
    "spoilt clone",
    /abandoned transaction found|waiting for lock on|\.lock': File exists|database is locked|disk image is malformed|not a git repository|object \S+ is (corrupt|empty)|repository is corrupt|exists with wrong content|data\/\S+: no match found/,
  ],
  ["host key", /Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED/],
  [
    "timeout",
    /i\/o timeout|TLS handshake timeout|deadline exceeded|Client\.Timeout|timed out|E000110|reading \S+: 504 /i,
  ],
  [
    "credentials",
    /could not read (Username|Password)|terminal prompts disabled|Authentication failed|Permission denied|(returned|HTTP) error:? (401|403|407)|http authorization required|authorization failed|reading \S+: (401|403|407) |server says: (401|403|407)|E170001|E215004|E175013|not authorized|login failed|exit status 1:\s*server returned an error - clone aborted/i,
  ],
  [
    "no repository",
    /(returned|HTTP) error:? (404|410)|repository '[^']*' not found|repository not found|reading \S+: (404|410) |server says: (404|410)|E160013|E210005|E200009|does not appear to be a git repository|no go-import meta tags|unknown vcs|appears not to be a bzr|Not a branch:/i,
  ],
  [
    "unreachable",
    /exit status -?\d+:|dial tcp|proxyconnect|lookup \S+|connection re(fused|set)|broken pipe|unexpected EOF|: EOF$|tls: |x509: |reading \S+: \d{3} |signal: |server misbehaving|cannot connect to host|stopped after \d+ redirects|E\d{6}:/i,
  ],
  [
    "invalid module",
    /create zip|case-insensitive (file|import) name collision|module source tree too large|malformed (file|module) path|errors? parsing go\.mod|exceeds \d+ bytes|file too large|go\.mod file (is )?too large/,
  ],
  [
    "unknown",
    /unknown revision|no matching versions|invalid (pseudo-)?version: |unrecognized import path|no commits|module contains a go\.mod file|missing \S*go\.mod at revision|go\.mod has .*module path|is not a tag|disallowed version string|malformed (module path|import path)|invalid (module|import) path|does not contain/,
  ],
];

/** What a complaint is about; `unreachable` if nobody knows, for an outage must never look like an absence. */
export function complaintKind(complaint: string): ComplaintKind {
  return rules.find(([, words]) => words.test(complaint))?.[0] ?? "unreachable";
}

/** The failure that a complaint of the go command stands for. */
export function complaintFailure(complaint: string): ProxyFailure {
  const kind = complaintKind(complaint);
  const { code, sentence } = meanings[kind];
  return new ProxyFailure(code, sentence(complaint), { cause: new Error(complaint) });
}

interface Meaning {
  readonly code: ProxyFailureCode;
  readonly sentence: (complaint: string) => string;
}

const where = "ATHENS_GO_BINARY_ENV_VARS";

const meanings: Readonly<Record<ComplaintKind, Meaning>> = {
  "missing program": {
    code: "unsupported",
    sentence: (text) => {
      const program = /exec: "([^"]+)"/.exec(text)?.[1] ?? "program";
      return `its repository needs ${program}, which this proxy does not have: install it, or put it on the PATH`;
    },
  },
  govcs: {
    code: "refused",
    sentence: (text) => {
      const [, system = "", root = ""] = /disallows using (\S+) for \S+ ([^\s;]+)/.exec(text) ?? [];
      return `its repository is of ${nameOf(system)}, and GOVCS of this proxy does not allow that: add ${root}:${system} to GOVCS in ${where}`;
    },
  },
  "newer go": {
    code: "unsupported",
    sentence: (text) => {
      const [, needed = "", running = ""] =
        /requires go >= (\S+) \(running go ([^\s;)]+)/.exec(text) ?? [];
      return `it needs Go ${needed}, and the go command of this proxy is ${running}: install a newer one, or name it with GO_BINARY_PATH`;
    },
  },
  checksum: {
    code: "checksum_mismatch",
    sentence: (text) =>
      `security: the go command says that these are other bytes than before: ${lastWords(text)}`,
  },
  "no space": {
    code: "upstream_unavailable",
    sentence: () => "there is no space left where this proxy runs the go command",
  },
  "spoilt clone": {
    code: "upstream_unavailable",
    sentence: (text) => `the clone of its repository cannot be used: ${lastWords(text)}`,
  },
  "host key": {
    code: "refused",
    sentence: () => "the ssh key of its repository's host is not known: add it to known_hosts",
  },
  timeout: {
    code: "timed_out",
    sentence: (text) => `its repository did not answer in time: ${lastWords(text)}`,
  },
  credentials: {
    code: "refused",
    sentence: (text) =>
      `its repository does not let this proxy in; give the proxy credentials (.netrc, .hgrc, ssh keys): ${lastWords(text)}`,
  },
  "no repository": {
    code: "not_found",
    sentence: (text) => `there is no such repository: ${lastWords(text)}`,
  },
  unreachable: {
    code: "upstream_unavailable",
    sentence: (text) => `its repository cannot be read: ${lastWords(text)}`,
  },
  "invalid module": {
    code: "invalid_module",
    sentence: (text) => `the go command makes no module of it: ${lastWords(text)}`,
  },
  unknown: { code: "not_found", sentence: lastWords },
};

const names: Readonly<Record<string, string>> = {
  hg: "Mercurial",
  svn: "Subversion",
  fossil: "Fossil",
  bzr: "Bazaar",
};

function nameOf(system: string): string {
  return names[system] ?? system;
}

/**
 * The part of a complaint that says most, without paths of this machine, and without addresses, which may hold
 * credentials. Commands are quoted as `hg pull -f in /folder: exit status 255:` and then their error output, indented.
 */
export function lastWords(complaint: string): string {
  const [, output] = /exit status -?\d+:\n([\s\S]*)/.exec(complaint) ?? [];
  const lines = (output ?? complaint)
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("remote: "));
  // Subversion says the reason last, all others say it first.
  const telling =
    lines.findLast((line) => /^svn: /.test(line)) ??
    lines.find((line) => /^(fatal|abort|error|ssh)\b.*:/.test(line)) ??
    lines[0] ??
    "";
  const spoken =
    output === undefined ? telling.replace(/^(go: )?(module )?\S+?(@\S+)?: /, "") : telling;
  return spoken
    .replace(/^(fatal|abort|error|svn): /, "")
    .replace(/[\w+.-]+:\/\/[^\s'"]+/g, "its address")
    .replace(/(^|[\s"'])\/\S+\/\S+/g, "$1a folder")
    .slice(0, 300);
}
