// packaging/compose.yaml: it names nothing that is not there, and its instances have the settings that docs/scaling.md explains.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { parse } from "yaml";
import { finishedProgram } from "./testing/finished-program.ts";
import { repositoryRoot } from "./testing/repository.ts";
import { finishedStoa } from "./testing/stoa-process.ts";

/** The words of a compose file that are looked at. */
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

interface Service {
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: readonly string[] | Readonly<Record<string, unknown>>;
  readonly volumes?: readonly string[];
}

const read = (...path: readonly string[]): Promise<string> =>
  readFile(join(repositoryRoot, ...path), "utf8");
const instances = ["stoa-1", "stoa-2", "stoa-3"] as const;
const { services, volumes } = parse(await read("packaging", "compose.yaml"), {
  merge: true,
}) as Compose;

test("the containers need nothing that is not there", () => {
  for (const { depends_on: needed = {}, volumes: mounts = [] } of Object.values(services)) {
    const names = Array.isArray(needed) ? needed : Object.keys(needed);
    for (const name of names) assert.ok(services[name], `there is no service ${name}`);
    for (const mount of mounts) {
      const [source = ""] = mount.split(":");
      assert.ok(source.startsWith(".") || source in volumes, `there is no volume ${source}`);
    }
  }
  const own = instances.flatMap((name) => services[name]?.volumes?.slice(1) ?? []);
  assert.equal(new Set(own).size, 3, "each instance has a folder of its own");
});

test("the instances have the settings of the page, and config check takes them", async () => {
  const page = await read("docs", "scaling.md");
  const explained = [...page.matchAll(/^export (\w+)=/gm)].map(([, name = ""]) => name);
  for (const name of instances) {
    const { environment = {} } = services[name] ?? {};
    const perInstance = ["ATHENS_PORT", "STOA_LOCAL_FOLDER"];
    assert.deepEqual(Object.keys(environment).sort(), [...explained, ...perInstance].sort());
    const { code, stderr } = await finishedStoa(["config", "check"], environment);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  }
});

test("the engines have the names, keys and bucket that the instances use", () => {
  const used = services["stoa-1"]?.environment ?? {};
  const state = new URL(used["STOA_STATE"] ?? "");
  assert.deepEqual(services[state.hostname]?.environment, {
    POSTGRES_USER: state.username,
    POSTGRES_PASSWORD: state.password,
    POSTGRES_DB: state.pathname.slice(1),
  });
  const store = services[new URL(used["AWS_ENDPOINT"] ?? "").hostname];
  assert.deepEqual(store?.environment, {
    ROOT_ACCESS_KEY: used["AWS_ACCESS_KEY_ID"],
    ROOT_SECRET_KEY: used["AWS_SECRET_ACCESS_KEY"],
  });
  const bucket = `${store.command?.at(-1)}/${used["ATHENS_S3_BUCKET_NAME"]}`;
  assert.equal(services["bucket"]?.command?.at(-1), bucket);
});

test("nginx is given the instances' names", async () => {
  const words = services["nginx"]?.command?.at(-1) ?? "";
  const edit = /^sed .*(?= >)/.exec(words)?.[0] ?? assert.fail(words);
  const { stdout } = await finishedProgram("sh", ["-c", edit.replaceAll("/examples/", "./")], {
    cwd: join(repositoryRoot, "packaging", "examples"),
    env: { PATH: process.env["PATH"] },
  });
  const addresses = stdout.match(/(?<=listen |server )\S*\d(?=[ ;])/g);
  assert.deepEqual(addresses, [...instances.map((name) => `${name}:3000`), "3000"], stdout);
});
