// Bad input of every kind: one sentence, an exit code that is not 0, and never a stack trace.
import assert from "node:assert/strict";
import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { heldPort } from "./testing/free-port.ts";
import { finishedStoa } from "./testing/stoa-process.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";
import { type TlsFiles, tlsFiles } from "./testing/tls-files.ts";

/** What a case may refer to. */
interface Scene {
  readonly folder: string;
  readonly tls: TlsFiles;
  readonly takenPort: number;
}

interface Case {
  readonly name: string;
  readonly words?: (scene: Scene) => readonly string[];
  readonly env?: (scene: Scene) => Record<string, string>;
  /** What stands in athens.toml. */
  readonly file?: string;
  /** What the sentence must name. */
  readonly says: RegExp;
  /** Whether `config check` finds it too; it does not try to listen. */
  readonly isFoundByCheck: boolean;
}

const serve = () => ["serve"];

/** A download file inside the value of its variable. */
function downloadFile(content: string | Buffer): string {
  return `custom:${Buffer.from(content).toString("base64")}`;
}

const cases: readonly Case[] = [
  {
    name: "a file that is no TOML",
    file: "Port = ",
    says: /athens\.toml:1:\d+: this is not TOML/,
    isFoundByCheck: true,
  },
  {
    name: "a wrong value in a file",
    file: "\nTimeout = true\n",
    says: /athens\.toml:2: Timeout: true is not a whole number/,
    isFoundByCheck: true,
  },
  {
    name: "a configuration file that is missing",
    words: () => ["serve", "-config_file", "/no/such.toml"],
    says: /\/no\/such\.toml: .*no such file/,
    isFoundByCheck: false,
  },
  {
    name: "a configuration file that is a folder",
    words: ({ folder }) => ["serve", "--config-file", folder],
    says: /it is a folder/,
    isFoundByCheck: false,
  },
  {
    name: "a storage whose bucket is not named",
    env: () => ({ ATHENS_STORAGE_TYPE: "s3" }),
    says: /ATHENS_STORAGE_TYPE: it is s3, so Storage\.S3\.Bucket \(ATHENS_S3_BUCKET_NAME\) must be set/,
    isFoundByCheck: true,
  },
  {
    name: "a single flight without its bucket",
    env: () => ({ ATHENS_SINGLE_FLIGHT_TYPE: "gcp" }),
    says: /ATHENS_SINGLE_FLIGHT_TYPE: it is gcp, so Storage.GCP.Bucket \(\w+\) must be set/,
    isFoundByCheck: true,
  },
  {
    name: "an exporter of traces",
    env: () => ({ ATHENS_TRACE_EXPORTER: "jaeger" }),
    says: /"jaeger" is not available in Stoa yet; there is otlp/,
    isFoundByCheck: true,
  },
  {
    name: "a certificate without its key",
    env: ({ tls }) => ({ ATHENS_TLSCERT_FILE: tls.cert }),
    says: /TLSKeyFile \(ATHENS_TLSKEY_FILE\) must be set as well/,
    isFoundByCheck: true,
  },
  {
    name: "a certificate that is missing",
    env: ({ tls }) => ({ ATHENS_TLSCERT_FILE: "/no/cert", ATHENS_TLSKEY_FILE: tls.key }),
    says: /\/no\/cert cannot be read/,
    isFoundByCheck: true,
  },
  {
    name: "a key in place of a certificate",
    env: ({ tls }) => ({ ATHENS_TLSCERT_FILE: tls.key, ATHENS_TLSKEY_FILE: tls.key }),
    says: /holds no certificate/,
    isFoundByCheck: true,
  },
  {
    name: "a user without a password",
    env: () => ({ BASIC_AUTH_USER: "reader" }),
    says: /BasicAuthPass \(BASIC_AUTH_PASS\) must be set/,
    isFoundByCheck: true,
  },
  {
    name: "a .netrc that is missing",
    env: () => ({ ATHENS_NETRC_PATH: "/no/netrc" }),
    says: /\/no\/netrc cannot be read: there is no such file/,
    isFoundByCheck: true,
  },
  {
    name: "a .hgrc that is missing",
    env: () => ({ ATHENS_HGRC_PATH: "/no/hgrc" }),
    says: /ATHENS_HGRC_PATH: .*\/no\/hgrc cannot be read: there is no such file/,
    isFoundByCheck: true,
  },
  {
    name: "a page for administrators without any credentials",
    env: () => ({ STOA_ADMIN_API: "true" }),
    says: /STOA_ADMIN_API: AdminToken \(STOA_ADMIN_TOKEN\), or .* must be set as well/,
    isFoundByCheck: true,
  },
  {
    name: "a download file that is no HCL",
    env: () => ({ ATHENS_DOWNLOAD_MODE: downloadFile('mode = "sync"\ndownload "a" {\n') }),
    says: /custom:2:14: this \{ is not closed/,
    isFoundByCheck: true,
  },
  {
    name: "a download file of nothing but braces",
    env: () => ({ ATHENS_DOWNLOAD_MODE: downloadFile("b {\n".repeat(20_000)) }),
    says: /custom:101:1: b lies in more than 100 other blocks/,
    isFoundByCheck: true,
  },
  {
    name: "a download file that is no text",
    env: () => ({ ATHENS_DOWNLOAD_MODE: downloadFile(Buffer.from([0xc3, 0x28])) }),
    says: /custom:1:1: the download file is not UTF-8/,
    isFoundByCheck: true,
  },
  {
    name: "a download file in wrong base64",
    env: () => ({ ATHENS_DOWNLOAD_MODE: "custom:bW9kZQ" }),
    says: /ATHENS_DOWNLOAD_MODE: what follows custom: is not in standard base64/,
    isFoundByCheck: true,
  },
  {
    name: "a download file that is missing",
    env: () => ({ ATHENS_DOWNLOAD_MODE: "file:/no/download.hcl" }),
    says: /the download file "\/no\/download\.hcl" cannot be read \(ENOENT\)/,
    isFoundByCheck: true,
  },
  {
    name: "a filter file that is a folder",
    env: ({ folder }) => ({ ATHENS_FILTER_FILE: folder }),
    says: /ATHENS_FILTER_FILE: .* cannot be read \(EISDIR\)/,
    isFoundByCheck: true,
  },
  {
    name: "a storage folder below a file",
    env: ({ tls }) => ({ ATHENS_DISK_STORAGE_ROOT: join(tls.cert, "kept") }),
    says: /cert\.pem\/kept/,
    isFoundByCheck: false,
  },
  {
    name: "a storage without a folder",
    env: () => ({ ATHENS_STORAGE_TYPE: "disk", ATHENS_DISK_STORAGE_ROOT: "" }),
    says: /ATHENS_DISK_STORAGE_ROOT: .*must name the folder/,
    isFoundByCheck: true,
  },
  {
    name: "a storage folder where none can be made",
    env: () => ({ ATHENS_DISK_STORAGE_ROOT: "/proc/kept" }),
    says: /\/proc\/kept cannot be a storage folder: no folder can be made there/,
    isFoundByCheck: false,
  },
  {
    name: "a state in no folder",
    env: ({ folder }) => ({ STOA_STATE: join(folder, "no", "state.sqlite") }),
    says: /state\.sqlite cannot be used \(there is no folder [^)]*\/no\): check its folder/,
    isFoundByCheck: false,
  },
  {
    name: "a port that is taken",
    env: ({ takenPort }) => ({ ATHENS_PORT: `127.0.0.1:${takenPort}` }),
    says: /another program listens there/,
    isFoundByCheck: false,
  },
  {
    name: "a port for diagnostics that is taken",
    env: ({ takenPort }) => ({ ATHENS_ENABLE_PPROF: "true", ATHENS_PPROF_PORT: `${takenPort}` }),
    says: /another program listens there/,
    isFoundByCheck: false,
  },
  {
    name: "a unix socket in no folder",
    env: ({ folder }) => ({ ATHENS_UNIX_SOCKET: join(folder, "no", "a.sock") }),
    says: /a\.sock: the folder is missing/,
    isFoundByCheck: false,
  },
  {
    name: "a unix socket whose path is too long",
    env: ({ folder }) => ({ ATHENS_UNIX_SOCKET: join(folder, "a".repeat(200)) }),
    says: /a unix socket's may have about 100 bytes/,
    isFoundByCheck: false,
  },
  {
    name: "a unix socket where a file is",
    env: ({ tls }) => ({ ATHENS_UNIX_SOCKET: tls.cert }),
    says: /something else has that name/,
    isFoundByCheck: false,
  },
  {
    name: "a Kubernetes service link",
    env: () => ({ ATHENS_PORT: "tcp://10.0.0.7:80" }),
    says: /enableServiceLinks/,
    isFoundByCheck: true,
  },
];

for (const { name, words = serve, env = () => ({}), file, says, isFoundByCheck } of cases) {
  test(`${name} is refused in one sentence`, async () => {
    await using folder = await temporaryFolder();
    await using held = await heldPort();
    const scene = { folder: folder.path, tls: await tlsFiles(folder.path), takenPort: held.port };
    if (file !== undefined) await writeFile(join(folder.path, "athens.toml"), file);
    const variables = {
      ATHENS_PORT: "127.0.0.1:0",
      GOPROXY: "off",
      ATHENS_LOG_LEVEL: "error",
      ...env(scene),
    };
    const commands = isFoundByCheck ? [words(scene), ["config", "check"]] : [words(scene)];
    for (const command of commands) {
      const end = await finishedStoa(command, variables, folder.path);
      assert.notEqual(end.code, 0, command.join(" "));
      assert.match(end.stderr, /^stoa: [^\n]+\n$/);
      assert.match(end.stderr, says);
    }
  });
}

const isRoot = process.getuid?.() === 0;
test("a file that this user may not read is refused in one sentence", {
  skip: isRoot && "root may read every file",
}, async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "athens.toml");
  await writeFile(path, "");
  await chmod(path, 0);
  const end = await finishedStoa(["serve"], { GOPROXY: "off" }, folder.path);
  assert.notEqual(end.code, 0);
  assert.match(end.stderr, /^stoa: athens\.toml: [^\n]*may not read it\n$/);
});

test("in production a file that others may write is refused, and nothing else is", async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, "data"));
  const path = join(folder.path, "athens.toml");
  await writeFile(path, 'GoEnv = "production"\n');
  await chmod(path, 0o666);
  const refused = await finishedStoa(["config", "check"], { GOPROXY: "off" }, folder.path);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^stoa: [^\n]*its mode is 0666; chmod 0644 it\n$/);
  await chmod(path, 0o644);
  assert.equal((await finishedStoa(["config", "check"], { GOPROXY: "off" }, folder.path)).code, 0);
});

for (const command of ["queue", "verify"]) {
  test(`stoa modules ${command} of a storage that is not there is refused, and none is made`, async () => {
    await using folder = await temporaryFolder();
    const root = join(folder.path, "kept");
    const env = { ATHENS_DISK_STORAGE_ROOT: root, GOPROXY: "off" };
    const end = await finishedStoa(["modules", command], env, folder.path);
    assert.equal(end.code, 1);
    assert.match(end.stderr, /^stoa: there is no storage folder [^\n]*\/kept: [^\n]+\n$/);
    assert.deepEqual(await readdir(folder.path), []);
  });
}

test("stoa modules queue looks at no other state than the one that is meant", async () => {
  const env = { STOA_STATE: "mysql://a.example/b", GOPROXY: "off" };
  const end = await finishedStoa(["modules", "queue"], env);
  assert.equal(end.code, 1);
  assert.equal(end.stdout, "");
  assert.match(end.stderr, /^stoa: STOA_STATE: [^\n]+\n$/);
});

for (const [words, says] of [
  [["modules", "explain", "example.com/m@"], /no version after the @/],
  [["modules", "explain", "no-host/m"], /^stoa: invalid module path "no-host\/m": /],
  [["modules", "explain"], /missing required argument/],
  [["modules", "queue", "--limit", "x"], /argument 'x' is invalid. It must be a whole number/],
] as const) {
  test(`stoa ${words.join(" ")} is refused in one sentence`, async () => {
    const end = await finishedStoa(words, { GOPROXY: "off" });
    assert.equal(end.code, 1);
    assert.match(end.stderr, says);
    assert.doesNotMatch(end.stderr, /\n\s+at /);
  });
}

test("everything that is wrong is told at once", async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, "athens.toml"), 'Timeout = 0\nLogLevel = "loud"\n');
  const env = { ATHENS_PORT: "x", BASIC_AUTH_USER: "a", GOPROXY: "ftp://a.example" };
  const end = await finishedStoa(["serve"], env, folder.path);
  assert.equal(end.code, 1);
  assert.equal(end.stderr.trimEnd().split("\n").length, 5, end.stderr);
});
