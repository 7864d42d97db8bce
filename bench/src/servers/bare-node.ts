// The floor under every server written for Node: node:http that answers any request with the same bytes, and no log.
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import type { BenchRun } from "../bench-run.ts";
import type { Contender } from "./contender.ts";
import { freePort, isAccepting } from "./free-port.ts";
import { plainEnvironment, startServer } from "./server-process.ts";

/** A running bare server. */
export interface BareNode extends AsyncDisposable {
  readonly contender: Contender;
}

/** The headers are as many as Stoa sends. */
const program = `
const [file, port] = process.argv.slice(1);
const body = require("node:fs").readFileSync(file, "latin1");
const headers = [
  "Content-Type", "application/json; charset=utf-8",
  "Cache-Control", "public, max-age=31536000, immutable",
  "Accept-Ranges", "bytes",
  "ETag", '"0123456789abcdef012345"',
  "Content-Length", String(body.length),
];
require("node:http").createServer((request, response) => {
  response.writeHead(200, headers);
  response.end(body, "latin1");
}).listen(Number(port), "127.0.0.1");
`;

/** Starts it with the content of a small file, on one core. Ready when this resolves. */
export async function startBareNode(file: string, core: number, run: BenchRun): Promise<BareNode> {
  const folder = await mkdtemp(join(run.folder, "bare-"));
  const port = await freePort();
  const server = await startServer({
    command: [process.execPath, "-e", program, file, String(port)],
    env: plainEnvironment(),
    outputFile: join(folder, "output.log"),
    core,
    signal: run.signal,
  });
  try {
    await server.until(async () => ((await isAccepting(port)) ? true : undefined));
  } catch (failure) {
    await server[Symbol.asyncDispose]();
    throw failure;
  }
  const url = `http://127.0.0.1:${port}`;
  return {
    contender: { name: "bare node:http, no log", url, pid: server.pid },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
