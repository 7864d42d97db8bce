// How a rollout that does not hold is told: every reason once, with its machine, its last lines and the next step.
import type { ShownRollout } from "@stoa/control";

type Note = ShownRollout["notes"][number];

/** Why a machine has not come where it should. */
interface Reason {
  readonly machine: string;
  readonly sentence: string;
}

/** What is said of a note as it comes; undefined for what is said at the end. Reasons are said at the end too. */
export function shownNote(note: Note, rollout: ShownRollout): string | undefined {
  const isOver = rollout.endedAt !== undefined && rollout.state !== "succeeded";
  if (note.machine === undefined && isOver && note.sentence === rollout.sentence) return undefined;
  return reasonIn(note)?.short ?? note.sentence;
}

/** The last lines of every machine that failed, below its reason where the end of it all does not say that. */
export function failureLines(rollout: ShownRollout): readonly string[] {
  const reasons = reasonsOf(rollout);
  return Object.entries(rollout.machines).flatMap(([machine, { lastLines = [] }]) => [
    ...reasons
      .filter((one) => one.machine === machine && !rollout.sentence.includes(one.sentence))
      .map((one) => `${machine}: ${one.sentence}`),
    ...(lastLines.length > 0 ? [`the last lines of ${machine}:`] : []),
    ...lastLines.map((line) => `  ${machine} | ${line}`),
  ]);
}

/** How it ended, why, and where to look next, as one sentence. */
export function failureSentence(rollout: ShownRollout): string {
  const { service, version, environment, sentence } = rollout;
  const what = `${service} ${version} does not run in ${environment}: ${sentence}`;
  const [first] = reasonsOf(rollout);
  if (first === undefined) return what;
  const { machine } = first;
  const hasWritten = (rollout.machines[machine]?.lastLines ?? []).length > 0;
  const next = hasWritten
    ? `stoa logs ${service} -e ${environment} --machine ${machine} shows what it wrote before`
    : `stoa why ${machine} shows how it came to that`;
  return `${what}; ${next}`;
}

/** Each only once: a machine that stays where it is has the reason that it had before. */
function reasonsOf({ notes }: ShownRollout): readonly Reason[] {
  const found = new Map<string, Reason>();
  for (const note of notes) {
    const reason = reasonIn(note)?.reason;
    if (reason !== undefined) found.set(`${reason.machine} ${reason.sentence}`, reason);
  }
  return [...found.values()];
}

/** A machine may be sent back in the moment in which it fails: then only the rollout says why. */
function reasonIn({
  machine,
  sentence,
}: Note): { readonly reason: Reason; readonly short: string } | undefined {
  const said =
    machine === undefined
      ? /^(\S+) (failed|is out of reach): (.*)$/s.exec(sentence)
      : /^(\S+): (failed|unreachable|stranded): (.*)$/s.exec(sentence);
  const [, name, state, why] = said ?? [];
  if (name === undefined || why === undefined) return undefined;
  const short =
    machine === undefined ? `${name} ${state}: what was touched goes back` : `${name}: ${state}`;
  return { reason: { machine: name, sentence: why }, short };
}
