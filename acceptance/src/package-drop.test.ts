// One engineer's pipeline: make, a .deb, a bucket, and servers that follow it. Authority: "Hassle-Free Go in Production".
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { s3ServerIsMissing, startS3Server } from "@stoa/blobs/testing";
import { until } from "./testing/bounded-wait.ts";
import { type Delivery, startDelivery } from "./testing/delivery.ts";
import { goIsMissing } from "./testing/go-command.ts";
import { ask } from "./testing/http-answer.ts";
import { steadyLoad } from "./testing/steady-load.ts";

const exampleFolder = resolve(import.meta.dirname, "../../docs/examples/drain-go");
const skip = goIsMissing() || isMissing("make") || isMissing("ar") || isMissing("dpkg-deb");

test("a package is the same bytes every time, and dpkg installs, changes and removes it", {
  skip,
}, async () => {
  await using delivery = await projectWithMakefile();
  const { project } = delivery;
  run(project, "make", ["all", "VERSION=1214"]);
  for (const name of ["one", "two"]) await packed(delivery, "1.0-1214", `${name}.deb`);
  assert.equal(digestOf(project, "one.deb"), digestOf(project, "two.deb"));
  assert.match(run(project, "dpkg-deb", ["-I", "one.deb"]), /Package: bubbli-server\n.*1\.0-1214/);
  const listed = run(project, "dpkg-deb", ["-c", "one.deb"]);
  assert.match(listed, /^-rwxr-xr-x root\/root .* \.\/usr\/local\/bin\/bubbli$/m);
  assert.match(listed, /^-rw-r--r-- root\/root .* \.\/etc\/init\/bubbli-web\.conf$/m);
  for (const line of listed.trim().split("\n")) assert.match(line, / root\/root /);

  run(project, "make", ["all", "VERSION=1215"]);
  await packed(delivery, "1.0-1215", "newer.deb");
  const root = emptyMachine(project);
  const dpkg = (...words: string[]): string => run(project, "dpkg", [`--root=${root}`, ...words]);
  const versionOf = (): string =>
    run(project, "dpkg-query", [`--admindir=${root}/var/lib/dpkg`, "-W", "-f", "${Version}"]);
  if (process.getuid?.() !== 0) return;
  for (const [file, version] of [
    ["one.deb", "1.0-1214"],
    ["newer.deb", "1.0-1215"],
    ["one.deb", "1.0-1214"],
  ] as const) {
    dpkg("-i", file);
    assert.equal(versionOf(), version);
    const program = join(root, "usr/local/bin/bubbli");
    assert.match(readFileSync(program).toString("latin1"), new RegExp(version.slice(4)));
    assert.equal(dpkg("--verify"), "");
  }
  dpkg("--purge", "bubbli-server");
  assert.equal(spawnSync("ls", ["-A", join(root, "usr")]).status, 2, "something of it was left");
});

test("make, bucket, poll, install, graceful restart; bucket away: nothing; the old object back: rolled back", {
  skip: skip || s3ServerIsMissing(),
}, async () => {
  await using server = await startS3Server();
  const { settings } = await server.newBucket();
  await using bucket = server.open(settings.bucket);
  await using delivery = await projectWithMakefile();
  const { project } = delivery;
  await delivery.join("web-1");
  const upload = (file: string): Promise<string | undefined> =>
    bucket.put("packages/bubbli-server.deb", readFileSync(join(project, file)));

  // The first package comes out of the very recipe that was published, with tar and ar.
  run(project, "make", ["package", "VERSION=1214"]);
  cpSync(join(project, "build/bubbli-server.deb"), join(project, "old.deb"));
  run(project, "make", ["all", "VERSION=1215"]);
  await packed(delivery, "1.0-1215", "new.deb");
  await upload("old.deb");

  const where = `s3://${settings.bucket}/packages/bubbli-server.deb?endpoint=${settings.endpoint}`;
  await using follower = delivery.stay(["deploy", where, "--follow", "--every", "0.2"], {
    AWS_ACCESS_KEY_ID: settings.keys?.id ?? "",
    AWS_SECRET_ACCESS_KEY: settings.keys?.secret ?? "",
  });
  const said = (pattern: RegExp): Promise<true> =>
    until(`the follower to say ${pattern}`, () => pattern.test(follower.output())).catch(
      (failure) => {
        throw new Error(follower.output(), { cause: failure });
      },
    );
  await said(/bubbli-server 1\.0-1214 runs on 1 machine/);
  const first = await running(delivery);
  await using load = steadyLoad(first.url, { clients: 8, keepAlive: true });
  await until("answers of the old one", () => load.answers() > 50);

  await upload("new.deb");
  await said(/bubbli-server 1\.0-1215 runs on 1 machine/);
  const second = await running(delivery);
  assert.notEqual(second.revision, first.revision);

  await server.stop();
  await said(/what runs goes on as it is/);
  assert.deepEqual(await running(delivery), second);
  await server.start();
  await said(/can be read again/);
  assert.deepEqual(await running(delivery), second);

  await upload("old.deb");
  await until("the old one to be back", async () => {
    const { revision, process } = await running(delivery);
    return revision === first.revision && process !== first.process;
  });
  await said(/1\.0-1214 runs on 1 machine[\s\S]*1\.0-1214 runs on 1 machine/);

  // A package that holds nothing of use changes nothing, and the next one is taken.
  await bucket.put("packages/bubbli-server.deb", Buffer.from("!<arch>\nnot a package"));
  await said(/is damaged, or not the deb it looks like/);
  assert.equal((await running(delivery)).revision, first.revision);
  await upload("new.deb");
  await until(
    "the new one again",
    async () => (await running(delivery)).revision === second.revision,
  );
  assert.deepEqual(await load.end(), []);
  assert.deepEqual(versionsIn(load.seen()), ["1214", "1215"]);
  assert.equal(await follower.end(), 0);
});

/** The program that drains, and the Makefile of the document: without its sudo, which Go's own stamp has made needless. */
async function projectWithMakefile(): Promise<Delivery> {
  const delivery = await startDelivery();
  cpSync(exampleFolder, delivery.project, { recursive: true });
  await delivery.write({
    "stoa.toml": 'port = 0\nreadiness = "fd"\nhealth = "/healthz"\n',
    "upstart/bubbli-web.conf": "start on startup\nrespawn\nexec /usr/local/bin/bubbli\n",
    Makefile: `all:
	rm -rf build
	mkdir -p build/usr/local/bin build/etc/init
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-buildid= -X main.version=$(VERSION)" -o build/usr/local/bin/bubbli ./hello
	cp upstart/*.conf build/etc/init

package: all
	echo 2.0 > build/debian-binary
	echo "Package: bubbli-server" > build/control
	echo "Version:" 1.0-\${VERSION} >> build/control
	echo "Architecture: $(shell go env GOARCH)" >> build/control
	echo "Section: net" >> build/control
	echo "Maintainer: Ann <ann@example.com>" >> build/control
	echo "Priority: optional" >> build/control
	echo "Description: the one server" >> build/control
	echo " Built" \`date\` >> build/control
	tar cvzf build/data.tar.gz -C build usr etc
	tar cvzf build/control.tar.gz -C build control
	cd build && ar rc bubbli-server.deb debian-binary control.tar.gz data.tar.gz && cd ..
`,
  });
  return delivery;
}

async function packed(delivery: Delivery, version: string, output: string): Promise<void> {
  const words = ["package", "build", "--service", "bubbli-server", "--label", version];
  assert.equal(await delivery.succeed(...words, "--output", output), `${output}\n`);
}

interface Running {
  readonly url: string;
  readonly revision: string;
  readonly process: string;
}

async function running(delivery: Delivery): Promise<Running> {
  const [service] = JSON.parse(await delivery.succeed("list", "--json"));
  const text = (await ask(service.url)).text;
  const [machine] = JSON.parse(await delivery.succeed("machines", "--json"));
  return {
    url: service.url,
    revision: machine.services["bubbli-server"].running,
    process: /process ([0-9]+)/.exec(text)?.[1] ?? text,
  };
}

function versionsIn(seen: ReadonlyMap<string, number>): readonly string[] {
  const versions = [...seen.keys()].map((line) => /^hello from ([0-9]+),/.exec(line)?.[1] ?? line);
  return [...new Set(versions)].sort();
}

function emptyMachine(folder: string): string {
  const state = join(folder, "machine/var/lib/dpkg");
  for (const name of ["info", "updates"]) mkdirSync(join(state, name), { recursive: true });
  for (const name of ["status", "available"]) writeFileSync(join(state, name), "");
  return join(folder, "machine");
}

function digestOf(folder: string, name: string): string {
  return createHash("sha256")
    .update(readFileSync(join(folder, name)))
    .digest("hex");
}

function run(cwd: string, command: string, args: readonly string[]): string {
  const env = { ...process.env, GOWORK: "off", GOFLAGS: "-mod=mod" };
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8", env });
  assert.equal(status, 0, `${command} ${args.join(" ")}: ${stderr}${stdout}`);
  return stdout;
}

function isMissing(command: string): string | false {
  const { error } = spawnSync(command, ["--version"], { stdio: "ignore" });
  return error !== undefined && `${command} is not installed`;
}
