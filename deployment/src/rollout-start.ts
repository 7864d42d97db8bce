// The beginning of a rollout: who takes part, in which order, and what makes it pointless to begin.
import { type Assignment, assignedTo, type Held, type Settings } from "./assignment.ts";
import { canonicalJson } from "./canonical-json.ts";
import { DocumentProblem } from "./document-problem.ts";
import { pendingTask } from "./machine-task.ts";
import type { Rollout, RolloutRules } from "./rollout.ts";
import { openNextWave } from "./rollout-course.ts";
import { type RolloutStep, withActions } from "./rollout-step.ts";
import { healthyFloor, nextWaveSize } from "./strategy.ts";
import { formatTagQuery, matchesTagQuery, type TagQuery, type Tags } from "./tag-query.ts";

/** A machine of the environment, as the control plane knows it. */
export interface Candidate {
  readonly name: string;
  readonly tags: Tags;
  /** When it was last heard, in milliseconds since 1970. */
  readonly heardMs: number;
  /** Whether the service is well there; `unknown` where it was never seen to run. */
  readonly health: "healthy" | "unhealthy" | "unknown";
}

/** What somebody wants rolled out. */
export interface RolloutOrder {
  readonly id: string;
  readonly environment: string;
  readonly service: string;
  readonly revision: string;
  readonly selector: TagQuery;
  readonly settings: Settings;
  readonly rules: RolloutRules;
  readonly owner: string;
  readonly reason: string;
  /** What the index says of the service now. */
  readonly current?: Assignment;
  /** The machines of the environment. */
  readonly machines: readonly Candidate[];
  readonly atMs: number;
}

/** Machines that a rollout would be about, in the order in which they would be changed, and those that are left out. */
export interface Participants {
  readonly machines: readonly string[];
  /** Of the group, but not heard lately: they get the revision when they are back and the rollout has succeeded. */
  readonly absent: readonly string[];
}

/**
 * Who takes part. In CodeDeploy's order: the unhealthy first, then the unknown, then those that run something older, then
 * those that run the revision already; within each by name. Throws `DocumentProblem` if there is nobody.
 */
export function participantsOf(order: RolloutOrder): Participants {
  const group = order.machines.filter(({ tags }) => matchesTagQuery(order.selector, tags));
  if (group.length === 0) throw refuse(order, nobodyIn(order));
  const isHeard = ({ heardMs }: Candidate) => order.atMs - heardMs < order.rules.silenceMs;
  const heard = group.filter(isHeard);
  if (heard.length === 0) {
    throw refuse(
      order,
      `none of its ${group.length} machines was heard lately: ${namesOf(group)}; start their agents and try again`,
    );
  }
  return {
    machines: [...heard]
      .sort((a, b) => rank(order, a) - rank(order, b) || byName(a, b))
      .map(({ name }) => name),
    absent: group.filter((machine) => !isHeard(machine)).map(({ name }) => name),
  };
}

/** Begins a rollout with its first wave. Throws `DocumentProblem` where it could not even begin. */
export function startRollout(order: RolloutOrder): RolloutStep {
  const { machines, absent } = participantsOf(order);
  const { strategy } = order.rules;
  if (
    nextWaveSize(strategy, { machines: machines.length, lost: 0, waves: 0 }) === 0 ||
    healthyFloor(strategy, machines.length) >= machines.length
  ) {
    throw refuse(
      order,
      `the strategy keeps ${healthyFloor(strategy, machines.length)} of ${machines.length} machines well, so none could ever be changed; ask for fewer`,
    );
  }
  const rollout: Rollout = {
    format: 1,
    ...described(order),
    startedMs: order.atMs,
    state: "rolling",
    held: false,
    waves: [],
    waiting: machines,
    kept: keptBy(order),
    tasks: Object.fromEntries(
      order.machines
        .filter(({ name }) => machines.includes(name))
        .map(({ name, heardMs }) => [name, pendingTask(heardMs, order.atMs)]),
    ),
    sentence: "",
  };
  const step = withActions(undefined, openNextWave(rollout, order.atMs));
  if (absent.length === 0) return step;
  const sentence = `left out, as they were not heard lately: ${absent.join(", ")}`;
  return { ...step, actions: [...step.actions, { kind: "note", sentence }] };
}

function described(order: RolloutOrder) {
  const { id, environment, service, revision, selector, settings, rules, owner, reason } = order;
  const previous = previousOf(order);
  return {
    id,
    environment,
    service,
    revision,
    ...(previous === undefined
      ? {}
      : { previous: previous.revision, previousSettings: previous.settings }),
    selector,
    settings,
    rules,
    owner,
    reason,
  };
}

/** What machines run that have no part in an unfinished rollout. */
function previousOf({ current }: RolloutOrder): Held | undefined {
  if (current === undefined) return undefined;
  const { state, revision, settings, previous, previousSettings = settings } = current;
  if (state === "settled") return { revision, settings };
  return previous === undefined ? undefined : { revision: previous, settings: previousSettings };
}

/** What machines run now, where that is not what ran before: an earlier rollout was left unfinished. */
function keptBy(order: RolloutOrder): Readonly<Record<string, Held>> {
  const previous = canonicalJson(previousOf(order) ?? null);
  const kept: Record<string, Held> = {};
  for (const machine of order.machines) {
    const runs = runsNow(order, machine);
    const isOther = runs !== undefined && canonicalJson(runs) !== previous;
    if (isOther && matchesTagQuery(order.selector, machine.tags)) kept[machine.name] = runs;
  }
  return kept;
}

function runsNow({ current }: RolloutOrder, machine: Candidate): Held | undefined {
  return current === undefined ? undefined : assignedTo(current, machine);
}

function rank(order: RolloutOrder, machine: Candidate): number {
  if (machine.health === "unhealthy") return 0;
  if (machine.health === "unknown") return 1;
  return runsNow(order, machine)?.revision === order.revision ? 3 : 2;
}

/** `web-2` comes before `web-10`. */
const inOrder = new Intl.Collator("en", { numeric: true });

function byName(a: Candidate, b: Candidate): number {
  return inOrder.compare(a.name, b.name);
}

function nobodyIn({ environment, machines, selector }: RolloutOrder): string {
  if (machines.length === 0)
    return `no machine has joined the environment ${environment}; join one with stoa agent`;
  return `none of the ${machines.length} machines of ${environment} has the tags ${formatTagQuery(selector)}; change their tags or the group`;
}

function namesOf(machines: readonly Candidate[]): string {
  return machines
    .map(({ name }) => name)
    .sort()
    .join(", ");
}

function refuse({ service }: RolloutOrder, reason: string): DocumentProblem {
  return new DocumentProblem("rollout", service, `cannot begin: ${reason}`);
}
