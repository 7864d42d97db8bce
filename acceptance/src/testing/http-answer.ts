// One HTTP request as it is written, and everything that came back.
import { type IncomingHttpHeaders, request } from "node:http";

/** What came back. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The body as UTF-8. */
  readonly text: string;
  /** False if the connection broke before the end of the body. */
  readonly whole: boolean;
}

export interface HttpQuestion {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends the request, as a client does that leaves. */
  readonly signal?: AbortSignal;
  /** Is told of every part of the body as it comes. */
  readonly onChunk?: (chunk: Buffer) => void;
}

/**
 * Asks once, over a connection of its own, follows no redirect, and sends the path exactly as it stands in `url`.
 * Rejects only if no answer began.
 */
export function ask(url: string, question: HttpQuestion = {}): Promise<HttpAnswer> {
  const [, origin = "", path = "/"] = /^(http:\/\/[^/]+)(\/.*)?$/.exec(url) ?? [];
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: hostname.replace(/^\[(.*)\]$/, "$1"),
        port,
        path,
        agent: false,
        method: question.method ?? "GET",
        headers: question.headers ?? {},
        signal: question.signal,
      },
      (response) => {
        asked.off("error", reject);
        asked.on("error", () => undefined);
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => {
          chunks.push(chunk);
          question.onChunk?.(chunk);
        });
        response.on("error", () => undefined);
        response.on("close", () => {
          const body = Buffer.concat(chunks);
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body,
            text: body.toString(),
            whole: response.complete,
          });
        });
      },
    );
    asked.on("error", reject);
    asked.end();
  });
}
