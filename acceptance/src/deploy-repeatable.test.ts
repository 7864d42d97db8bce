// Built twice, anywhere, by anybody: the same sources are the same revision, with the same bytes.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmod, chown, cp, mkdir, readdir, readFile, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { type Delivery, startDelivery } from "./testing/delivery.ts";
import { type FinishedProgram, finishedProgram } from "./testing/finished-program.ts";
import { goIsMissing, goVariable } from "./testing/go-command.ts";
import { compiledCodeFolder, programFile } from "./testing/repository.ts";

/** Somebody who builds, on a machine that is unlike the others. */
interface Builder {
  readonly name: string;
  /** Where the sources lie, below a folder of the builder's own. */
  readonly folder: string;
  readonly umask: string;
  readonly env: Readonly<Record<string, string>>;
  /** Another user of this machine. */
  readonly uid?: number;
}

const builders: readonly Builder[] = [
  {
    name: "ann",
    folder: "shop",
    umask: "022",
    // The others find nothing that somebody else has compiled.
    env: { TZ: "UTC", LANG: "C", GOCACHE: goVariable("GOCACHE") ?? "" },
  },
  {
    name: "ben",
    folder: "work/a folder with spaces/ünder/shop",
    umask: "077",
    env: {
      TZ: "Asia/Kathmandu",
      LANG: "de_DE.UTF-8",
      GOFLAGS: "-mod=mod -modcacherw -buildvcs=true -trimpath=false",
      SOURCE_DATE_EPOCH: "86400",
    },
  },
  {
    name: "cem",
    folder: "deep/er/and/deeper",
    umask: "002",
    env: { TZ: "America/St_Johns", USER: "cem", LOGNAME: "cem", HOSTNAME: "elsewhere" },
    uid: 65_534,
  },
];

test("the same sources are one revision, whoever builds them, where, when and how", {
  skip: goIsMissing(),
}, async (t) => {
  await using delivery = await startDelivery();
  await delivery.join("web-1");
  await delivery.write(sources());
  for (const words of [
    ["init", "-q", "-b", "main"],
    ["add", "."],
    ["commit", "-q", "-m", "the first"],
    ["tag", "v1.214"],
  ]) {
    git(delivery.project, words);
  }
  const isRoot = process.getuid?.() === 0;
  const revisions = new Map<string, string>();
  for (const builder of builders) {
    if (builder.uid !== undefined && !isRoot) {
      t.diagnostic(`${builder.name} does not build: only root can be another user`);
      continue;
    }
    const { code, stdout, stderr } = await deployBy(builder, delivery);
    assert.equal(code, 0, `${builder.name}: ${stderr}`);
    const { revision, version } = JSON.parse(stdout);
    assert.equal(version, "1.214", stderr);
    revisions.set(builder.name, revision);
  }
  assert.equal(new Set(revisions.values()).size, 1, JSON.stringify([...revisions]));
  // The id holds the digest of every byte; one program has arrived, and no other.
  assert.equal((await readdir(join(delivery.controlRoot, "tree", "blobs", "sha256"))).length, 1);
});

test("a package of the same files is the same bytes, whoever packs it", async (t) => {
  await using delivery = await startDelivery();
  await delivery.write({
    "files/usr/bin/hello": "#!/bin/sh\necho hello\n",
    "files/etc/hello": "1\n",
  });
  await chmod(join(delivery.project, "files", "usr", "bin", "hello"), 0o755);
  const packages = new Map<string, string>();
  for (const builder of builders) {
    if (builder.uid !== undefined && process.getuid?.() !== 0) {
      t.diagnostic(`${builder.name} does not pack: only root can be another user`);
      continue;
    }
    const home = await homeOf(builder, delivery);
    const words = ["package", "files", "--service", "hello", "--label", "1", "-o", "hello.deb"];
    const { code, stderr } = await runBy({ ...builder, env: {} }, home, words, {});
    assert.equal(code, 0, stderr);
    const bytes = await readFile(join(home.project, "hello.deb"));
    packages.set(builder.name, bytes.toString("base64"));
  }
  assert.equal(new Set(packages.values()).size, 1, [...packages.keys()].join(", "));
});

/** A program with a file that it embeds. It needs little of Go's library, which everybody compiles anew. */
function sources(): Readonly<Record<string, string>> {
  return {
    "go.mod": "module example.com/hello\n\ngo 1.21\n",
    "main.go": `package main

import (
	"log"
	"net"
	"os"
)

var version, commit string

func main() {
	listener, err := net.Listen("tcp", ":"+os.Getenv("PORT"))
	if err != nil {
		log.Fatal(err)
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			connection.Read(make([]byte, 1))
			connection.Write([]byte(version + commit + page))
			connection.Close()
		}()
	}
}
`,
    "page.go": 'package main\n\nimport _ "embed"\n\n//go:embed page.txt\nvar page string\n',
    "page.txt": "a page\n",
    "stoa.toml": 'port = 0\nhold = "0ms"\n[limits]\nfiles = 4096\n',
  };
}

interface Home {
  readonly path: string;
  readonly project: string;
}

/** A home with a copy of the project, all of it the builder's own. */
async function homeOf({ name, folder, uid }: Builder, { project }: Delivery): Promise<Home> {
  const path = join(dirname(await realpath(project)), name);
  const copy = join(path, folder);
  await mkdir(dirname(copy), { recursive: true });
  await cp(project, copy, { recursive: true, preserveTimestamps: name === "ann" });
  if (uid !== undefined) {
    await chmod(dirname(path), 0o755);
    for (const one of ["", ...(await readdir(path, { recursive: true }))]) {
      await chown(join(path, one), uid, uid);
    }
  }
  return { path, project: copy };
}

async function deployBy(builder: Builder, delivery: Delivery): Promise<FinishedProgram> {
  const token = await readFile(join(delivery.controlRoot, "admin-token"), "utf8");
  return await runBy(builder, await homeOf(builder, delivery), ["deploy", "--json"], {
    STOA_SERVER: delivery.url,
    STOA_TOKEN: token.trim(),
  });
}

async function runBy(
  { umask, uid, env }: Builder,
  { path, project }: Home,
  words: readonly string[],
  more: Readonly<Record<string, string>>,
): Promise<FinishedProgram> {
  const ids = [`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", "--"];
  const as = uid === undefined ? [] : ["setpriv", ...ids];
  const shell = ["sh", "-c", `umask ${umask}; exec "$@"`, "sh"];
  const [program = "", ...rest] = [...as, ...shell, process.execPath, programFile, ...words];
  return await finishedProgram(program, rest, {
    cwd: project,
    limitMs: 240_000,
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: path,
      TMPDIR: path,
      GOENV: "off",
      GOFLAGS: "-mod=mod -modcacherw",
      GOCACHE: join(path, "compiled"),
      GOMODCACHE: join(path, "modules"),
      GOTOOLCHAIN: "local",
      GOTELEMETRY: "off",
      GOSUMDB: "off",
      ...(uid === undefined ? { NODE_COMPILE_CACHE: compiledCodeFolder } : {}),
      ...env,
      ...more,
    },
  });
}

function git(folder: string, words: readonly string[]): void {
  const who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com"];
  const { status, stderr } = spawnSync("git", [...who, ...words], {
    cwd: folder,
    encoding: "utf8",
    env: { PATH: process.env["PATH"] ?? "", HOME: folder },
  });
  assert.equal(status, 0, stderr);
}
