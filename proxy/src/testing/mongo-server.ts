// A server that speaks MongoDB's protocol, for tests: FerretDB over SQLite, or one that is named in the environment.
import { spawnSync } from "node:child_process";
import { Binary, MongoClient } from "mongodb";
import { type EngineServer, engineServer } from "./lease-servers.ts";

export interface MongoServer extends AsyncDisposable {
  readonly url: string;
}

/** One that the test has started: it can be taken away, and comes back with what it had. */
export type OwnMongoServer = MongoServer & EngineServer;

const named = process.env["STOA_TEST_MONGO_URL"];

/** Why there can be none here; false if there can. */
export function mongoServerIsMissing(): string | false {
  return named === undefined && ownMongoServerIsMissing();
}

/** Why there can be none of a test's own; false if there can. */
export function ownMongoServerIsMissing(): string | false {
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
  return await startOwnMongoServer();
}

/** The same, whatever the environment names; see `ownMongoServerIsMissing`. */
export async function startOwnMongoServer(): Promise<OwnMongoServer> {
  const server = await engineServer("mongo-server", (port, folder) => [
    `127.0.0.1:${port}`,
    folder,
  ]);
  return { ...server, url: `mongodb://127.0.0.1:${server.port}/` };
}
