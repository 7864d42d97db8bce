// The go command as a client of module proxies: it downloads what a project needs, into an empty module cache each time.
import { execFile } from "node:child_process";
import { copyFile, cp, mkdtemp, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type BenchRun, Skipped } from "./bench-run.ts";
import { plainEnvironment } from "./servers/server-process.ts";

/** How much a project needs. */
export interface DownloadSize {
  readonly modules: number;
  /** Of their zips. */
  readonly zipBytes: number;
}

const execute = promisify(execFile);
const patienceMs = 300_000;

/** The GOPROXY that this machine's go command uses. */
export async function machineGoproxy(run: BenchRun): Promise<string> {
  const { stdout } = await execute("go", ["env", "GOPROXY"], { signal: run.signal });
  return stdout.trim();
}

/** Reads a module version's go.mod through a GOPROXY, into a file. Throws `Skipped` if it cannot be had. */
export async function fetchGoMod(project: string, goproxy: string, run: BenchRun): Promise<string> {
  const folder = await mkdtemp(join(run.folder, "project-"));
  const words = ["list", "-m", "-f", "{{.GoMod}}", project];
  try {
    const { stdout } = await execute("go", words, goOptions(folder, goproxy, run));
    const file = join(folder, "go.mod");
    await copyFile(stdout.trim(), file);
    return file;
  } catch (failure) {
    if (run.signal.aborted) throw failure;
    throw new Skipped(
      `the upstream that \`go env GOPROXY\` names did not give ${project}: is the network reachable?`,
      { cause: failure },
    );
  }
}

/** A program's source, and the machine's compiled packages, which all builds share. */
export interface GoProgram {
  /** The folder of its main module. */
  readonly folder: string;
  /** The package in it. */
  readonly main: string;
  readonly compiledCache: string;
}

/** Fetches the source of `module@version`. `undefined` if the upstream does not serve it. */
export async function fetchProgram(
  module: string,
  main: string,
  goproxy: string,
  run: BenchRun,
): Promise<GoProgram | undefined> {
  const work = await mkdtemp(join(run.folder, "program-"));
  try {
    const words = ["mod", "download", "-json", module];
    const { stdout } = await execute("go", words, goOptions(work, goproxy, run));
    const folder = join(work, "sources");
    await cp((JSON.parse(stdout) as { Dir: string }).Dir, folder, { recursive: true });
    const { stdout: compiled } = await execute("go", ["env", "GOCACHE"], { signal: run.signal });
    return { folder, main, compiledCache: compiled.trim() };
  } catch (failure) {
    if (run.signal.aborted) throw failure;
    return undefined;
  }
}

/** Builds a program with an empty module cache and the checksum database on. Returns how long it took. */
export async function buildSeconds(
  { folder, main, compiledCache }: GoProgram,
  goproxy: string,
  run: BenchRun,
): Promise<number> {
  const work = await mkdtemp(join(run.folder, "build-"));
  const options = goOptions(work, goproxy, run);
  const env = {
    ...options.env,
    GOCACHE: compiledCache,
    GOSUMDB: "sum.golang.org",
    GOFLAGS: "-modcacherw -trimpath -buildvcs=false",
    CGO_ENABLED: "0",
  };
  try {
    const started = performance.now();
    const words = ["build", "-o", join(work, "built"), main];
    await execute("go", words, { ...options, cwd: folder, env });
    return (performance.now() - started) / 1000;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Downloads all that `goMod` requires into an empty cache, and forgets it again. Returns how long it took. */
export async function downloadSeconds(
  goMod: string,
  goproxy: string,
  run: BenchRun,
): Promise<number> {
  return inEmptyCache(goMod, run, async (folder) => {
    const started = performance.now();
    await execute("go", ["mod", "download"], goOptions(folder, goproxy, run));
    return (performance.now() - started) / 1000;
  });
}

/** Downloads all that `goMod` requires once, to tell how much it is. */
export async function measureDownload(
  goMod: string,
  goproxy: string,
  run: BenchRun,
): Promise<DownloadSize> {
  return inEmptyCache(goMod, run, async (folder) => {
    const words = ["mod", "download", "-json"];
    const { stdout } = await execute("go", words, goOptions(folder, goproxy, run));
    const zips = [...stdout.matchAll(/"Zip": "([^"]+)"/g)].map(([, zip = ""]) => zip);
    const sizes = await Promise.all(zips.map(async (zip) => (await stat(zip)).size));
    return { modules: zips.length, zipBytes: sizes.reduce((sum, size) => sum + size, 0) };
  });
}

async function inEmptyCache<T>(
  goMod: string,
  run: BenchRun,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(run.folder, "download-"));
  try {
    await copyFile(goMod, join(folder, "go.mod"));
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * The checksum database is off, so that both sides do the same work, and so is everything in this machine's
 * configuration that could send some modules another way.
 */
function goOptions(folder: string, goproxy: string, run: BenchRun) {
  return {
    cwd: folder,
    signal: run.signal,
    timeout: patienceMs,
    maxBuffer: 64 << 20,
    env: {
      ...plainEnvironment(),
      GOPROXY: goproxy,
      GOMODCACHE: join(folder, "cache"),
      GOSUMDB: "off",
      GOFLAGS: "-mod=mod -modcacherw",
      GOENV: "off",
      GOWORK: "off",
      GOTOOLCHAIN: "local",
    },
  };
}
