import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { elfProblem, programProblem, readElf } from "./elf.ts";
import { readGoBuildInfo } from "./go-binary.ts";
import { handOffLibraryOf } from "./go-hand-off.ts";
import { SeededRandom } from "./testing/seeded-random.ts";

const hasGo = spawnSync("go", ["version"], { stdio: "ignore" }).error === undefined;
const skip = hasGo ? false : "the go command is not installed";
const folder = mkdtempSync(join(tmpdir(), "stoa-go-binary-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Builds a program with one dependency, which is replaced by a folder. */
function build(name: string, goarch: string, ...flags: readonly string[]): Uint8Array {
  const files = {
    "go.mod":
      "module example.com/shop\n\ngo 1.16\n\nrequire github.com/rcrowley/goagain v1.0.0\n\nreplace github.com/rcrowley/goagain => ./goagain\n",
    "main.go":
      'package main\n\nimport "github.com/rcrowley/goagain"\n\nvar version = "dev"\n\nfunc main() { println(version, goagain.Name) }\n',
    "goagain/go.mod": "module github.com/rcrowley/goagain\n\ngo 1.16\n",
    "goagain/goagain.go": 'package goagain\n\nconst Name = "goagain"\n',
  };
  mkdirSync(join(folder, "goagain"), { recursive: true });
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
  execFileSync("go", ["build", "-o", name, ...flags, "."], {
    cwd: folder,
    env: {
      ...process.env,
      CGO_ENABLED: "0",
      GOOS: "linux",
      GOARCH: goarch,
      GOFLAGS: "-mod=mod",
      GO111MODULE: "on",
      GOPROXY: "off",
      GOWORK: "off",
    },
    stdio: ["ignore", "ignore", "inherit"],
  });
  return readFileSync(join(folder, name));
}

for (const goarch of ["amd64", "mips"] as const) {
  test(`readGoBuildInfo reads what go build wrote for ${goarch}, as go version -m does`, {
    skip,
  }, () => {
    const program = build(`shop-${goarch}`, goarch, "-trimpath", "-ldflags=-X main.version=1.214");
    const elf = readElf(program);
    assert.ok(elf);
    assert.equal(elf.arch, goarch);
    assert.equal(elf.interpreter, undefined);
    assert.equal(elfProblem(elf, goarch), undefined);
    assert.match(
      elfProblem(elf, goarch === "amd64" ? "arm64" : "amd64") ?? "",
      /is built for .*, and .* is needed/,
    );

    const info = readGoBuildInfo(program);
    assert.ok(info);
    const said = execFileSync("go", ["version", "-m", join(folder, `shop-${goarch}`)], {
      encoding: "utf8",
    });
    assert.ok(said.includes(`: ${info.version}\n`), said);
    assert.equal(info.path, "example.com/shop");
    assert.equal(info.module, "example.com/shop");
    assert.ok(said.includes(`\tmod\texample.com/shop\t${info.moduleVersion}`), said);
    for (const [key, value] of Object.entries(info.settings)) {
      assert.ok(
        said.includes(`\tbuild\t${key}=${value}`) || said.includes(`\tbuild\t${key}="${value}"`),
        `${key}=${value}`,
      );
    }
    assert.equal(info.settings["GOARCH"], goarch);
    assert.equal(
      said.split("\n").filter((line) => line.startsWith("\tbuild\t")).length,
      Object.keys(info.settings).length,
    );
  });
}

test("readGoBuildInfo finds it in a program without sections", { skip }, () => {
  const program = Buffer.from(build("shop-plain", "amd64", "-ldflags=-s -w"));
  const before = readGoBuildInfo(program);
  assert.ok(before);
  program.writeBigUInt64LE(0n, 40);
  program.writeUInt16LE(0, 60);
  assert.equal(readElf(program)?.sections.size, 0);
  assert.deepEqual(readGoBuildInfo(program), before);
});

/** An ELF program of 64 bits with one writable segment that holds `data` at address 0x1000. */
function program(data: Buffer): Buffer {
  const head = Buffer.alloc(64 + 56);
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  head.writeUInt16LE(2, 16);
  head.writeUInt16LE(62, 18);
  head.writeBigUInt64LE(64n, 32);
  head.writeUInt16LE(56, 54);
  head.writeUInt16LE(1, 56);
  head.writeUInt32LE(1, 64);
  head.writeUInt32LE(6, 68);
  head.writeBigUInt64LE(128n, 72);
  head.writeBigUInt64LE(0x1000n, 80);
  head.writeBigUInt64LE(BigInt(data.length), 96);
  return Buffer.concat([head, Buffer.alloc(8), data]);
}

/** The form of Go 1.13 to 1.17: pointers to strings. */
function pointedInfo(modules: string): Buffer {
  const data = Buffer.alloc(1024);
  data.write("\xff Go buildinf:", 0, "latin1");
  data[14] = 8;
  const strings = [
    ["go1.17.13", 64, 256],
    [modules, 96, 320],
  ] as const;
  strings.forEach(([text, header, place], index) => {
    data.writeBigUInt64LE(BigInt(0x1000 + header), 16 + 8 * index);
    data.writeBigUInt64LE(BigInt(0x1000 + place), header);
    data.writeBigUInt64LE(BigInt(Buffer.byteLength(text, "latin1")), header + 8);
    data.write(text, place, "latin1");
  });
  return data;
}

const mark = "m".repeat(16);
const oldLines = [
  "path\texample.com/old",
  "mod\texample.com/old\t(devel)\t",
  "dep\tgithub.com/facebookgo/grace\tv1.0.0\th1:AAAA=",
  "dep\texample.com/b\tv1.0.0\th1:BBBB=",
  "=>\texample.com/fork\tv1.1.0\th1:CCCC=",
  'build\t"odd=key"="a\\tb\\u00e4\\xc3\\xa4"',
  "future\tline",
  "",
].join("\n");

test("readGoBuildInfo reads the pointers of Go 1.17 and before", () => {
  const info = readGoBuildInfo(program(pointedInfo(`${mark}${oldLines}${mark}`)));
  assert.deepEqual(info, {
    version: "go1.17.13",
    path: "example.com/old",
    module: "example.com/old",
    moduleVersion: "(devel)",
    dependencies: [
      { path: "github.com/facebookgo/grace", version: "v1.0.0", sum: "h1:AAAA=" },
      {
        path: "example.com/fork",
        version: "v1.1.0",
        sum: "h1:CCCC=",
        replaces: "example.com/b",
      },
    ],
    settings: { "odd=key": "a\tbää" },
  });
  assert.equal(handOffLibraryOf(info)?.handOff, "grace-shim");
});

test("handOffLibraryOf recognises goagain and nothing else", () => {
  const info = {
    version: "go1.20",
    path: "a",
    module: "a",
    moduleVersion: "",
    dependencies: [{ path: "github.com/rcrowley/goagain", version: "v1.0.0", sum: "" }],
    settings: {},
  };
  assert.equal(handOffLibraryOf(info)?.handOff, "goagain");
  const fork = { path: "./fork", version: "", sum: "", replaces: "github.com/rcrowley/goagain" };
  assert.equal(handOffLibraryOf({ ...info, dependencies: [fork] })?.handOff, "goagain");
  assert.equal(
    handOffLibraryOf({
      ...info,
      dependencies: [{ path: "github.com/rcrowley/goagainst", version: "v1.0.0", sum: "" }],
    }),
    undefined,
  );
});

test("readGoBuildInfo finds nothing where there is nothing", () => {
  assert.equal(readGoBuildInfo(Buffer.from("#!/bin/sh\n")), undefined);
  assert.equal(readGoBuildInfo(new Uint8Array()), undefined);
  assert.equal(readGoBuildInfo(program(Buffer.alloc(64))), undefined);
});

test("readElf names the loader of a program that is not static", {
  skip: process.platform !== "linux" ? "needs Linux" : false,
}, () => {
  const node = readFileSync(process.execPath).subarray(0, 64 * 1024);
  assert.match(readElf(node)?.interpreter ?? "", /ld-/);
  assert.match(elfProblem({ ...readElf(node)!, isProgram: false }, "amd64") ?? "", /no program/);
});

test("programProblem judges a program by its first bytes, and lets scripts pass", () => {
  const head = program(Buffer.alloc(64)).subarray(0, 64);
  assert.equal(programProblem(head, "amd64"), undefined);
  assert.match(programProblem(head, "arm64") ?? "", /is built for amd64, and arm64 is needed/);
  assert.match(programProblem(head.subarray(0, 20), "amd64") ?? "", /is damaged/);
  assert.equal(programProblem(Buffer.from("#!/bin/sh\n"), "amd64"), undefined);
});

test("readGoBuildInfo throws nothing but DocumentProblem, whatever is damaged", () => {
  const whole = program(pointedInfo(`${mark}${oldLines}${mark}`));
  const random = new SeededRandom(3);
  for (let round = 0; round < 20_000; round++) {
    const damaged = Buffer.from(
      whole.subarray(0, random.chance(0.3) ? random.between(0, whole.length) : whole.length),
    );
    for (let change = random.between(1, 4); change > 0 && damaged.length > 0; change--) {
      damaged[random.between(0, Math.min(damaged.length - 1, 250))] = random.pick([
        0,
        1,
        2,
        0x7f,
        0x80,
        0xff,
        random.between(0, 255),
      ]);
    }
    try {
      readGoBuildInfo(damaged);
    } catch (failure) {
      assert.equal((failure as Error).name, "DocumentProblem", String((failure as Error).stack));
    }
  }
});
