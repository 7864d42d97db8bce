// A server that speaks MongoDB's protocol, for tests: FerretDB over SQLite, or one that is named in the environment.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "@stoa/blobs/testing";
import { Binary, MongoClient } from "mongodb";

export interface MongoServer extends AsyncDisposable {
  readonly url: string;
}

const named = process.env["STOA_TEST_MONGO_URL"];

/** Why there can be none here; false if there can. */
export function mongoServerIsMissing(): string | false {
  if (named !== undefined) return false;
  const { error } = spawnSync("mongo-server", ["--version"]);
  return (
    error !== undefined && "mongo-server is not there, and STOA_TEST_MONGO_URL names no server"
  );
}

/** Leaves versions, or documents without a zip, where Athens would, in its usual database. */
export async function fillMongo(
  url: string,
  versions: Readonly<
    Record<"whole" | "torn", readonly (readonly [path: string, version: string])[]>
  >,
): Promise<void> {
  const client = await new MongoClient(url).connect();
  try {
    const database = client.db("athens");
    const files = { mod: new Binary(Buffer.from("x")), info: new Binary(Buffer.from("x")) };
    const all = [...versions.whole, ...versions.torn];
    await database
      .collection("modules")
      .insertMany(all.map(([module, version]) => ({ module, version, ...files })));
    await database.collection("fs.files").insertMany(
      versions.whole.map(([module, version]) => ({
        filename: `${module.replaceAll("/", "_")}_${version}.zip`,
        length: 1,
        chunkSize: 261_120,
        uploadDate: new Date(),
      })),
    );
  } finally {
    await client.close();
  }
}

/** Starts one with empty files; see `mongoServerIsMissing`. */
export async function startMongoServer(): Promise<MongoServer> {
  if (named !== undefined) return { url: named, [Symbol.asyncDispose]: () => Promise.resolve() };
  const folder = await mkdtemp(join(tmpdir(), "stoa-mongo-"));
  const port = await freePort();
  const child = spawn("mongo-server", [`127.0.0.1:${port}`, folder], {
    stdio: "ignore",
    cwd: folder,
  });
  for (const limit = Date.now() + 30_000; !(await accepts(port)); await pause(50)) {
    if (child.exitCode !== null || Date.now() > limit)
      throw new Error("mongo-server did not start");
  }
  return {
    url: `mongodb://127.0.0.1:${port}/`,
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const isOpen = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return isOpen;
}
