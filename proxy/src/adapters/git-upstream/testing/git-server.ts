// A web server for tests: repositories over git's smart HTTP, and pages with go-import tags, for any host name.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";

/** What is answered instead of what the folder has. */
export interface ScriptedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * Answers to `http://127.0.0.1:port/host/path` and, as a proxy, to `http://host/path`, with the bare repository
 * `folder/host/path`. Disposing of it ends it and its processes.
 */
export interface GitServer extends AsyncDisposable {
  readonly url: string;
  /** Pages by host and path, without the query `go-get=1`. */
  readonly pages: Map<string, string | ScriptedAnswer>;
  /** `user:password` by host, for repositories and pages. */
  readonly passwords: Map<string, string>;
  /** Is asked about each request before anything else; what it gives is the answer. */
  intercept: (target: string, request: IncomingMessage) => ScriptedAnswer | undefined | "silence";
  /** What was asked for: `GET example.com/m/info/refs?service=git-upload-pack`. */
  readonly requests: string[];
  /** Variables that make git and the go command take this server for all hosts. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Starts a server over a folder. */
export async function gitServer(folder: string): Promise<GitServer> {
  const children = new Set<ChildProcess>();
  const pages: GitServer["pages"] = new Map();
  const passwords: GitServer["passwords"] = new Map();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const target = (request.url ?? "").replace(/^http:\//, "").replace(/^\/+/, "");
    requests.push(`${request.method} ${target}`);
    const answer = running.intercept(target, request) ?? scripted(target, request);
    if (answer === "silence") return;
    if (answer !== undefined) send(response, answer);
    else children.add(backend(folder, target, request, response));
  });
  const scripted = (target: string, request: IncomingMessage): ScriptedAnswer | undefined => {
    const password = passwords.get(target.split("/", 1)[0] ?? "");
    if (password !== undefined && request.headers.authorization !== basic(password)) {
      return { status: 401, headers: { "www-authenticate": 'Basic realm="test"' } };
    }
    if (!target.endsWith("?go-get=1")) return undefined;
    const page = pages.get(target.slice(0, -"?go-get=1".length).replace(/\/$/, ""));
    if (page === undefined) return { status: 404, body: "no such page" };
    return typeof page === "string" ? { status: 200, body: page } : page;
  };
  // Nobody gets through to a real host.
  server.on("connect", (_request, socket) => socket.end("HTTP/1.1 403 Forbidden\r\n\r\n"));
  const url = await listen(server);
  const running: GitServer = {
    url,
    pages,
    passwords,
    requests,
    intercept: () => undefined,
    environment: environmentFor(url),
    async [Symbol.asyncDispose]() {
      for (const child of children) child.kill("SIGKILL");
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return running;
}

/** A page with go-import tags. */
export function goImportPage(...contents: readonly string[]): string {
  const tags = contents.map((content) => `<meta name="go-import" content="${content}">`);
  return `<!DOCTYPE html><html><head>${tags.join("\n")}</head><body>hello</body></html>`;
}

async function listen(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function environmentFor(url: string): Readonly<Record<string, string>> {
  return {
    PATH: process.env["PATH"] ?? "",
    http_proxy: url,
    https_proxy: url,
    HTTP_PROXY: url,
    HTTPS_PROXY: url,
    no_proxy: "127.0.0.1",
    NO_PROXY: "127.0.0.1",
    GIT_ALLOW_PROTOCOL: "https:http",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: `url.${url}/.insteadOf`,
    GIT_CONFIG_VALUE_0: "https://",
  };
}

function basic(password: string): string {
  return `Basic ${Buffer.from(password).toString("base64")}`;
}

function send(response: ServerResponse, { status, headers = {}, body = "" }: ScriptedAnswer): void {
  response.writeHead(status, { "content-type": "text/html; charset=utf-8", ...headers });
  response.end(body);
}

/** Authority: git-scm.com/docs/git-http-backend, RFC 3875. */
function backend(
  folder: string,
  target: string,
  request: IncomingMessage,
  response: ServerResponse,
): ChildProcess {
  const [path = "", query = ""] = target.split("?");
  const header = (name: string) => String(request.headers[name] ?? "");
  const child = spawn("git", ["http-backend"], {
    env: {
      PATH: process.env["PATH"] ?? "",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_PROJECT_ROOT: folder,
      PATH_INFO: `/${decodeURIComponent(path)}`,
      QUERY_STRING: query,
      REQUEST_METHOD: request.method ?? "GET",
      REMOTE_ADDR: "127.0.0.1",
      CONTENT_TYPE: header("content-type"),
      HTTP_CONTENT_ENCODING: header("content-encoding"),
      GIT_PROTOCOL: header("git-protocol"),
      ...(request.headers["content-length"] && { CONTENT_LENGTH: header("content-length") }),
    },
    stdio: ["pipe", "pipe", "ignore"],
  });
  child.stdin.on("error", () => undefined);
  request.pipe(child.stdin);
  void answerFrom(child, response);
  return child;
}

async function answerFrom(child: ChildProcess, response: ServerResponse): Promise<void> {
  let head = Buffer.alloc(0);
  let isHeadSent = false;
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    if (isHeadSent) {
      response.write(chunk);
      continue;
    }
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) continue;
    isHeadSent = true;
    const lines = head.subarray(0, end).toString().split("\r\n");
    const fields = lines.map((line) => line.split(/: (.*)/s, 2));
    const status = Number.parseInt(fields.find(([name]) => name === "Status")?.[1] ?? "200", 10);
    for (const [name = "", value = ""] of fields) {
      if (name !== "Status") response.setHeader(name, value);
    }
    response.writeHead(status);
    response.write(head.subarray(end + 4));
  }
  response.end();
}
