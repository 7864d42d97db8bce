// stoa deploy --follow: deploys a bundle whenever another one lies in its place.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { BundleDrop } from "../building/bundle-drop.ts";
import { ControlRefusal } from "../delivery/control-client.ts";
import { say } from "../delivery/terminal.ts";

/** Deploys a bundle that lies in a file. Throws a sentence if it does not run in the end. */
export type DeployFile = (place: string) => Promise<void>;

/** How often it is looked, and what is done with what is found. */
export interface FollowOrder {
  readonly everyMs: number;
  readonly deploy: DeployFile;
  readonly signal: AbortSignal;
}

const spread = 0.2;
const longestWaitMs = 60_000;

/**
 * Looks until the signal fires. Where the place cannot be looked at, nothing is done: what runs goes on. A bundle that was
 * refused, or did not hold, is not tried again before another one lies there; one that could not be asked about is.
 */
export async function followDrop(drop: BundleDrop, order: FollowOrder): Promise<void> {
  const { everyMs, deploy, signal } = order;
  const patience = new Patience(drop, everyMs);
  let deployed: string | undefined;
  say(`following ${drop.name}`);
  while (!signal.aborted) {
    try {
      const tag = await drop.tag(signal);
      patience.read();
      if (tag !== undefined && tag !== deployed) {
        const isSettled = await isSettledBy(drop, tag, deploy);
        patience.tried(isSettled);
        if (isSettled) deployed = tag;
      }
    } catch (failure) {
      if (signal.aborted) break;
      patience.failed(failure);
    }
    await wait(patience.waitMs(), undefined, { signal }).catch(() => undefined);
  }
}

/** How long is waited before the next look: longer after each failure. Says when reading fails, and when it no longer does. */
class Patience {
  readonly #drop: BundleDrop;
  readonly #everyMs: number;
  #trouble = "";
  #failures = 0;

  constructor(drop: BundleDrop, everyMs: number) {
    this.#drop = drop;
    this.#everyMs = everyMs;
  }

  /** The place could be looked at. */
  read(): void {
    if (this.#trouble === "") return;
    say(`${this.#drop.name} can be read again`);
    this.#trouble = "";
    this.#failures = 0;
  }

  /** A bundle was deployed, or has to be tried again. */
  tried(isSettled: boolean): void {
    this.#failures = isSettled ? 0 : this.#failures + 1;
  }

  /** The place could not be looked at, or its bundle not be taken. */
  failed(failure: unknown): void {
    this.#failures += 1;
    const sentence = sentenceOf(failure);
    if (sentence !== this.#trouble) say(`${sentence}; what runs goes on as it is`);
    this.#trouble = sentence;
  }

  waitMs(): number {
    const waitMs = Math.min(longestWaitMs, this.#everyMs * 2 ** Math.min(this.#failures, 6));
    return waitMs * (1 - spread + 2 * spread * Math.random());
  }
}

/** Deploys what lies there now, once. Throws a sentence. */
export async function deployDrop(drop: BundleDrop, deploy: DeployFile): Promise<void> {
  const tag = (await drop.tag()) ?? (await drop.tag());
  if (tag === undefined) throw new Error(`nothing lies at ${drop.name}`);
  await using copied = await copyOf(drop, tag);
  await deploy(copied.place);
}

/** Whether there is nothing more to be done about what lies there. */
async function isSettledBy(drop: BundleDrop, tag: string, deploy: DeployFile): Promise<boolean> {
  await using copied = await copyOf(drop, tag);
  try {
    await deploy(copied.place);
    return true;
  } catch (failure) {
    say(`${drop.name}: ${sentenceOf(failure)}`);
    return !mayPass(failure);
  }
}

async function copyOf(
  drop: BundleDrop,
  tag: string,
): Promise<AsyncDisposable & { readonly place: string }> {
  const folder = await mkdtemp(join(tmpdir(), "stoa-drop-"));
  const dispose = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const place = join(folder, drop.file);
  try {
    await drop.copy(tag, place);
  } catch (failure) {
    await dispose();
    throw failure;
  }
  return { place, [Symbol.asyncDispose]: dispose };
}

/** The control plane is away, busy with another rollout of the service, or has no machine yet; nothing is wrong with the bundle. */
function mayPass(failure: unknown): boolean {
  return failure instanceof ControlRefusal && ![400, 404, 413, 422].includes(failure.status);
}

function sentenceOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}
