// packaging/compose.yaml: it names nothing that is not there, and its instances have the settings that docs/scaling.md explains.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { composeFile, instances, pathOutside } from "./testing/compose-file.ts";
import { finishedProgram } from "./testing/finished-program.ts";
import { repositoryRoot } from "./testing/repository.ts";
import { finishedStoa } from "./testing/stoa-process.ts";

const read = (...path: readonly string[]): Promise<string> =>
  readFile(join(repositoryRoot, ...path), "utf8");
const { services, volumes } = await composeFile();

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

test("what is kept lies in volumes, and what is run lies in this project", () => {
  for (const name of instances) {
    const { command = [], environment = {}, volumes: mounts, image } = services[name] ?? {};
    const [program, file = ""] = command;
    assert.equal(program, "node");
    assert.match(image ?? "", new RegExp(`^node:${process.versions.node.split(".")[0]}-`));
    const outside = pathOutside({ volumes: mounts ?? [] }, file, "/named");
    assert.equal(outside, join(repositoryRoot, "stoa", "bin", "stoa.mjs"));
    const kept = environment["STOA_LOCAL_FOLDER"] ?? "";
    assert.equal(pathOutside({ volumes: mounts ?? [] }, kept, "/named"), `/named/${name}`);
  }
  const { s3 = {}, bucket = {}, postgres = {} } = services;
  const made = pathOutside(bucket, bucket.command?.at(-1) ?? "", "/named");
  assert.equal(made, join(pathOutside(s3, s3.command?.at(-1) ?? "", "/named") ?? "", "modules"));
  // Where the image of PostgreSQL up to 17 keeps its data, as its documentation says.
  assert.ok(pathOutside(postgres, "/var/lib/postgresql/data", "/named"));
});

test("who is stopped has as long as it may take, and the port is the one that the page names", async () => {
  const { stdout } = await finishedStoa(["config", "print"]);
  const seconds = Number(/^ShutdownTimeout +(\d+)/m.exec(stdout)?.[1]);
  for (const name of instances) {
    assert.ok(Number.parseInt(services[name]?.stop_grace_period ?? "0", 10) > seconds, stdout);
  }
  assert.deepEqual(services["nginx"]?.ports, ["127.0.0.1:3000:3000"]);
});
