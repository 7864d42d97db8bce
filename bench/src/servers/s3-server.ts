// An S3 server over a folder, as the tests use it.
import { mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import type { BenchRun } from "../bench-run.ts";
import { commandOf } from "../tools.ts";
import { freePort, isAccepting } from "./free-port.ts";
import { plainEnvironment, startServer } from "./server-process.ts";

/** A running server with one bucket. */
export interface S3Server extends AsyncDisposable {
  /** The environment of a Stoa that keeps its modules there. */
  readonly env: NodeJS.ProcessEnv;
}

const bucket = "modules";
const keys = { id: "bench", secret: "key-of-bench" } as const;

/** Starts one, on all cores. Ready when this resolves. */
export async function startS3Server(run: BenchRun): Promise<S3Server> {
  const folder = await mkdtemp(join(run.folder, "s3-"));
  await mkdir(join(folder, "kept", bucket), { recursive: true });
  const port = await freePort();
  const words = ["--quiet", "--keep-alive", "--port", `127.0.0.1:${port}`];
  const server = await startServer({
    command: [commandOf("versitygw"), ...words, "posix", join(folder, "kept")],
    env: { ...plainEnvironment(), ROOT_ACCESS_KEY: keys.id, ROOT_SECRET_KEY: keys.secret },
    outputFile: join(folder, "output.log"),
    signal: run.signal,
  });
  try {
    await server.until(async () => ((await isAccepting(port)) ? true : undefined));
  } catch (failure) {
    await server[Symbol.asyncDispose]();
    throw failure;
  }
  return {
    env: {
      ATHENS_STORAGE_TYPE: "s3",
      ATHENS_S3_BUCKET_NAME: bucket,
      AWS_ENDPOINT: `http://127.0.0.1:${port}`,
      AWS_FORCE_PATH_STYLE: "true",
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: keys.id,
      AWS_SECRET_ACCESS_KEY: keys.secret,
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
