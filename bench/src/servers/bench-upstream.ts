// The upstream of the bench: serves a folder in the layout of a module proxy, counts, and hangs when told to.
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join, normalize } from "node:path";
import { pipeline } from "node:stream/promises";

/** A running upstream. */
export interface BenchUpstream extends AsyncDisposable {
  /** Without a slash at its end. */
  readonly url: string;
  /** How often each path was asked for since it began, refusals included. */
  readonly counts: ReadonlyMap<string, number>;
  /** Resolves when `count` requests hang at once, or more. */
  untilHanging(count: number): Promise<void>;
  /** From now on requests below `hangingPrefix` hang; disposed, all of them and all that follow are answered with 404. */
  hang(): Disposable;
}

/** Below this path there is nothing, and while `hang` is in force not even an answer. */
export const hangingPrefix = "/example.com/hanging/";

/** Serves the files below `root` on a free port of the loopback address. */
export async function startBenchUpstream(root: string): Promise<BenchUpstream> {
  const upstream = new Upstream(root);
  const server = createServer((request, response) => upstream.answer(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return Object.assign(upstream, {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  });
}

class Upstream {
  readonly counts = new Map<string, number>();
  readonly #root: string;
  readonly #hanging = new Set<ServerResponse>();
  #holds = 0;
  #watchers: { readonly count: number; readonly resolve: () => void }[] = [];

  constructor(root: string) {
    this.#root = root;
  }

  untilHanging(count: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#watchers.push({ count, resolve });
    this.#tellWatchers();
    return promise;
  }

  hang(): Disposable {
    this.#holds += 1;
    return {
      [Symbol.dispose]: () => {
        this.#holds -= 1;
        if (this.#holds > 0) return;
        for (const response of this.#hanging) refuse(response);
      },
    };
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? "/";
    this.counts.set(path, (this.counts.get(path) ?? 0) + 1);
    if (this.#holds > 0 && path.startsWith(hangingPrefix)) this.#wait(response);
    else void this.#send(path, response);
  }

  #wait(response: ServerResponse): void {
    this.#hanging.add(response);
    response.once("close", () => this.#hanging.delete(response));
    this.#tellWatchers();
  }

  #tellWatchers(): void {
    const waiting = this.#watchers.filter(({ count }) => count > this.#hanging.size);
    for (const watcher of this.#watchers) if (!waiting.includes(watcher)) watcher.resolve();
    this.#watchers = waiting;
  }

  async #send(path: string, response: ServerResponse): Promise<void> {
    const file = join(this.#root, normalize(path));
    const found = await stat(file).catch(() => undefined);
    if (found === undefined || !found.isFile()) {
      refuse(response);
      return;
    }
    response.writeHead(200, { "Content-Length": found.size });
    try {
      await pipeline(createReadStream(file, { highWaterMark: 512 * 1024 }), response);
    } catch {
      // The client has left.
    }
  }
}

function refuse(response: ServerResponse): void {
  response.writeHead(404, { "Content-Type": "text/plain" }).end("not found: no such file\n");
}
