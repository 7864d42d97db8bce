// What a failed connection or a broken transfer means.
import { type FailureSubject, ProxyFailure } from "../../domain/proxy-failure.ts";
import { PassingFailure } from "./retries.ts";
import type { Deadlines } from "./transport.ts";

/** Where it happened. */
export interface Scene {
  /** Without credentials. */
  readonly host: string;
  readonly subject: FailureSubject | undefined;
  readonly deadlines: Deadlines;
}

/** Node and the HTTP library give their errors these codes; the words are for people. */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "it refuses connections",
  ECONNRESET: "it broke off the connection",
  EPIPE: "it broke off the connection",
  ETIMEDOUT: "it does not answer",
  EHOSTUNREACH: "there is no route to it",
  ENETUNREACH: "there is no route to it",
  ENOTFOUND: "its name has no address",
  EAI_AGAIN: "the name server does not answer",
  UND_ERR_SOCKET: "it broke off the connection",
  UND_ERR_DESTROYED: "this proxy is stopping",
  UND_ERR_CLOSED: "this proxy is stopping",
  UND_ERR_HEADERS_OVERFLOW: "the head of its answer is too long",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "its answer is not as long as announced",
  UND_ERR_PRX_CONNECTION: "the HTTP proxy on the way there broke off",
  UND_ERR_ABORTED: "the HTTP proxy on the way there refused",
};

/** These come back however often one tries. */
const lasting = /^(ENOTFOUND|UND_ERR_DESTROYED|UND_ERR_CLOSED|UND_ERR_HEADERS_OVERFLOW|HPE_.*)$/;

/**
 * Translates an error of `Transport.get` or of a body. A `PassingFailure` where another attempt may help: not after the
 * two long deadlines, for nobody wants to wait for them twice.
 */
export function transportFailure(cause: unknown, scene: Scene): ProxyFailure {
  if (cause instanceof ProxyFailure) return cause;
  const { host, subject, deadlines } = scene;
  const code = codeOf(cause);
  switch (code) {
    case "UND_ERR_CONNECT_TIMEOUT":
      return new PassingFailure(
        "timed_out",
        `${host} did not accept a connection within ${seconds(deadlines.connectMs)}`,
        { subject, cause },
      );
    case "UND_ERR_HEADERS_TIMEOUT":
      return new ProxyFailure(
        "timed_out",
        `${host} did not begin to answer within ${seconds(deadlines.firstByteMs)}`,
        { subject, cause },
      );
    case "UND_ERR_BODY_TIMEOUT":
      return new ProxyFailure(
        "timed_out",
        `the answer of ${host} stood still for ${seconds(deadlines.progressMs)}`,
        { subject, cause },
      );
    default: {
      const Failure = lasting.test(code) || isDistrust(code) ? ProxyFailure : PassingFailure;
      return new Failure("upstream_unavailable", `${host} gives no answer: ${reasonOf(code)}`, {
        subject,
        cause,
      });
    }
  }
}

function codeOf(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string") {
    return error.code;
  }
  return error instanceof Error ? error.name : "unknown";
}

function reasonOf(code: string): string {
  if (isDistrust(code)) {
    return `its certificate is not trusted (${code}); add a private authority to those of this machine, or name its file in SSL_CERT_FILE`;
  }
  return reasons[code] ?? `the connection failed (${code})`;
}

/** The codes of OpenSSL's certificate verification, and Node's own for a name that does not fit. */
function isDistrust(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_|CRL_|INVALID_(CA|PURPOSE)|HOSTNAME_MISMATCH/.test(code);
}

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}
