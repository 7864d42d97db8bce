// A program: runs an engine, reachable at all addresses of its namespace, until its input ends. Its first line says the port.
import process from "node:process";
import { startEtcd, startPostgres, startRedis } from "@stoa/proxy/testing";
import { tcpRelay } from "./tcp-relay.ts";

async function start(kind: string): Promise<AsyncDisposable & { readonly port: number }> {
  if (kind === "redis") return startRedis("secret");
  if (kind === "etcd") return startEtcd();
  const server = await startPostgres();
  return Object.assign(server, { port: Number(new URL(server.url).port) });
}

await using engine = await start(process.argv[2] ?? "");
await using relay = await tcpRelay("0.0.0.0", engine.port);
process.stdout.write(`${relay.port}\n`);
for await (const _ of process.stdin) {
  // Nothing is said; the end counts.
}
