// What git means when it fails at another machine.
import { ProxyFailure } from "../../../domain/proxy-failure.ts";
import { type GitDeadlines, GitFailure } from "./git-process.ts";

/** What kind of failure a complaint is about. */
export type Complaint =
  | "no repository"
  | "credentials"
  | "host key"
  | "moved"
  | "no parts"
  | "no head"
  | "other format"
  | "no space"
  | "no mirror"
  | "unreachable";

/**
 * The words of git, curl, ssh and the larger hosts, in the order in which they count: a host may say several things. The
 * first rule that fits decides.
 */
const rules: readonly (readonly [Complaint, RegExp])[] = [
  ["no space", /No space left on device|Disk quota exceeded/],
  [
    "no mirror",
    /(not|requires) a git repository|\.lock': File exists|object \S+ is corrupt|packfile \S+ (is corrupt|cannot be)/,
  ],
  ["host key", /Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED/],
  [
    "no parts",
    /filter '[^']*' not supported|does not allow request for unadvertised object|not our ref/,
  ],
  ["no head", /couldn't find remote ref HEAD/],
  ["other format", /mismatched algorithms/],
  ["moved", /requested URL returned error: 30\d|unable to update url base from redirection/],
  [
    "no repository",
    /repository '[^']*' not found|[Rr]epository not found|does not appear to be a git repository|requested URL returned error: (404|410)|project you were looking for could not be found|no such repository/i,
  ],
  [
    "credentials",
    /could not read (Username|Password)|Authentication failed|requested URL returned error: (401|403|407)|Permission denied|terminal prompts disabled|Invalid username or (password|token)|access denied|not authorized/i,
  ],
];

/** What a complaint is about. */
export function complaintOf(failure: GitFailure): Complaint {
  return rules.find(([, words]) => words.test(failure.complaint))?.[0] ?? "unreachable";
}

/** The failure of a command that went to a host, for the developer to read. Anything but a `GitFailure` is passed on. */
export function remoteFailure(cause: unknown, host: string, deadlines: GitDeadlines): unknown {
  if (!(cause instanceof GitFailure)) return cause;
  switch (cause.kind) {
    case "missing":
      return missingGit(cause);
    case "silent": {
      const message = `git heard nothing from ${host} for ${deadlines.silenceMs / 1000} s`;
      return new ProxyFailure("timed_out", message, { cause });
    }
    case "slow": {
      const message = `git did not get what it wanted from ${host} within ${deadlines.totalMs / 1000} s`;
      return new ProxyFailure("timed_out", message, { cause });
    }
    case "talkative":
      return new ProxyFailure("refused", `${host} sends more names than this proxy reads`, {
        cause,
      });
    case "ended":
      return complaintFailure(cause, host);
  }
}

/** Without git nothing is known about any repository; another upstream may know. */
export function missingGit(cause: unknown): ProxyFailure {
  return new ProxyFailure(
    "unsupported",
    "this proxy has no git program to ask the repository with: install git, or put it on the PATH",
    { cause },
  );
}

function complaintFailure(cause: GitFailure, host: string): ProxyFailure {
  const fail = (code: ProxyFailure["code"], message: string) =>
    new ProxyFailure(code, message, { cause });
  switch (complaintOf(cause)) {
    case "no repository":
      return fail("not_found", `${host} has no such repository`);
    case "credentials":
      return fail(
        "refused",
        `${host} does not let this proxy read the repository: give it credentials for ${host}`,
      );
    case "host key":
      return fail("refused", `the ssh key of ${host} is not known: add it to known_hosts`);
    case "no space":
      return fail(
        "upstream_unavailable",
        "there is no space left for the mirror of the repository",
      );
    default:
      return fail("upstream_unavailable", `git cannot read from ${host}: ${lastWords(cause)}`);
  }
}

/** The line of a complaint that says most, without addresses, which may hold credentials. */
export function lastWords({ complaint, exitCode }: GitFailure): string {
  const lines = complaint
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("remote: "));
  const telling = lines.find((line) => /^(fatal|error|ssh): /.test(line)) ?? lines.at(-1);
  if (telling === undefined) return `it ended with ${exitCode}`;
  return telling
    .replace(/^(fatal|error): /, "")
    .replace(/\S+:\/\/[^\s']+'?/g, "the repository")
    .slice(0, 200);
}
