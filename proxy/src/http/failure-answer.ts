// What a client is told when a request fails. The only place that gives failures their HTTP statuses.
import {
  type FailureSubject,
  ProxyFailure,
  type ProxyFailureCode,
} from "../domain/proxy-failure.ts";

/** A refusal, ready to be sent: one line of plain text that the go command prints. */
export interface FailureAnswer {
  readonly status: number;
  readonly sentence: string;
  readonly headers: readonly string[];
}

interface Row {
  readonly status: number;
  readonly prefix: string;
  readonly cacheControl: "none" | "as absence";
  readonly retryAfterSeconds?: number;
}

/**
 * A `,` in GOPROXY lets the go command go on to its next proxy after 404 and 410 alone, so these mean "does not exist"
 * and nothing else (go.dev/ref/mod#goproxy-protocol).
 */
const table = {
  not_found: { status: 404, prefix: "not found", cacheControl: "as absence" },
  bad_request: { status: 400, prefix: "bad request", cacheControl: "none" },
  refused: { status: 403, prefix: "refused", cacheControl: "none" },
  unsupported: { status: 501, prefix: "not supported", cacheControl: "none" },
  loop: { status: 508, prefix: "loop", cacheControl: "none" },
  upstream_unavailable: { status: 502, prefix: "upstream failed", cacheControl: "none" },
  invalid_module: { status: 502, prefix: "invalid module", cacheControl: "none" },
  checksum_mismatch: { status: 502, prefix: "checksum mismatch", cacheControl: "none" },
  altered_module: { status: 502, prefix: "altered module", cacheControl: "none" },
  timed_out: { status: 504, prefix: "timed out", cacheControl: "none" },
  overloaded: { status: 503, prefix: "overloaded", cacheControl: "none", retryAfterSeconds: 5 },
  store_unavailable: {
    status: 503,
    prefix: "store failed",
    cacheControl: "none",
    retryAfterSeconds: 30,
  },
} satisfies Record<ProxyFailureCode, Row>;

/** Where the client itself has brought the bytes, it is the client's affair that they are not good. */
const statusesOfBrought: Partial<Record<ProxyFailureCode, number>> = {
  invalid_module: 422,
  checksum_mismatch: 422,
  altered_module: 409,
};

/** The answer to a failure. `requestId` leads from a bug's 500 to its line in the log. */
export function failureAnswer(
  failure: unknown,
  options: {
    readonly absenceSeconds: number;
    readonly requestId: string;
    /** Whether the bytes in question came from the client. */
    readonly isBrought?: boolean;
  },
): FailureAnswer {
  if (!(failure instanceof ProxyFailure)) {
    return {
      status: 500,
      sentence: `internal error: this is a bug in the proxy; its log has more under request ${options.requestId}`,
      headers: ["Cache-Control", "no-store"],
    };
  }
  const row: Row = table[failure.code];
  const cacheControl =
    row.cacheControl === "none" ? "no-store" : `public, max-age=${options.absenceSeconds}`;
  const headers = ["Cache-Control", cacheControl];
  if (row.retryAfterSeconds !== undefined) headers.push("Retry-After", `${row.retryAfterSeconds}`);
  const brought = options.isBrought === true ? statusesOfBrought[failure.code] : undefined;
  return { status: brought ?? row.status, sentence: sentenceOf(row.prefix, failure), headers };
}

/**
 * `not found: example.com/m@v1.2.3: unknown revision v1.2.3`. The go command shows a body only up to its first blank
 * line and drops it if it holds anything unprintable, so all of that is taken out.
 */
function sentenceOf(prefix: string, failure: ProxyFailure): string {
  const subject = failure.subject === undefined ? "" : `${nameOf(failure.subject)}: `;
  return `${prefix}: ${subject}${failure.message}`
    .replace(/[\p{C}\p{Z}]+/gu, " ")
    .trim()
    .slice(0, 600);
}

function nameOf(subject: FailureSubject): string {
  return subject.version === undefined ? subject.path : `${subject.path}@${subject.version}`;
}
