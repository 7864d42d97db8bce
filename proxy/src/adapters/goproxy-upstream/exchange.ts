// A question to an upstream until it is answered: queue, credentials, redirects, repetition, and what a refusal means.
import { hopsHeader } from "../../domain/hops.ts";
import { type FailureSubject, ProxyFailure } from "../../domain/proxy-failure.ts";
import { Answer } from "./answer.ts";
import { readDocument } from "./document-body.ts";
import type { HostQueues } from "./host-queue.ts";
import { type Retries, type RetryClock, retrying } from "./retries.ts";
import { statusFailure } from "./status-failure.ts";
import type { Deadlines, Transport } from "./transport.ts";
import { transportFailure } from "./transport-failure.ts";
import type { Authorization } from "./upstream-credentials.ts";
import { upstreamReason } from "./upstream-reason.ts";

/** What is asked. */
export interface Question {
  readonly url: URL;
  readonly subject: FailureSubject | undefined;
  readonly authorization: Authorization;
  /** The header of that name. */
  readonly hops: string;
  /** More request headers. */
  readonly headers: Readonly<Record<string, string>>;
  /** The status of an answer; everything else is a failure. 200 if it is absent. */
  readonly wantedStatus?: number;
}

export interface ExchangeParts {
  readonly transport: Transport;
  readonly queues: HostQueues;
  readonly deadlines: Deadlines;
  /** For everything together, from the queue to the end of the last attempt. */
  readonly timeoutMs: number;
  readonly retries: Retries;
  readonly clock: RetryClock;
}

/** As many as the go command follows (cmd/go web.checkRedirect). */
const mostRedirects = 10;
const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const mostReasonBytes = 64 * 1024;
const userAgent = "Stoa";

/** Asks any host; all who ask through one exchange share its connections and its queues. */
export class Exchange {
  readonly deadlines: Deadlines;
  readonly #parts: ExchangeParts;

  constructor(parts: ExchangeParts) {
    this.deadlines = parts.deadlines;
    this.#parts = parts;
  }

  /**
   * Asks, and hands the answer to `use` when its head is there; `use` must see to it that it is disposed of. Where one
   * of the two fails in a way that may pass, both are tried again. Rejects with a `ProxyFailure` or the signal's reason.
   */
  async ask<T>(
    question: Question,
    use: (answer: Answer) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(this.#tooLate(question)), this.#parts.timeoutMs);
    const inTime = AbortSignal.any([signal, late.signal]);
    const attempt = async (): Promise<T> => {
      const answer = await this.#follow(question, inTime);
      return this.#translating(answer.url, question, inTime, () => use(answer));
    };
    try {
      return await retrying(attempt, this.#parts, inTime);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Follows redirects, to other hosts too, where the credentials of the first do not go. */
  async #follow(question: Question, signal: AbortSignal): Promise<Answer> {
    let { url } = question;
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#send(url, question, signal);
      if (answer.status === (question.wantedStatus ?? 200)) return answer;
      if (!redirectStatuses.has(answer.status)) throw await refusal(answer, question, signal);
      await answer.discard(signal);
      url = redirectTarget(answer, question, redirects);
    }
  }

  async #send(url: URL, question: Question, signal: AbortSignal): Promise<Answer> {
    const { transport, queues } = this.#parts;
    const place = await queues.enter(url.host, question.subject, signal);
    return this.#translating(url, question, signal, async () => {
      try {
        return new Answer(url, await transport.get(url, headersFor(url, question), signal), place);
      } catch (failure) {
        place[Symbol.dispose]();
        throw failure;
      }
    });
  }

  async #translating<T>(
    url: URL,
    { subject }: Question,
    signal: AbortSignal,
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      return await work();
    } catch (failure) {
      signal.throwIfAborted();
      throw transportFailure(failure, { host: url.host, subject, deadlines: this.deadlines });
    }
  }

  #tooLate({ url, subject }: Question): ProxyFailure {
    const message = `${url.host} did not answer within ${this.#parts.timeoutMs / 1000} s in all`;
    return new ProxyFailure("timed_out", message, { subject });
  }
}

function headersFor(url: URL, question: Question): Record<string, string> {
  const authorization = question.authorization(url);
  return {
    ...question.headers,
    "user-agent": userAgent,
    [hopsHeader.toLowerCase()]: question.hops,
    ...(authorization !== undefined && { authorization }),
  };
}

async function refusal(
  answer: Answer,
  { subject }: Question,
  signal: AbortSignal,
): Promise<ProxyFailure> {
  const { status, host } = answer;
  const body = await readReason(answer, subject);
  signal.throwIfAborted();
  return statusFailure({
    status,
    host,
    subject,
    reason: upstreamReason(answer.header("content-type"), body, subject),
    retryAfter: answer.header("retry-after"),
  });
}

/** The body of a refusal; nothing if it is long or breaks off, for the status says enough. */
async function readReason(
  answer: Answer,
  subject: FailureSubject | undefined,
): Promise<Uint8Array> {
  using _disposed = answer;
  try {
    return await readDocument(answer, { mostBytes: mostReasonBytes, subject });
  } catch {
    return new Uint8Array();
  }
}

function redirectTarget(answer: Answer, question: Question, redirects: number): URL {
  const { host, status, url } = answer;
  const refuse = (reason: string): ProxyFailure =>
    new ProxyFailure("upstream_unavailable", `${host} ${reason}`, { subject: question.subject });
  if (redirects >= mostRedirects) {
    throw refuse(`redirects again, after ${mostRedirects} redirects: is it in a circle?`);
  }
  const location = answer.header("location");
  const target = location === undefined ? null : URL.parse(location, url);
  if (target === null) throw refuse(`answered ${status} without saying where to`);
  if (!/^https?:$/.test(target.protocol)) {
    throw refuse("redirects to something that is neither http nor https");
  }
  if (question.url.protocol === "https:" && target.protocol === "http:") {
    throw refuse(`redirects from https to plain http, at ${target.host}`);
  }
  target.username = "";
  target.password = "";
  return target;
}
