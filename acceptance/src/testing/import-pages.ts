// Every host that a test invents: an HTTP proxy that answers for them, so that no name server is asked.
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

/** How a host answers: a status, or not at all. */
type Mood = number | "hangs";

/** Disposing of it ends it. */
export interface ImportPages extends AsyncDisposable {
  /** The environment of a program that knows these hosts, without TLS. */
  readonly environment: Readonly<Record<string, string>>;
  /** Lets `host/m` have its repository in a place, in the words of a go-import tag. */
  readonly put: (host: string, place: string) => void;
  /** Lets a host serve the files of a folder. */
  readonly serve: (host: string, folder: string) => void;
  /** Lets everything on a host be answered alike. */
  readonly be: (host: string, mood: Mood) => void;
  /** `host/path`, in order. */
  readonly asked: readonly string[];
}

export async function importPages(): Promise<ImportPages> {
  const places = new Map<string, string>();
  const folders = new Map<string, string>();
  const moods = new Map<string, Mood>();
  const asked: string[] = [];
  const server = createServer((question, answer) => {
    const url = new URL(question.url ?? "/", "http://nowhere.test");
    asked.push(`${url.hostname}${url.pathname}`);
    const mood = moods.get(url.hostname);
    const [place, folder] = [places.get(url.hostname), folders.get(url.hostname)];
    if (mood === "hangs") return;
    if (mood !== undefined) return end(answer, mood, "a mood");
    if (url.hostname === "127.0.0.1") return passOn(url, question, answer);
    if (folder !== undefined) return void sendFile(answer, join(folder, url.pathname));
    if (place === undefined) return end(answer, 404, "no such host");
    end(answer, 200, `<meta name="go-import" content="${url.hostname}/m ${place}">`);
  });
  server.on("connect", (_, socket) => socket.destroy()); // nobody speaks TLS here
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    environment: { http_proxy: url, https_proxy: url, no_proxy: "127.0.0.1" },
    put: (host, place) => places.set(host, place),
    serve: (host, folder) => folders.set(host, folder),
    be: (host, mood) => moods.set(host, mood),
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function end(answer: ServerResponse, status: number, text: string): void {
  if (status === 401) answer.setHeader("WWW-Authenticate", 'Basic realm="test"');
  answer.writeHead(status, { "Content-Type": "text/html" }).end(text);
}

async function sendFile(answer: ServerResponse, path: string): Promise<void> {
  const bytes = await readFile(path).catch(() => undefined);
  answer.writeHead(bytes === undefined ? 404 : 200).end(bytes);
}

/** Some programs (Fossil) take the proxy for every address. */
function passOn(url: URL, question: IncomingMessage, answer: ServerResponse): void {
  const { method, headers } = question;
  const on = request(url, { method, headers }, (found) => {
    answer.writeHead(found.statusCode ?? 502, found.headers);
    found.pipe(answer);
  });
  on.on("error", () => end(answer, 502, "it is dead"));
  question.pipe(on);
}
