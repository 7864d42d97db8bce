// A server of Athens' protocol for storages, as plain as that of Athens: no ranges, no times.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { type ModuleVersion, parseVersion, unescapePath } from "@stoa/gomod";
import { openMemoryModuleStore } from "../adapters/memory-module-store/memory-module-store.ts";
import type { FileKind, ModuleStore } from "../domain/module-store.ts";
import { putFiles } from "./module-store-contract.ts";

export interface ExternalServerOptions {
  /** Whether answers have a Content-Length. */
  readonly tellsLength?: boolean;
  /** `user:password`, without which nobody is let in. */
  readonly account?: string;
}

/** Serves a store, one in memory unless another is given, under this protocol. */
export async function externalServer(
  store: ModuleStore = openMemoryModuleStore().store,
  { tellsLength = true, account }: ExternalServerOptions = {},
): Promise<AsyncDisposable & { readonly url: string }> {
  const expected = account && `Basic ${Buffer.from(account).toString("base64")}`;
  const server = createServer((request, response) => {
    if (expected !== undefined && request.headers.authorization !== expected) {
      response.writeHead(401).end();
      return;
    }
    answer(store, tellsLength, request, response).catch((failure: unknown) => {
      response.writeHead(400).end(String(failure));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function answer(
  store: ModuleStore,
  tellsLength: boolean,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [, escaped = "", name = ""] =
    /^\/(.+)\/@v\/([^/]+)$/.exec(decodeURIComponent(request.url ?? "")) ?? [];
  const path = unescapePath(escaped);
  if (name === "list") {
    response.end((await store.versions(path)).join("\n"));
    return;
  }
  const [, version = "", what = ""] = /^(.+)\.([a-z]+)$/.exec(name) ?? [];
  const module = { path, version: parseVersion(version) };
  if (what === "save") return save(store, module, request, response);
  await using file = await store.open(module, what as FileKind);
  if (file === undefined) {
    response.writeHead(404).end("not found\n");
    return;
  }
  const bytes = Buffer.alloc(file.size);
  await file.read(0, bytes);
  if (tellsLength) response.setHeader("Content-Length", bytes.length);
  response.write(bytes.subarray(0, 1));
  response.end(bytes.subarray(1));
}

async function save(
  store: ModuleStore,
  module: ModuleVersion,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const headers = { "content-type": request.headers["content-type"] ?? "" };
  const body = Readable.toWeb(request) as ReadableStream<Uint8Array>;
  const form = await new Response(body, { headers }).formData();
  const part = async (name: string): Promise<Uint8Array> =>
    new Uint8Array(await (form.get(name) as File).arrayBuffer());
  const [info, mod, zip] = [await part("mod.info"), await part("mod.mod"), await part("mod.zip")];
  await putFiles(store, module, { info, mod, zip });
  response.end();
}
