// nginx as the other side of the comparison: the same bytes as static files, or as a cache in front of an upstream.

import { truncateSync } from "node:fs";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import type { BenchRun } from "../bench-run.ts";
import { commandOf } from "../tools.ts";
import type { Contender } from "./contender.ts";
import { freePort, isAccepting } from "./free-port.ts";
import { childrenOf } from "./process-figures.ts";
import { plainEnvironment, type ServerProcess, startServer } from "./server-process.ts";

/** A running nginx: one worker that answers in several ways, each on a port of its own. */
export interface NginxServer extends AsyncDisposable {
  /** As Debian ships it (but without gzip): files opened anew for each request, a line of the log written for each. */
  readonly plain: Contender;
  /** With `open_file_cache`. */
  readonly fileCache: Contender;
  /** With `open_file_cache`, and the log written in blocks of 64 KiB. */
  readonly tuned: Contender;
  /** A cache in front of the upstream that asks it once for each file (`proxy_cache_lock`). */
  readonly cache: Contender;
}

/** What nginx serves. */
export interface NginxStart {
  /** The folder of files. */
  readonly root: string;
  /** What its cache asks: without a slash at its end. */
  readonly upstream: string;
  /** The one core it may use; all of them without. */
  readonly core?: number | undefined;
}

/** Starts nginx as a child of ours, with everything it writes in a folder of its own. Ready when this resolves. */
export async function startNginx(start: NginxStart, run: BenchRun): Promise<NginxServer> {
  const folder = await mkdtemp(join(run.folder, "nginx-"));
  await mkdir(join(folder, "temporary"));
  const ports = [await freePort(), await freePort(), await freePort(), await freePort()] as const;
  await writeFile(join(folder, "nginx.conf"), configuration(start, ports));
  const server = await startServer({
    command: [commandOf("nginx"), "-p", folder, "-c", "nginx.conf", "-e", "error.log"],
    env: plainEnvironment(),
    outputFile: join(folder, "output.log"),
    core: start.core,
    signal: run.signal,
  });
  try {
    await server.until(async () => ((await isAccepting(ports[3])) ? true : undefined));
    return {
      ...contenders(server, ports, folder),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  } catch (failure) {
    await server[Symbol.asyncDispose]();
    throw failure;
  }
}

type Ports = readonly [plain: number, fileCache: number, tuned: number, cache: number];

/**
 * What Debian's nginx.conf says of sending files, one worker, no compression, and connections that are never closed for
 * the number of their requests. The master must not be a daemon: then it would not be our child.
 */
function configuration(start: NginxStart, [plain, fileCache, tuned, cache]: Ports): string {
  const openFileCache = "open_file_cache max=10000 inactive=60s; open_file_cache_valid 60s;";
  return `
daemon off;
${process.getuid?.() === 0 ? "user root;" : ""}
worker_processes 1;
pid nginx.pid;
events { worker_connections 2048; }
http {
  sendfile on;
  tcp_nopush on;
  gzip off;
  keepalive_timeout 65;
  keepalive_requests 1000000000;
  default_type application/octet-stream;
  client_body_temp_path temporary/body;
  proxy_temp_path temporary/proxy;
  fastcgi_temp_path temporary/fastcgi;
  uwsgi_temp_path temporary/uwsgi;
  scgi_temp_path temporary/scgi;
  proxy_cache_path cache levels=1:2 keys_zone=modules:1m max_size=8g use_temp_path=off;
  server {
    listen 127.0.0.1:${plain};
    root ${start.root};
    access_log access.log combined;
  }
  server {
    listen 127.0.0.1:${fileCache};
    root ${start.root};
    access_log access.log combined;
    ${openFileCache}
  }
  server {
    listen 127.0.0.1:${tuned};
    root ${start.root};
    access_log buffered.log combined buffer=64k flush=1s;
    ${openFileCache}
  }
  server {
    listen 127.0.0.1:${cache};
    access_log access.log combined;
    location / {
      proxy_pass ${start.upstream};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_cache modules;
      proxy_cache_valid 200 1h;
      proxy_cache_lock on;
      proxy_cache_lock_timeout 300s;
      proxy_cache_lock_age 300s;
    }
  }
}
`;
}

function contenders(
  server: ServerProcess,
  ports: Ports,
  folder: string,
): Pick<NginxServer, "plain" | "fileCache" | "tuned" | "cache"> {
  const [plain, fileCache, tuned, cache] = ports;
  // The cache has processes of its own that look after its folder; the worker was started before them.
  const [pid] = childrenOf(server.pid);
  const tidy = () => {
    for (const log of ["access.log", "buffered.log"]) truncateSync(join(folder, log));
  };
  const contender = (name: string, port: number): Contender => ({
    name,
    url: `http://127.0.0.1:${port}`,
    pid,
    tidy,
  });
  return {
    plain: contender("nginx", plain),
    fileCache: contender("nginx, open files cached", fileCache),
    tuned: contender("nginx, also log buffered", tuned),
    cache: contender("nginx proxy_cache", cache),
  };
}
