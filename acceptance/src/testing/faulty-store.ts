// A bucket that fails on demand: everything passes through here to a real S3 server, which can be killed at a given write.
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { startS3Server } from "@stoa/blobs/testing";

/**
 * - `none`: as the server answers.
 * - `error`: every request is answered with 500.
 * - `slow`: every answer waits.
 * - `stale`: what was replaced is given out as it was before, a few times.
 */
export type StoreTrouble = "none" | "error" | "slow" | "stale";

/** A write that the store is killed at: before it arrives, or when it is kept and its answer is not yet sent. */
export interface FatalWrite {
  readonly step: string;
  readonly when: "before" | "after";
}

/** A document tree in a bucket. */
export interface FaultyStore extends AsyncDisposable {
  /** The URL of the tree, and the variables with its credentials. */
  readonly tree: string;
  readonly env: Readonly<Record<string, string>>;
  trouble: StoreTrouble;
  /** What was written since the last call, by its place in the tree: `rollouts 1`, `rollouts 2`, `audit 1` and so on. */
  readonly takeSteps: () => readonly string[];
  /** Kills the server with SIGKILL at that write, counted from now. Resolves when it was killed. */
  readonly killAt: (write: FatalWrite) => Promise<void>;
  /** How many requests so far have met no server, or were refused or held up by the trouble. */
  readonly met: () => number;
  /** Starts the server again on what it has kept. */
  readonly start: () => Promise<void>;
}

const slowMs = 150;
const staleAnswers = 2;

/** Starts one with an empty tree. */
export async function startFaultyStore(): Promise<FaultyStore> {
  const s3 = await startS3Server();
  const { settings } = await s3.newBucket();
  const upstream = new URL(s3.url);
  const steps = new Map<string, number>();
  const before = new Map<string, { readonly answer: Answer; left: number }>();
  const newest = new Map<string, Answer>();
  let fatal: (FatalWrite & { readonly killed: () => void }) | undefined;
  let met = 0;

  const kill = async (killed: () => void): Promise<void> => {
    fatal = undefined;
    await s3.stop();
    killed();
  };
  const isFatal = (step: string | undefined, when: FatalWrite["when"]): boolean =>
    fatal !== undefined && fatal.step === step && fatal.when === when;
  const pass = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = "" } = incoming;
    // What follows names the operation.
    const [url = ""] = (incoming.url ?? "").split("?");
    const step = method === "PUT" ? counted(steps, stepOf(url)) : undefined;
    if (isFatal(step, "before") && fatal !== undefined) await kill(fatal.killed);
    if (store.trouble === "error") {
      met += 1;
      incoming.resume();
      response.writeHead(500, { "content-type": "application/xml" });
      response.end("<Error><Code>InternalError</Code><Message>out of order</Message></Error>");
      return;
    }
    if (store.trouble === "slow") {
      met += 1;
      await pause(slowMs);
    }
    const old = before.get(url);
    if (method === "GET" && store.trouble === "stale" && old !== undefined && old.left > 0) {
      old.left -= 1;
      met += 1;
      const isSame = incoming.headers["if-none-match"] === old.answer.headers["etag"];
      response.writeHead(isSame ? 304 : old.answer.status, old.answer.headers);
      response.end(isSame ? "" : old.answer.body);
      return;
    }
    const answer = await forwarded(incoming, upstream);
    if (method === "GET" && answer.status === 200 && isDocument(url)) newest.set(url, answer);
    const replaced = newest.get(url);
    if (method === "PUT" && answer.status === 200 && replaced !== undefined) {
      before.set(url, { answer: replaced, left: staleAnswers });
    }
    if (isFatal(step, "after") && fatal !== undefined) {
      await kill(fatal.killed);
      response.destroy();
      return;
    }
    response.writeHead(answer.status, answer.headers);
    response.end(answer.body);
  };
  const server = createServer((incoming, response) => {
    pass(incoming, response).catch(() => {
      // Nobody is there: the connection breaks, as it does before a dead server.
      met += 1;
      response.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { bucket, keys } = settings;
  const store: FaultyStore = {
    tree: `s3://${bucket}/stoa/tree?endpoint=${endpoint}`,
    env: { AWS_ACCESS_KEY_ID: keys?.id ?? "", AWS_SECRET_ACCESS_KEY: keys?.secret ?? "" },
    trouble: "none",
    takeSteps: () => {
      const taken = [...steps].flatMap(([name, count]) =>
        Array.from({ length: count }, (_, at) => `${name} ${at + 1}`),
      );
      steps.clear();
      return taken;
    },
    killAt: (write) => {
      steps.clear();
      const { promise, resolve } = Promise.withResolvers<void>();
      fatal = { ...write, killed: resolve };
      return promise;
    },
    met: () => met,
    start: () => s3.start(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await s3[Symbol.asyncDispose]();
    },
  };
  return store;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer | string;
}

/** Passes a request on as it is, its signature included, and gives the answer. */
function forwarded(incoming: IncomingMessage, { hostname, port }: URL): Promise<Answer> {
  const { method, url, headers } = incoming;
  return new Promise((resolve, reject) => {
    const outgoing = request({ hostname, port, method, path: url, headers, agent: false });
    outgoing.on("error", reject);
    outgoing.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const { connection: _, "transfer-encoding": __, ...rest } = response.headers;
        resolve({ status: response.statusCode ?? 0, headers: rest, body: Buffer.concat(chunks) });
      });
    });
    incoming.on("error", reject);
    incoming.pipe(outgoing);
  });
}

function isDocument(url: string): boolean {
  return url.endsWith(".json");
}

/** The folder of the tree that a path is in, which says what is being done. */
function stepOf(url: string): string | undefined {
  const [, path = ""] = /\/stoa\/tree\/(.*)/.exec(decodeURIComponent(url)) ?? [];
  if (path.startsWith("environments/"))
    return path.endsWith("/index.json") ? "the index" : "the history";
  if (path.startsWith("machines/")) return path.endsWith("/status.json") ? "a status" : undefined;
  return path.split("/")[0] || undefined;
}

function counted(steps: Map<string, number>, name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const count = (steps.get(name) ?? 0) + 1;
  steps.set(name, count);
  return `${name} ${count}`;
}
