// packaging/compose.yaml without containers: the same commands and environments as plain processes. Only addresses and paths are
// others: what is a container's name and port there is a port of the loopback here.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { s3ServerIsMissing } from "@stoa/blobs/testing";
import {
  fixtureProxy,
  missingProgram,
  noPostgres,
  runServer,
  startPostgres,
} from "@stoa/proxy/testing";
import { composeFile, instances, pathOutside, type Service } from "./testing/compose-file.ts";
import { finishedProgram } from "./testing/finished-program.ts";
import { freePort } from "./testing/free-port.ts";
import { ask } from "./testing/http-answer.ts";
import { filePath, smallModule } from "./testing/proxied-modules.ts";
import { type StoaProcess, startStoa } from "./testing/stoa-process.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const nginx = "/usr/sbin/nginx";
const { services } = await composeFile();
const missing = [s3ServerIsMissing(), noPostgres, missingProgram(nginx, "nginx-light")].find(
  (reason) => reason !== false,
);

test("what the containers do works as plain processes", { skip: missing ?? false }, async () => {
  await using running = new AsyncDisposableStack();
  const folder = running.use(await temporaryFolder());
  const named = join(folder.path, "volumes");
  const module = await smallModule("example.com/composed", "v1.0.0");
  const upstream = running.use(await fixtureProxy([module]));

  const { bucket = {}, s3 = {}, postgres = {} } = services;
  await mkdir(join(named, "s3"), { recursive: true });
  await succeeds(outside(bucket, named));

  const [s3Port, frontPort] = [await freePort(), await freePort()];
  const s3Words = outside(s3, named).map((word) => word.replace(":7070", `127.0.0.1:${s3Port}`));
  running.use(
    await runServer("env", [...entriesOf(s3), "versitygw", ...s3Words], s3Port, {
      cwd: folder.path,
    }),
  );

  const database = running.use(await startPostgres());
  const { POSTGRES_USER: user, POSTGRES_DB: name } = postgres.environment ?? {};
  await database.run(`CREATE DATABASE ${name} OWNER ${user}`);
  const databasePort = new URL(database.url).port;
  const [kind, ...health] = postgres.healthcheck?.test ?? [];
  assert.equal(kind, "CMD");
  await succeeds([...health, "-p", databasePort]);

  const addresses = {
    "//s3:7070": `//127.0.0.1:${s3Port}`,
    "@postgres:5432": `@127.0.0.1:${databasePort}`,
  };
  const fleet = await Promise.all(
    instances.map((instance) => {
      const service = services[instance] ?? {};
      const [, program, ...words] = outside(service, named);
      return startStoa({
        goproxy: upstream.url,
        program,
        words,
        env: { ...mapped(service, addresses, named), ATHENS_PORT: "127.0.0.1:0" },
      });
    }),
  );
  for (const stoa of fleet) running.use(stoa);

  await balance(fleet, frontPort, folder.path, running);
  for (const url of [`http://127.0.0.1:${frontPort}`, ...fleet.map((stoa) => stoa.url)]) {
    const zip = await ask(`${url}${filePath(module, "zip")}`);
    assert.equal(zip.status, 200, zip.text);
    assert.ok(zip.whole && zip.body.equals(Buffer.from(module.zip)));
  }
  const asked = upstream.requests.filter(({ path }) => path === filePath(module, "zip"));
  assert.equal(asked.length, 1, "one fetch for all of them");
});

/** A service's command with the paths that this machine has for those of the container. */
function outside(service: Service, named: string): readonly string[] {
  return (service.command ?? []).map((word) => pathOutside(service, word, named) ?? word);
}

/** Its environment, likewise, with other addresses for those of containers. */
function mapped(
  service: Service,
  addresses: Readonly<Record<string, string>>,
  named: string,
): Readonly<Record<string, string>> {
  const replaced = (value: string): string =>
    Object.entries(addresses).reduce((text, [from, to]) => text.replace(from, to), value);
  const entries = Object.entries(service.environment ?? {}).map(([key, value]) => [
    key,
    pathOutside(service, value, named) ?? replaced(value),
  ]);
  return Object.fromEntries(entries) as Readonly<Record<string, string>>;
}

function entriesOf({ environment = {} }: Service): readonly string[] {
  return Object.entries(environment).map((pair) => pair.join("="));
}

async function succeeds([command = "", ...words]: readonly string[]): Promise<string> {
  const env = { PATH: process.env["PATH"] };
  const { code, stdout, stderr } = await finishedProgram(command, words, { cwd: "/", env });
  assert.equal(code, 0, stderr);
  return stdout;
}

/** nginx with the configuration that its container makes for itself. */
async function balance(
  fleet: readonly StoaProcess[],
  port: number,
  folder: string,
  running: AsyncDisposableStack,
): Promise<void> {
  const { nginx: service = {} } = services;
  const words = service.command?.at(-1) ?? "";
  const edit = /^sed .*(?= >)/.exec(words)?.[0] ?? assert.fail(words);
  const examples = pathOutside(service, "/examples", folder) ?? assert.fail("no /examples");
  const made = await succeeds(["sh", "-c", edit.replaceAll("/examples", examples)]);
  const own = instances.reduce(
    (text, name, at) => text.replace(`${name}:3000`, new URL(fleet[at]?.url ?? "").host),
    made.replace("listen 3000", `listen 127.0.0.1:${port}`),
  );
  const file = join(folder, "nginx.conf");
  await writeFile(file, own);
  const flags = ["-p", folder, "-c", file, "-e", "stderr", "-g", "daemon off; master_process off;"];
  running.use(await runServer(nginx, flags, port, { cwd: folder }));
}
