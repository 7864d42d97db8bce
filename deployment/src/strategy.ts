// In which steps a group is moved to a revision.
import { DocumentProblem } from "./document-problem.ts";
import { type HealthFloor, mayChangeAtOnce, minimumHealthy } from "./minimum-healthy.ts";

/** How many machines are changed at once. */
export type Pace =
  | { readonly kind: "all-at-once" }
  | { readonly kind: "half" }
  | { readonly kind: "one-at-a-time" }
  /** So many of a hundred, rounded down, one at least. */
  | { readonly kind: "percent"; readonly percent: number }
  | { readonly kind: "minimum-healthy"; readonly floor: HealthFloor };

/** In which steps a group is moved: at one pace, or a few machines first and the rest at a pace. */
export type Strategy =
  | Pace
  | { readonly kind: "canary"; readonly machines: number; readonly rest: Pace };

/** How a group stands in the middle of a rollout. */
export interface GroupCount {
  /** Machines that the rollout is about. */
  readonly machines: number;
  /** Those of them that failed or are out of reach. */
  readonly lost: number;
  /** Waves that were opened already. */
  readonly waves: number;
}

/** How many machines the next wave may have; 0 where too few are well to go on. */
export function nextWaveSize(strategy: Strategy, group: GroupCount): number {
  const floor = healthyFloor(strategy, group.machines);
  const most = mayChangeAtOnce(group.machines - group.lost, floor);
  if (strategy.kind === "canary" && group.waves === 0)
    return Math.min(strategy.machines, group.machines);
  return most;
}

/** How many machines must stay well. One that changes counts as not well. */
export function healthyFloor(strategy: Strategy, machines: number): number {
  const pace = paceOf(strategy);
  switch (pace.kind) {
    case "all-at-once":
      return 0;
    case "half":
      // Half of one machine is that machine.
      return Math.min(minimumHealthy({ percent: 50 }, machines), Math.max(0, machines - 1));
    case "one-at-a-time":
      return Math.max(0, machines - 1);
    case "percent":
      return machines - Math.max(1, Math.floor((machines * pace.percent) / 100));
    case "minimum-healthy":
      return minimumHealthy(pace.floor, machines);
  }
}

/**
 * How many machines must have moved for a rollout to have succeeded: the floor, and one at least. One at a time they all must,
 * also the last: CodeDeploy forgives the last one.
 */
export function successesNeeded(strategy: Strategy, machines: number): number {
  return paceOf(strategy).kind === "one-at-a-time"
    ? machines
    : Math.max(1, healthyFloor(strategy, machines));
}

/** The waves that follow one another when nothing fails. Throws `DocumentProblem` where none can begin. */
export function planWaves(
  strategy: Strategy,
  machines: readonly string[],
): readonly (readonly string[])[] {
  const waves: (readonly string[])[] = [];
  for (let done = 0; done < machines.length; ) {
    const size = nextWaveSize(strategy, {
      machines: machines.length,
      lost: 0,
      waves: waves.length,
    });
    if (size === 0) {
      throw new DocumentProblem(
        "strategy",
        "",
        `keeps ${healthyFloor(strategy, machines.length)} of ${machines.length} machines well, so none could ever be changed; ask for fewer`,
      );
    }
    waves.push(machines.slice(done, done + size));
    done += size;
  }
  return waves;
}

function paceOf(strategy: Strategy): Pace {
  return strategy.kind === "canary" ? strategy.rest : strategy;
}

/** Other words for strategies; the capital ones are CodeDeploy's. */
const otherWords: ReadonlyMap<string, string> = new Map([
  ["all", "all-at-once"],
  ["one", "one-at-a-time"],
  ["CodeDeployDefault.AllAtOnce", "all-at-once"],
  ["CodeDeployDefault.HalfAtATime", "half"],
  ["CodeDeployDefault.OneAtATime", "one-at-a-time"],
]);

/**
 * Reads a strategy as people write it: `all-at-once`, `half`, `one-at-a-time`, `25%`, `minimum-healthy:6`,
 * `minimum-healthy:40%`, `canary`, `canary:2`, `canary:1:half`. Throws `DocumentProblem`.
 */
export function parseStrategy(text: string): Strategy {
  const canary = /^canary(?::(\d{1,6})(?::(.+))?)?$/.exec(text);
  if (canary === null) return parsePace(text);
  const [, machines = "1", rest = "all-at-once"] = canary;
  if (Number(machines) === 0)
    throw new DocumentProblem("strategy", "", "has a canary of no machines");
  return { kind: "canary", machines: Number(machines), rest: parsePace(rest) };
}

function parsePace(text: string): Pace {
  const word = otherWords.get(text) ?? text;
  if (word === "all-at-once" || word === "half" || word === "one-at-a-time") return { kind: word };
  const percent = /^(\d{1,3}(?:\.\d{1,2})?)%$/.exec(word);
  if (percent !== null && isPercent(Number(percent[1])))
    return { kind: "percent", percent: Number(percent[1]) };
  const floor = /^minimum-healthy:(\d{1,6}(?:\.\d{1,2})?)(%?)$/.exec(word);
  if (floor !== null)
    return { kind: "minimum-healthy", floor: parseFloor(Number(floor[1]), floor[2] === "%") };
  throw new DocumentProblem(
    "strategy",
    "",
    `${JSON.stringify(text)} is none of all-at-once, half, one-at-a-time, 25%, minimum-healthy:6, minimum-healthy:40%, canary:1:half`,
  );
}

function parseFloor(number: number, isShare: boolean): HealthFloor {
  if (isShare && number <= 100) return { percent: number };
  if (!isShare && Number.isInteger(number)) return { machines: number };
  throw new DocumentProblem(
    "strategy",
    "",
    `cannot keep ${number}${isShare ? "%" : " machines"} well`,
  );
}

function isPercent(number: number): boolean {
  return number > 0 && number <= 100;
}

/** A strategy as `parseStrategy` reads it. */
export function formatStrategy(strategy: Strategy): string {
  switch (strategy.kind) {
    case "percent":
      return `${strategy.percent}%`;
    case "minimum-healthy":
      return "machines" in strategy.floor
        ? `minimum-healthy:${strategy.floor.machines}`
        : `minimum-healthy:${strategy.floor.percent}%`;
    case "canary":
      return `canary:${strategy.machines}:${formatStrategy(strategy.rest)}`;
    default:
      return strategy.kind;
  }
}
