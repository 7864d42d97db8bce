// Tells other programs what happened to modules: signed, and again until they have heard it.
import { createHmac, randomUUID } from "node:crypto";
import type { Log } from "@stoa/telemetry";
import type { Notice, NoticeQueue } from "../domain/notice-queue.ts";
import type { FailureSubject } from "../domain/proxy-failure.ts";

/** What is told. */
export type NoticeKind =
  | "module.stored"
  | "module.refused"
  | "module.altered"
  | "module.mismatch"
  | "module.moved"
  | "module.vanished";

export interface NoticeParts {
  readonly queue: NoticeQueue;
  /** Whether others put notices into the queue, too: one that dies leaves its own to the rest. */
  readonly isShared: boolean;
  /** Who is told. */
  readonly urls: readonly string[];
  /** With what notices are signed. */
  readonly secret: string;
  readonly log: Log;
  /** Sends a body; resolves to the status. Rejects if nobody answers. */
  readonly post: (
    url: string,
    headers: Readonly<Record<string, string>>,
    body: string,
    signal: AbortSignal,
  ) => Promise<number>;
}

/** How many may wait, how many are sent at once, and after how many attempts one is given up: some two days. */
const mostNotices = 10_000;
const concurrent = 4;
const mostAttempts = 16;
const timeoutMs = 15_000;
/** How often it is looked, at least, for notices of others. */
const lookMs = 15_000;
/** The same refusal is told once in this time: clients repeat themselves. */
const repeatMs = 600_000;
const mostRemembered = 10_000;

/**
 * Each notice has an id, under which it may arrive more than once, and bears the headers of Standard Webhooks:
 * `webhook-id`, `webhook-timestamp` and `webhook-signature: v1,` with the base64 of HMAC-SHA256 over
 * `id.timestamp.body`. Authority: github.com/standard-webhooks/standard-webhooks, spec.
 */
export class NoticeDelivery implements AsyncDisposable {
  readonly #parts: NoticeParts;
  readonly #ending = new AbortController();
  readonly #told = new Map<string, number>();
  readonly #adding = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> | undefined;
  #lookAgain = false;

  constructor(parts: NoticeParts) {
    this.#parts = parts;
    this.#wake();
  }

  /** Tells; nobody waits for it, and nobody's request fails by it. */
  tell(kind: NoticeKind, module: FailureSubject, reason?: string): void {
    if (this.#parts.urls.length === 0 || this.#isRepeated(kind, module)) return;
    const data = { module: module.path, version: module.version, reason };
    const body = JSON.stringify({ type: kind, timestamp: new Date().toISOString(), data });
    const adding = this.#add(body).finally(() => this.#adding.delete(adding));
    this.#adding.add(adding);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#adding);
    this.#ending.abort(new Error("the server stops"));
    clearTimeout(this.#timer);
    await this.#working;
  }

  #isRepeated(kind: NoticeKind, { path, version = "" }: FailureSubject): boolean {
    if (kind === "module.stored") return false;
    const key = `${kind} ${path}@${version}`;
    const now = performance.now();
    if (now - (this.#told.get(key) ?? Number.NEGATIVE_INFINITY) < repeatMs) return true;
    if (this.#told.size >= mostRemembered) this.#told.clear();
    this.#told.set(key, now);
    return false;
  }

  async #add(body: string): Promise<void> {
    const { queue, urls, log } = this.#parts;
    try {
      for (const url of urls) {
        const notice = { id: `msg_${randomUUID()}`, url, body, attempts: 0 };
        const isAccepted = await queue.add(notice, new Date(), mostNotices);
        if (!isAccepted) log.warn("a notice was dropped, for too many wait", { body });
      }
      this.#wake();
    } catch (failure) {
      log.warn("a notice could not be written down", { body, error: failure });
    }
  }

  #wake(): void {
    if (this.#ending.signal.aborted) return;
    if (this.#working !== undefined) {
      this.#lookAgain = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#lookAgain = false;
    this.#working = this.#work()
      .catch((failure: unknown) => {
        this.#parts.log.warn("the queue of notices cannot be worked off", { error: failure });
        return 60_000;
      })
      .then((delayMs) => {
        this.#working = undefined;
        // One that was added when the queue had just been found empty.
        if (this.#lookAgain) return this.#wake();
        if (delayMs === undefined || this.#ending.signal.aborted) return;
        this.#timer = setTimeout(() => this.#wake(), delayMs).unref();
      });
  }

  /** Sends what is due; resolves to when it is to be looked again, in milliseconds. */
  async #work(): Promise<number | undefined> {
    const { queue, isShared } = this.#parts;
    for (;;) {
      const now = new Date();
      const notices = await queue.take(concurrent, now, new Date(now.getTime() + 4 * timeoutMs));
      await Promise.all(notices.map((notice) => this.#send(notice)));
      if (this.#ending.signal.aborted) return undefined;
      if (notices.length > 0) continue;
      const due = await queue.nextDue();
      const dueMs = due && Math.min(60_000, Math.max(10, due.getTime() - Date.now()));
      return isShared ? Math.min(dueMs ?? lookMs, lookMs) : dueMs;
    }
  }

  async #send(notice: Notice): Promise<void> {
    const { queue, log, post } = this.#parts;
    const { id, url, body } = notice;
    const attempts = notice.attempts + 1;
    const signal = AbortSignal.any([this.#ending.signal, AbortSignal.timeout(timeoutMs)]);
    try {
      const status = await post(url, this.#headers(id, body), body, signal);
      if (status >= 200 && status < 300) return await queue.remove(id);
      throw new Error(`answered ${status}`);
    } catch (failure) {
      if (this.#ending.signal.aborted) return await queue.postpone(id, notice.attempts, new Date());
      const { host } = new URL(url);
      if (attempts >= mostAttempts) {
        log.error("a notice was given up", { host, attempts, body, error: failure });
        return await queue.remove(id);
      }
      log.warn("a notice was not delivered", { host, attempts, error: failure });
      await queue.postpone(id, attempts, new Date(Date.now() + backoffMs(attempts)));
    }
  }

  #headers(id: string, body: string): Readonly<Record<string, string>> {
    const timestamp = `${Math.floor(Date.now() / 1000)}`;
    const signature = createHmac("sha256", this.#parts.secret)
      .update(`${id}.${timestamp}.${body}`)
      .digest("base64");
    return {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": timestamp,
      "webhook-signature": `v1,${signature}`,
    };
  }
}

/** Two seconds, doubled each time up to six hours, and up to a half more. */
function backoffMs(attempts: number): number {
  return Math.min(21_600_000, 1000 * 2 ** attempts) * (1 + Math.random() / 2);
}
