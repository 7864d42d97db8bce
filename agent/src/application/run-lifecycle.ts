// The events of a deployment with an appspec, one after the other. Authority: CodeDeploy's documentation of the agent.
import { join } from "node:path";
import {
  type FileExistsBehavior,
  type HookFacts,
  type HookScript,
  hookCommand,
  hookEnvironment,
  hookResults,
  isHook,
  type LifecycleEvent,
  longestSeconds,
  scriptsAt,
} from "@stoa/deployment/appspec";
import { AgentFailure, sentenceOf } from "../domain/agent-failure.ts";
import type { Clock } from "../domain/clock.ts";
import type { Disk } from "../domain/disk.ts";
import { exitSentence } from "../domain/launch.ts";
import type { ScriptEnd, Scripts } from "../domain/script.ts";
import { type Bundle, type InstallParts, installBundle } from "./install-bundle.ts";

/** One deployment. */
export interface LifecycleOrder {
  readonly facts: Omit<HookFacts, "event" | "bundle">;
  readonly events: readonly LifecycleEvent[];
  readonly bundle: Bundle;
  /** What was installed last, unpacked; its scripts end what runs. */
  readonly old: Bundle | undefined;
  readonly behavior: FileExistsBehavior;
  /** Everything as CodeDeploy does it, its traps included. */
  readonly strict: boolean;
  /** What the environment adds for scripts. */
  readonly settings: Readonly<Record<string, string>>;
}

/** What a lifecycle needs. */
export interface LifecycleParts {
  readonly install: InstallParts;
  readonly scripts: Scripts;
  readonly disk: Disk;
  readonly clock: Clock;
  /** Every line of every script goes there. */
  readonly scriptsLog: string;
  /** Is told what begins. */
  step(event: LifecycleEvent): void;
  /** Writes down that an event begins, durably: a crash within it fails it. */
  begins(event: LifecycleEvent): Promise<void>;
  /** Is told what somebody should know although it went on. */
  note(sentence: string): void;
}

/** What came of an event. */
export interface EventOutcome {
  readonly event: LifecycleEvent;
  readonly state: "Succeeded" | "Failed" | "Skipped";
  /** CodeDeploy's number: 0 for success. */
  readonly code: number;
  readonly sentence: string;
}

const killAfterMs = 10_000;
const ofOld: readonly LifecycleEvent[] = [
  "BeforeBlockTraffic",
  "AfterBlockTraffic",
  "ApplicationStop",
];

/**
 * Runs the events in their order; after the first that fails the others are skipped. Unless it is strict, a script of the
 * old revision that fails does not keep the new one out: a typo in it would otherwise do so for ever.
 */
export async function runLifecycle(
  parts: LifecycleParts,
  order: LifecycleOrder,
): Promise<readonly EventOutcome[]> {
  const outcomes: EventOutcome[] = [];
  let isNewUnpacked = false;
  let failed = false;
  for (const event of order.events) {
    if (failed) {
      outcomes.push({ event, state: "Skipped", code: 0, sentence: "an event before it failed" });
      continue;
    }
    parts.step(event);
    await parts.begins(event);
    const outcome = await runEvent(parts, order, event, isNewUnpacked);
    outcomes.push(outcome);
    isNewUnpacked ||= event === "DownloadBundle";
    if (outcome.state !== "Failed") continue;
    if (ofOld.includes(event) && !order.strict) {
      parts.note(`${event} of the revision before failed and was passed over: ${outcome.sentence}`);
    } else {
      failed = true;
    }
  }
  return outcomes;
}

async function runEvent(
  parts: LifecycleParts,
  order: LifecycleOrder,
  event: LifecycleEvent,
  isNewUnpacked: boolean,
): Promise<EventOutcome> {
  try {
    if (event === "Install") await installBundle(parts.install, order.bundle, order.behavior);
    if (!isHook(event)) return succeeded(event, "done by the agent");
    const whose = scriptsAt(event, { wasInstalled: order.old !== undefined, isNewUnpacked });
    const bundle = whose === "old" ? order.old : order.bundle;
    if (whose === "none" || bundle === undefined)
      return succeeded(event, "nothing was installed before");
    return await runScripts(parts, order, event, bundle);
  } catch (failure) {
    if (!(failure instanceof AgentFailure)) throw failure;
    return { event, state: "Failed", code: hookResults.unknown, sentence: sentenceOf(failure) };
  }
}

async function runScripts(
  parts: LifecycleParts,
  order: LifecycleOrder,
  event: LifecycleEvent,
  bundle: Bundle,
): Promise<EventOutcome> {
  const scripts = bundle.appspec.hooks.get(event) ?? [];
  const log = new ScriptsLog(parts);
  const deadline = parts.clock.monotonicMs() + longestSeconds * 1000;
  await log.header(`LifecycleEvent - ${event}`);
  for (const script of scripts) {
    await log.header(`Script - ${script.location}`);
    const leftMs = deadline - parts.clock.monotonicMs();
    const timeoutMs = Math.max(1, Math.min(leftMs, script.timeoutSeconds * 1000));
    const problem = await runScript(parts, { order, event, bundle, script, timeoutMs }, log);
    await log.flush();
    if (problem !== undefined) return { event, state: "Failed", ...problem };
  }
  return succeeded(
    event,
    scripts.length === 0 ? "has no scripts" : `ran ${scripts.length} scripts`,
  );
}

interface ScriptRun {
  readonly order: LifecycleOrder;
  readonly event: LifecycleEvent;
  readonly bundle: Bundle;
  readonly script: HookScript;
  readonly timeoutMs: number;
}

async function runScript(
  { disk, scripts, install }: LifecycleParts,
  { order, event, bundle, script, timeoutMs }: ScriptRun,
  log: ScriptsLog,
): Promise<Pick<EventOutcome, "code" | "sentence"> | undefined> {
  const path = join(bundle.folder, script.location);
  const found = await disk.look(path);
  if (found?.kind !== "file") {
    return {
      code: hookResults.missing,
      sentence: `${event}: the bundle has no script ${script.location}`,
    };
  }
  if (script.runas !== undefined) {
    const problem = await install.permissions.problemWith({ owner: script.runas });
    if (problem !== undefined) {
      return {
        code: hookResults.failed,
        sentence: `${event}: ${script.location} was not run: ${problem}`,
      };
    }
  }
  // Bundles are read-only here, and so is their owner to himself: the bit is set where it is missing.
  if ((found.mode & 0o111) === 0) await disk.setMode(path, found.mode | 0o111);
  const end = await scripts.run({
    command: hookCommand(script, path),
    directory: order.strict ? "/" : bundle.folder,
    environment: {
      ...order.settings,
      ...hookEnvironment({ ...order.facts, event, bundle: bundle.folder }),
    },
    timeoutMs,
    killAfterMs: order.strict ? undefined : killAfterMs,
    waitsForOutputs: order.strict,
    wrote: (stream, line) => log.line(stream, line),
  });
  return problemOf(end, `${event}: ${script.location}`, timeoutMs);
}

function problemOf(
  end: ScriptEnd,
  name: string,
  timeoutMs: number,
): Pick<EventOutcome, "code" | "sentence"> | undefined {
  switch (end.kind) {
    case "ended":
      if (end.exit.code === 0) return undefined;
      return { code: hookResults.failed, sentence: `${name} ${exitSentence(end.exit)}` };
    case "timed-out":
      return {
        code: hookResults.timedOut,
        sentence: `${name} did not end within ${timeoutMs / 1000} s`,
      };
    case "outputs-left-open":
      return {
        code: hookResults.outputsLeftOpen,
        sentence: `${name} ended, and something it has started still holds its output; let that write elsewhere`,
      };
    case "not-started":
      return {
        code: hookResults.notExecutable,
        sentence: `${name} cannot be started: ${end.sentence}`,
      };
  }
}

function succeeded(event: LifecycleEvent, sentence: string): EventOutcome {
  return { event, state: "Succeeded", code: hookResults.succeeded, sentence };
}

/** `scripts.log` as CodeDeploy writes it, gathered so that a chatty script does not write to the disk line by line. */
class ScriptsLog {
  readonly #parts: Pick<LifecycleParts, "disk" | "clock" | "scriptsLog">;
  #pending = "";
  #written: Promise<void> = Promise.resolve();

  constructor(parts: Pick<LifecycleParts, "disk" | "clock" | "scriptsLog">) {
    this.#parts = parts;
  }

  async header(text: string): Promise<void> {
    this.#add(text);
    await this.flush();
  }

  line(stream: "stdout" | "stderr", text: string): void {
    this.#add(`[${stream}]${text}`);
    if (this.#pending.length > mostPending) void this.flush();
  }

  flush(): Promise<void> {
    const text = this.#pending;
    this.#pending = "";
    const { disk, scriptsLog } = this.#parts;
    if (text !== "") this.#written = this.#written.then(() => disk.append(scriptsLog, text));
    return this.#written;
  }

  #add(text: string): void {
    const at = new Date(this.#parts.clock.nowMs()).toISOString().replace("T", " ").slice(0, 19);
    this.#pending += `${at} ${text}\n`;
  }
}

const mostPending = 64 << 10;
