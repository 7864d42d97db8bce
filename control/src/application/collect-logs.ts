// Log lines: taken from machines, kept, read, followed.
import { type Clock, isoTime } from "../domain/clock.ts";
import { ControlFailure } from "../domain/control-failure.ts";
import { type FollowedItem, FollowedLines } from "../domain/followed-lines.ts";
import { type Allowed, LineAllowance } from "../domain/line-allowance.ts";
import type { LogArchive, LogLine, LogQuery } from "../domain/log-archive.ts";
import { checkedName } from "../domain/names.ts";

/** What logs are kept with. */
export interface LogParts {
  readonly archive: LogArchive;
  readonly clock: Clock;
  /** Whether the service was ever deployed there; lines of no other are kept. */
  readonly isDeployed: (environment: string, service: string) => boolean;
  /** Is told what is left out. */
  readonly onFailure: (failure: unknown) => void;
}

/** Where lines come from. */
export interface LineSource {
  readonly environment: string;
  readonly machine: string;
}

/** Who is to hear what arrives. */
interface Follower {
  readonly query: LogQuery;
  readonly lines: FollowedLines;
}

/** The lines of all services. No machine can make what is kept, or what waits for somebody who follows, grow without end. */
export class Logs {
  readonly #parts: LogParts;
  readonly #followers = new Set<Follower>();
  /** By environment, service and machine. */
  readonly #allowances = new Map<string, LineAllowance>();

  constructor(parts: LogParts) {
    this.#parts = parts;
  }

  /** Keeps lines of one machine, by service; more of them than a machine may is left out, and that is said among them. */
  async take(source: LineSource, lines: ReadonlyMap<string, readonly LogLine[]>): Promise<void> {
    const { isDeployed, onFailure } = this.#parts;
    const { environment, machine } = source;
    for (const [service, ofService] of lines) {
      if (isDeployed(environment, checkedName(service, "a service")))
        await this.#keep(source, service, ofService);
      else onFailure(leftOut(`${machine} sends lines of services that ${environment} never had`));
    }
  }

  async read(query: LogQuery): Promise<readonly LogLine[]> {
    checkedName(query.environment, "an environment");
    checkedName(query.service, "a service");
    return await this.#parts.archive.read(query);
  }

  /**
   * What is kept, and then what arrives until the signal; one line may come twice at the seam. None is left out but those that
   * wait too long for who follows, and it is said where and how many.
   */
  async *follow(query: LogQuery, signal: AbortSignal): AsyncGenerator<FollowedItem> {
    const follower = { query, lines: new FollowedLines(signal) };
    this.#followers.add(follower);
    try {
      for (const line of await this.read(query)) yield { kind: "line", line };
      yield* follower.lines.items();
    } finally {
      this.#followers.delete(follower);
    }
  }

  async #keep(
    { environment, machine }: LineSource,
    service: string,
    lines: readonly LogLine[],
  ): Promise<void> {
    const { archive, clock, onFailure } = this.#parts;
    const allowed = this.#allowanceOf(`${environment}/${service}/${machine}`).take(
      lines,
      clock.monotonicMs(),
    );
    const at = isoTime(clock.now());
    const kept = withNotices(allowed, (text) => {
      const revision = lines[0]?.revision ?? "";
      return { at, machine, revision, stream: "agent", text };
    });
    if (allowed.begins) onFailure(leftOut(`${service} on ${machine} writes too much`));
    if (kept.length === 0) return;
    await archive.append(environment, service, kept);
    for (const { query, lines: followed } of this.#followers) {
      if (query.environment !== environment || query.service !== service) continue;
      if ((query.machine ?? machine) === machine) followed.push(kept);
    }
  }

  #allowanceOf(name: string): LineAllowance {
    const known = this.#allowances.get(name);
    if (known !== undefined) return known;
    const made = new LineAllowance(this.#parts.clock.monotonicMs());
    this.#allowances.set(name, made);
    return made;
  }
}

/** The lines that are kept, with a sentence where others are missing. */
function withNotices(
  { lines, begins, missed }: Allowed,
  notice: (text: string) => LogLine,
): readonly LogLine[] {
  const kept: LogLine[] = [];
  if (missed > 0) kept.push(notice(`${missed} lines were left out here`));
  kept.push(...lines);
  if (begins)
    kept.push(
      notice(
        "more is written than is kept here: lines are left out; the machine's own log has them",
      ),
    );
  return kept;
}

function leftOut(what: string): ControlFailure {
  return new ControlFailure("too_large", `${what}: lines are left out of what stoa logs shows`);
}
