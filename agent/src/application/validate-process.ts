// Whether a process that was started is ready, healthy, and stays so.
import type { Health, Run } from "@stoa/deployment";
import { exitSentence, type ProcessView } from "../domain/launch.ts";
import type { Answer } from "../domain/probe.ts";
import type { ServiceParts } from "./service-parts.ts";

/** A process that is to be validated. */
export interface Candidate {
  readonly id: string;
  readonly run: Run;
  /** Where each of its sockets is reached, by name. */
  readonly addresses: ReadonlyMap<string, string>;
  /** Fires when nobody wants to know any more. */
  readonly signal?: AbortSignal | undefined;
}

const usualDeadlineMs = 60_000;
const usualIntervalMs = 250;
const usualTimeoutMs = 2_000;
/** How long to wait before asking again when another process that shares the socket took the question. */
const anotherMs = 20;
const provenAliveMs = 1_000;
const provenListeningMs = 300;

/** Undefined if it holds, else a sentence that says why it does not. Answers of other processes count for nothing. */
export async function problemOf(
  parts: ServiceParts,
  candidate: Candidate,
): Promise<string | undefined> {
  const deadlineMs = deadlineMsOf(candidate.run);
  const deadline = parts.clock.monotonicMs() + deadlineMs;
  const view = await parts.supervisor.wait(parts.service, candidate.id, "ready", deadlineMs);
  if (hasEnded(view)) return endOf(view);
  if (view.state === "starting") {
    const where = candidate.run.readiness === "notify" ? "NOTIFY_SOCKET" : "READY_FD";
    return `did not say that it is ready (${where}) within ${deadlineMs / 1000} s`;
  }
  const problem = await untilHealthy(parts, candidate, deadline, deadlineMs);
  return problem ?? (await whileProven(parts, candidate));
}

/** How long a process may take to become ready and healthy. */
export function deadlineMsOf({ health }: Run): number {
  return health.kind === "none" ? usualDeadlineMs : (health.deadlineMs ?? usualDeadlineMs);
}

/** Asks every socket that the health question is about once. Undefined means well. */
export async function askOnce(
  { probe }: Pick<ServiceParts, "probe">,
  { run, addresses }: Candidate,
  pid: number,
): Promise<Answer | undefined> {
  for (const { name } of askedSockets(run)) {
    const address = addresses.get(name) ?? "";
    const { health } = run;
    const answer =
      health.kind === "http"
        ? await probe.get(address, health.path, pid, health.timeoutMs)
        : await probe.connect(address, pid, usualTimeoutMs);
    if (answer.kind === "silent" || answer.by === "another" || !isYes(health, answer.status))
      return answer;
  }
  return undefined;
}

/** What an answer says, if it is no yes. */
function answerSentence(answer: Answer): string {
  if (answer.kind === "silent") return answer.sentence;
  return answer.by === "another"
    ? "another process answers in its place"
    : `it answers with status ${answer.status}`;
}

async function untilHealthy(
  parts: ServiceParts,
  candidate: Candidate,
  deadline: number,
  deadlineMs: number,
): Promise<string | undefined> {
  const { needed, intervalMs } = pace(candidate.run.health);
  let yeses = 0;
  let last = "it was not asked";
  while (true) {
    const view = await parts.supervisor.wait(parts.service, candidate.id, "gone", 0);
    if (hasEnded(view)) return endOf(view);
    const answer = await askOnce(parts, candidate, view.pid);
    yeses = yesesAfter(answer, yeses);
    if (yeses >= needed) return undefined;
    if (answer !== undefined) last = answerSentence(answer);
    candidate.signal?.throwIfAborted();
    if (parts.clock.monotonicMs() > deadline) {
      return `was not healthy within ${deadlineMs / 1000} s: ${last}`;
    }
    // Waiting for its end is sleeping that a crash cuts short.
    const sleepMs = isOfAnother(answer) ? anotherMs : Math.min(intervalMs, 50 * 2 ** yeses);
    await parts.supervisor.wait(parts.service, candidate.id, "gone", sleepMs);
  }
}

/** How many yeses in a row it takes, and how long to wait between two questions. */
function pace(health: Health): { readonly needed: number; readonly intervalMs: number } {
  return health.kind === "http"
    ? { needed: health.healthyAfter, intervalMs: health.intervalMs }
    : { needed: 1, intervalMs: usualIntervalMs };
}

/** The yeses in a row: a no ends the row, and what another process says is neither. */
function yesesAfter(answer: Answer | undefined, before: number): number {
  if (answer === undefined) return before + 1;
  return isOfAnother(answer) ? before : 0;
}

function isOfAnother(answer: Answer | undefined): boolean {
  return answer?.kind === "answered" && answer.by === "another";
}

async function whileProven(parts: ServiceParts, candidate: Candidate): Promise<string | undefined> {
  const { health } = candidate.run;
  const usual = health.kind === "none" ? provenAliveMs : provenListeningMs;
  const until = parts.clock.monotonicMs() + (health.minimumHealthyMs ?? usual);
  while (true) {
    candidate.signal?.throwIfAborted();
    const leftMs = until - parts.clock.monotonicMs();
    if (leftMs <= 0) return undefined;
    const sleepMs = health.kind === "http" ? Math.min(leftMs, health.intervalMs) : leftMs;
    const view = await parts.supervisor.wait(parts.service, candidate.id, "gone", sleepMs);
    if (hasEnded(view)) return endOf(view);
    const answer = await askOnce(parts, candidate, view.pid);
    if (answer !== undefined && !isOfAnother(answer)) {
      return `did not stay healthy: ${answerSentence(answer)}`;
    }
  }
}

function askedSockets({ health, sockets }: Run): Run["sockets"] {
  if (health.kind === "none") return [];
  return health.kind === "http" ? sockets.filter(({ name }) => name === health.socket) : sockets;
}

function isYes({ kind }: Health, status: number): boolean {
  return kind !== "http" || (status >= 200 && status < 300);
}

/** A process that waits to be started again has ended as well. */
function hasEnded({ state }: ProcessView): boolean {
  return state === "gone" || state === "waiting" || state === "stopping";
}

function endOf({ lastExit, sentence }: ProcessView): string {
  return lastExit === undefined ? sentence : exitSentence(lastExit);
}
