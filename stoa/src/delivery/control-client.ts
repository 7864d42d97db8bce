// Speaks to a control plane.
import type { Login } from "./login.ts";

/** A server-sent event. */
export interface ServerEvent {
  readonly event: string;
  readonly data: unknown;
}

/** What a control plane refused, or that it could not be asked. */
export class ControlRefusal extends Error {
  /** The status of the answer; 0 if there was none. */
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
    this.code = code;
  }
}

/** Whether the control plane is to be expected back. */
export function isOutage(failure: unknown): boolean {
  return failure instanceof ControlRefusal && (failure.status === 0 || failure.status >= 500);
}

/** Asks a control plane. Failures are `ControlRefusal`, with the server's own sentence. */
export class ControlClient {
  readonly server: string;
  readonly #token: string;

  constructor({ server, token }: Login) {
    this.server = server;
    this.#token = token;
  }

  async get<T>(path: string): Promise<T> {
    return (await (await this.#send("GET", path)).json()) as T;
  }

  async post<T>(path: string, body: object = {}): Promise<T> {
    return (await (await this.#send("POST", path, JSON.stringify(body))).json()) as T;
  }

  /** `undefined` where nothing is answered. */
  async put<T>(path: string, body: object | Blob): Promise<T | undefined> {
    const sent = body instanceof Blob ? body : JSON.stringify(body);
    const text = await (await this.#send("PUT", path, sent)).text();
    return text === "" ? undefined : (JSON.parse(text) as T);
  }

  async remove(path: string): Promise<void> {
    await this.#send("DELETE", path);
  }

  /** The events of a stream until it ends. */
  async *events(path: string, signal?: AbortSignal): AsyncGenerator<ServerEvent> {
    const answer = await this.#send("GET", path, undefined, signal);
    const decoder = new TextDecoder();
    let rest = "";
    try {
      for await (const chunk of answer.body ?? []) {
        const blocks = (rest + decoder.decode(chunk, { stream: true })).split("\n\n");
        rest = blocks.pop() ?? "";
        for (const block of blocks) {
          const event = parsedEvent(block);
          if (event !== undefined) yield event;
        }
      }
    } catch (cause) {
      if (signal?.aborted === true) return;
      throw this.#unreachable(cause);
    }
  }

  async #send(
    method: string,
    path: string,
    body?: string | Blob,
    signal?: AbortSignal,
  ): Promise<Response> {
    const answer = await fetch(`${this.server}/api/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${this.#token}` },
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    }).catch((cause: unknown) => {
      throw this.#unreachable(cause);
    });
    if (answer.ok) return answer;
    throw await this.#refusal(answer);
  }

  #unreachable(cause: unknown): ControlRefusal {
    const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    const reason = inner instanceof Error ? inner.message || inner.name : String(inner);
    const next = "is stoa serve running there? stoa login names another server";
    return new ControlRefusal(
      0,
      "unreachable",
      `${this.server} does not answer (${reason}); ${next}`,
      cause,
    );
  }

  async #refusal(answer: Response): Promise<ControlRefusal> {
    const text = await answer.text().catch(() => "");
    try {
      const { error } = JSON.parse(text) as { error: { code: string; message: string } };
      return new ControlRefusal(answer.status, error.code, error.message);
    } catch {
      const said = text.split("\n")[0]?.slice(0, 200) ?? "";
      return new ControlRefusal(
        answer.status,
        "unknown",
        `${this.server} answered ${answer.status}, and not as a control plane: ${said}`,
      );
    }
  }
}

function parsedEvent(block: string): ServerEvent | undefined {
  const fields = new Map(
    block.split("\n").map((line) => {
      const colon = line.indexOf(": ");
      return [line.slice(0, Math.max(colon, 0)), line.slice(colon + 2)] as const;
    }),
  );
  const event = fields.get("event");
  const data = fields.get("data");
  if (event === undefined || data === undefined) return undefined;
  return { event, data: JSON.parse(data) };
}
