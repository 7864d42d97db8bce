// The validator hook of Athens: asked over HTTP with the name of a version.
import type { ModulePath } from "@stoa/gomod";
import type { Log } from "@stoa/telemetry";
import type { Validator } from "../../domain/policy/validator.ts";
import { ProxyFailure } from "../../domain/proxy-failure.ts";

/** How much of an answer is read for the log. */
const loggedCharacters = 500;

/**
 * Posts `{"Module":…,"Version":…}`; 200 means yes, 403 no, anything else that there is no verdict.
 * Authority: gomods/athens, pkg/middleware/validation.go.
 */
export class WebhookValidator implements Validator {
  readonly #url: string;
  readonly #host: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;
  readonly #log: Log;

  constructor(options: { readonly url: string; readonly timeoutMs: number; readonly log: Log }) {
    const url = new URL(options.url);
    const { username, password, host } = url;
    this.#host = host;
    // fetch refuses a URL with a user in it.
    url.username = "";
    url.password = "";
    this.#url = url.href;
    const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    this.#headers = {
      "Content-Type": "application/json",
      ...(user === ":" ? {} : { Authorization: `Basic ${Buffer.from(user).toString("base64")}` }),
    };
    this.#timeoutMs = options.timeoutMs;
    this.#log = options.log;
  }

  async allows(path: ModulePath, version: string, signal: AbortSignal): Promise<boolean> {
    const deadline = AbortSignal.timeout(this.#timeoutMs);
    const { status, text } = await this.#ask(
      path,
      version,
      AbortSignal.any([signal, deadline]),
    ).catch((cause: unknown) => {
      signal.throwIfAborted();
      if (deadline.aborted)
        throw this.#noVerdict("timed_out", `took more than ${this.#timeoutMs} ms`, cause);
      throw this.#noVerdict(
        "upstream_unavailable",
        `could not be asked (${reasonOf(cause)})`,
        cause,
      );
    });
    if (text !== "") {
      this.#log.warn("the validator says", {
        path,
        version,
        status,
        text: text.slice(0, loggedCharacters),
      });
    }
    if (status === 200) return true;
    if (status === 403) return false;
    throw this.#noVerdict(
      "upstream_unavailable",
      `answered ${status}, which is neither 200 nor 403`,
    );
  }

  async #ask(
    path: ModulePath,
    version: string,
    signal: AbortSignal,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const answer = await fetch(this.#url, {
      method: "POST",
      headers: this.#headers,
      body: JSON.stringify({ Module: path, Version: version }),
      signal,
    });
    return { status: answer.status, text: await answer.text() };
  }

  #noVerdict(
    code: "upstream_unavailable" | "timed_out",
    what: string,
    cause?: unknown,
  ): ProxyFailure {
    return new ProxyFailure(
      code,
      `the validator at ${this.#host} ${what}; without its word nothing is given out`,
      {
        cause,
      },
    );
  }
}

function reasonOf(failure: unknown): string {
  if (!(failure instanceof Error)) return String(failure);
  const { cause } = failure;
  if (cause instanceof Error && "code" in cause) return String(cause.code);
  return cause instanceof Error ? cause.message : failure.message;
}
