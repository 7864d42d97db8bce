// Keeps a process small that stays on every server: it starts itself anew, in its own place, with what only a start can set.
import { flushCompileCache, getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import process from "node:process";
import { isSea } from "node:sea";
import { setFlagsFromString } from "node:v8";
import { programWords } from "./program-words.ts";

/** Tells the process that takes the place of this one how it was started. Nobody sets it by hand. */
const variable = "STOA_SMALL_PROCESS";

interface Start {
  /** Whether it has been started from what was compiled before. */
  readonly isCompiled: boolean;
  /** The variables as they were before the start set them: its children get those. */
  readonly before: Readonly<Record<string, string | null>>;
}

/** Not to be grown to tens of MB: the memory in which objects begin. Node takes it from NODE_OPTIONS as well. */
const memoryFlag = "--max-semi-space-size=2";
/** A process that sleeps gains nothing by V8's two optimizing compilers, which are 8 MB that would be resident. */
const compilerFlags = ["--no-opt", "--no-maglev"];
/** What is freed goes back to the system, and not to each thread's own store (mallopt(3)). */
const allocation: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_MMAP_THRESHOLD_: "65536",
  MALLOC_TRIM_THRESHOLD_: "131072",
};

/**
 * Loads what a process does that is to be small. It is a process with these limits then: unless it was started with them,
 * it starts anew, which keeps its number, its words and its files. So it does once more where sources had to be compiled,
 * at the first start after an upgrade: the compiler would stay.
 */
export async function loadSmall<T>(
  environment: NodeJS.ProcessEnv,
  load: () => Promise<T>,
): Promise<T> {
  const start = takeStart(environment);
  if (start === undefined) startAnew(environment, { isCompiled: false, before: {} });
  if (isSea()) for (const flag of compilerFlags) setFlagsFromString(flag);
  const loaded = await load();
  // Whoever stays until it is killed would never leave behind what it has compiled.
  flushCompileCache();
  if (start?.isCompiled === false && hasCompiled()) {
    startAnew(environment, { ...start, isCompiled: true });
  }
  return loaded;
}

/** How this process was started; undefined if by somebody else. Its variables are then as that somebody has set them. */
function takeStart(environment: NodeJS.ProcessEnv): Start | undefined {
  const text = environment[variable];
  if (text === undefined) return undefined;
  delete environment[variable];
  const start = JSON.parse(text) as Start;
  for (const [name, value] of Object.entries(start.before)) {
    if (value === null) delete environment[name];
    else environment[name] = value;
  }
  return start;
}

/** Does not return, except where a process cannot be replaced. */
function startAnew(environment: NodeJS.ProcessEnv, { isCompiled }: Start): void {
  const cache = getCompileCacheDir();
  const set: Readonly<Record<string, string>> = {
    ...allocation,
    ...(cache === undefined ? {} : { NODE_COMPILE_CACHE: dirname(cache) }),
    ...(isSea() ? { NODE_OPTIONS: `${environment["NODE_OPTIONS"] ?? ""} ${memoryFlag}` } : {}),
  };
  const before = Object.fromEntries(
    Object.keys(set).map((name) => [name, environment[name] ?? null]),
  );
  const [program, ...script] = programWords();
  const flags = isSea() ? [] : [memoryFlag, ...compilerFlags];
  const added = flags.filter((flag) => !process.execArgv.includes(flag));
  const words = [...process.execArgv, ...added, ...script, ...process.argv.slice(2)];
  process.execve?.(program, [program, ...words], {
    ...environment,
    ...set,
    [variable]: JSON.stringify({ isCompiled, before }),
  });
}

/** Node lists what it has loaded of itself. The list is not part of its documented interface, and may be empty. */
function hasCompiled(): boolean {
  const { moduleLoadList = [] } = process as { readonly moduleLoadList?: readonly string[] };
  return (
    getCompileCacheDir() !== undefined && moduleLoadList.some((name) => name.includes("/amaro/"))
  );
}
