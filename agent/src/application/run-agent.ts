// The agent: it asks what should run, and brings every service of this machine there.
import {
  canonicalJson,
  type MachineStatus,
  revisionFor,
  type ServiceStatus,
} from "@stoa/deployment";
import { sentenceOf } from "../domain/agent-failure.ts";
import { backoffMs, spread } from "../domain/backoff.ts";
import type { Clock, Random } from "../domain/clock.ts";
import type { Disk } from "../domain/disk.ts";
import type { StatusSink, WakeSource } from "../domain/document-source.ts";
import type { Machine } from "../domain/machine.ts";
import type { Wanted } from "../domain/wanted.ts";
import type { ConvergingService } from "./converge-service.ts";
import type { Decisions } from "./decisions.ts";
import type { Documents } from "./read-documents.ts";
import type { LogShipping } from "./ship-logs.ts";

/** What the agent is made of. */
export interface AgentParts {
  readonly machine: Machine;
  readonly version: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly documents: Documents;
  readonly decisions: Decisions;
  readonly sinks: readonly StatusSink[];
  readonly wakes: readonly WakeSource[];
  /** Where the logs of services go; absent where nobody gathers them. */
  readonly shipping: LogShipping | undefined;
  readonly statusPath: string;
  readonly pollMs: number;
  readonly repairMs: number;
  /** The services that this machine has run before. */
  knownServices(): Promise<readonly string[]>;
  serviceOf(name: string): ConvergingService;
  /** Puts what is reported under the machine's signature. */
  seal(status: MachineStatus): string;
}

/** The newest round of a service. */
interface Round {
  /** What was wanted of it. */
  readonly key: string | undefined;
  /** Tells it that something else is wanted now. */
  readonly newer: AbortController;
  /** When the next is due, unless something else is wanted. */
  againAtMs: number;
  running: Promise<void> | undefined;
}

const pollSpread = 0.2;
const firstListenMs = 500;
const longestPollMs = 60_000;
const shipEveryMs = 1_000;
const reportMs = 10_000;

/** Runs until its signal fires. Nothing that happens in between ends it. */
export class Agent {
  readonly #parts: AgentParts;
  readonly #services = new Map<string, ConvergingService>();
  readonly #rounds = new Map<string, Round>();
  #failures = 0;
  #trouble: string | undefined;
  #reported = "";
  #reportedAtMs = Number.NEGATIVE_INFINITY;
  #wake = new AbortController();

  constructor(parts: AgentParts) {
    this.#parts = parts;
  }

  /** Takes up what it knew, then works until the signal fires and what it was doing has come to a safe end. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, documents, knownServices, pollMs } = this.#parts;
    await documents.open();
    for (const name of await knownServices()) this.#service(name);
    const listening = this.#parts.wakes.map((wakes) => this.#listen(wakes, signal));
    if (this.#parts.shipping !== undefined)
      listening.push(this.#ship(this.#parts.shipping, signal));
    while (!signal.aborted) {
      await this.#poll(signal);
      this.#converge(signal);
      await this.#report(signal);
      const waitMs = backoffMs(this.#failures, pollMs, longestPollMs);
      await clock.sleep(
        spread(waitMs, pollSpread, random),
        AbortSignal.any([signal, this.#wake.signal]),
      );
      this.#wake = new AbortController();
    }
    await Promise.all([...listening, ...[...this.#rounds.values()].map(({ running }) => running)]);
  }

  /** Something may have changed: asks at once. */
  wake(): void {
    this.#wake.abort();
  }

  async #listen(wakes: WakeSource, signal: AbortSignal): Promise<void> {
    const { clock, random, machine } = this.#parts;
    let silent = 0;
    while (!signal.aborted) {
      silent += 1;
      for await (const _ of wakes.follow(machine.environment, signal)) {
        silent = 0;
        this.wake();
      }
      await clock.sleep(
        spread(backoffMs(silent, firstListenMs, longestPollMs), pollSpread, random),
        signal,
      );
    }
  }

  async #ship(shipping: LogShipping, signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      try {
        await shipping.ship(
          [...this.#services.values()].map(({ log }) => log),
          signal,
        );
        failures = 0;
      } catch {
        // Polling says that nobody is there; the lines stay in their files.
        failures += 1;
      }
      await this.#parts.clock.sleep(backoffMs(failures, shipEveryMs, longestPollMs), signal);
    }
  }

  async #poll(signal: AbortSignal): Promise<void> {
    try {
      await this.#parts.documents.refresh(signal);
      if (this.#trouble !== undefined) this.#parts.decisions.add("documents can be read again");
      this.#trouble = undefined;
      this.#failures = 0;
    } catch (failure) {
      if (signal.aborted) return;
      const trouble = sentenceOf(failure);
      if (trouble !== this.#trouble) {
        this.#parts.decisions.add(`${trouble}; what runs goes on as it is`);
      }
      this.#trouble = trouble;
      this.#failures += 1;
    }
  }

  /** Services go their ways at the same time; each does one thing after the other. */
  #converge(signal: AbortSignal): void {
    const { clock, documents, repairMs } = this.#parts;
    // Not to know what should run is no reason to stop anything.
    if (documents.index === undefined) return;
    const wanted = this.#wanted();
    for (const name of wanted.keys()) this.#service(name);
    for (const [name, service] of this.#services) {
      const last = this.#rounds.get(name);
      const key = JSON.stringify(wanted.get(name));
      if (last !== undefined && last.key === key && clock.monotonicMs() < last.againAtMs) continue;
      if (last?.running !== undefined) {
        if (last.key !== key) last.newer.abort();
        continue;
      }
      const newer = new AbortController();
      const round: Round = { key, newer, againAtMs: Number.POSITIVE_INFINITY, running: undefined };
      this.#rounds.set(name, round);
      round.running = service
        .round(wanted.get(name), AbortSignal.any([signal, newer.signal]))
        .then(() => {
          round.running = undefined;
          round.againAtMs = clock.monotonicMs() + repairMs;
          this.wake();
        });
    }
  }

  #wanted(): ReadonlyMap<string, Wanted> {
    const { documents, machine } = this.#parts;
    const { index } = documents;
    if (index === undefined) return new Map();
    return new Map(
      [...revisionFor(index, machine)].map(([name, { revision, settings, assignment }]) => [
        name,
        {
          revision,
          rollout: assignment.rollout,
          serial: assignment.serial,
          settings: settings.environment,
        },
      ]),
    );
  }

  #service(name: string): ConvergingService {
    const known = this.#services.get(name);
    if (known !== undefined) return known;
    const service = this.#parts.serviceOf(name);
    this.#services.set(name, service);
    return service;
  }

  /** Whenever something changed, and now and then. Where nobody listens, the status is on the disk. */
  async #report(signal: AbortSignal): Promise<void> {
    const { clock, machine, disk, statusPath, sinks, seal } = this.#parts;
    const status = await this.#status();
    const { at: _, ...rest } = status;
    const content = canonicalJson(rest);
    const isDue = clock.monotonicMs() - this.#reportedAtMs >= reportMs;
    if (content === this.#reported && !isDue) return;
    if (content !== this.#reported) {
      // On a full disk the copy for people on the machine stays behind; others hear of it all the more.
      await disk.replace(statusPath, `${JSON.stringify(status, null, 2)}\n`).catch(() => undefined);
    }
    try {
      const sealed = seal(status);
      for (const sink of sinks) await sink.report(machine.name, sealed, signal);
      this.#reported = content;
      this.#reportedAtMs = clock.monotonicMs();
    } catch {
      // The source of documents is the same party: that it is away is said there.
    }
  }

  async #status(): Promise<MachineStatus> {
    const { machine, version, clock, documents, decisions } = this.#parts;
    const wanted = this.#wanted();
    const services: Record<string, ServiceStatus> = {};
    for (const [name, service] of this.#services) {
      const status = await service.status(wanted.get(name));
      if (status !== undefined) services[name] = status;
    }
    return {
      format: 1,
      machine: machine.name,
      tags: machine.tags,
      os: "linux",
      arch: machine.arch,
      agentVersion: version,
      seenSerial: documents.index?.serial ?? 0,
      at: new Date(clock.nowMs()).toISOString(),
      services,
      decisions: [...decisions.newest],
    };
  }
}
