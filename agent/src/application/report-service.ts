// What the machine reports about a service, from what is wanted of it and what is known of it.
import type { ServiceStatus } from "@stoa/deployment";
import type { ProcessView } from "../domain/launch.ts";
import { type Committed, isSame, type ServiceJournal } from "../domain/service-journal.ts";
import { keyOf, refusalOf, targetOf, type Wanted } from "../domain/wanted.ts";
import { lastLines } from "./last-lines.ts";
import type { Condition } from "./repair-service.ts";
import type { Trouble } from "./retry-deployment.ts";
import type { ServiceParts } from "./service-parts.ts";

/** What is known of a service. */
export interface KnownService {
  /** Absent before the first round. */
  readonly journal: ServiceJournal | undefined;
  readonly condition: Condition;
  /** What is being done. */
  readonly step: string | undefined;
  /** What went wrong last. */
  readonly trouble: Trouble | undefined;
}

type Verdict = Pick<ServiceStatus, "state" | "sentence">;

/** All but since when; undefined if the machine knows nothing of the service. */
export async function reportOn(
  parts: ServiceParts,
  wanted: Wanted | undefined,
  known: KnownService,
): Promise<Omit<ServiceStatus, "since"> | undefined> {
  const { journal, step, trouble } = known;
  const committed = journal?.committed;
  if (wanted === undefined && committed === undefined && trouble === undefined) {
    if (journal === undefined) return undefined;
    const sentence = "does not run here, and should not";
    return { state: "stopped", sentence, restarts: 0, health: "unknown" };
  }
  const { view, health, addresses } = known.condition;
  const running = committed?.release;
  const said = refusalOf(wanted, journal)?.lastLines ?? (await lastWords(parts, committed, view));
  return {
    ...(wanted === undefined ? {} : { desired: wanted.revision }),
    ...(running === undefined ? {} : { running }),
    ...(step === undefined ? {} : { step }),
    ...(said === undefined ? {} : { lastLines: [...said] }),
    ...verdict(wanted, known),
    ...(addresses.size === 0 ? {} : { addresses: Object.fromEntries(addresses) }),
    restarts: view?.restarts ?? 0,
    health,
  };
}

/** What was written last, where what serves has ended and is started again. */
async function lastWords(
  { disk, layout }: ServiceParts,
  committed: Committed | undefined,
  view: ProcessView | undefined,
): Promise<readonly string[] | undefined> {
  if (view === undefined || view.state === "running" || view.id !== committed?.process)
    return undefined;
  return await lastLines(disk, layout.log, 0);
}

function verdict(wanted: Wanted | undefined, known: KnownService): Verdict {
  const { journal, step, condition } = known;
  const refused = refusalOf(wanted, journal);
  if (refused !== undefined) return { state: "failed", sentence: refused.sentence };
  const trouble = known.trouble?.key === keyOf(wanted) ? known.trouble : undefined;
  // Committed is not yet served alone: the old process may still take connections.
  const isUnderWay = journal?.handOver !== undefined;
  if (wanted === undefined || isUnderWay || !isSame(journal?.committed, targetOf(wanted))) {
    return {
      state: trouble?.isStanding === true ? "failed" : "converging",
      sentence: trouble?.sentence ?? step ?? "about to begin",
    };
  }
  if (trouble !== undefined) return { state: "failed", sentence: trouble.sentence };
  return verdictOnCommitted(journal?.committed, condition.view);
}

/** Where it runs what it should. */
function verdictOnCommitted(
  committed: Committed | undefined,
  view: ProcessView | undefined,
): Verdict {
  if (committed?.manner === "scripts") {
    return { state: "running", sentence: "its scripts have started and validated it" };
  }
  if (view === undefined || view.id !== committed?.process) {
    return { state: "converging", sentence: "about to be looked at" };
  }
  if (view.state !== "running") return { state: "failed", sentence: view.sentence };
  if (view.pid === 0) return { state: "converging", sentence: "about to be looked at again" };
  return { state: "running", sentence: `it runs as process ${view.pid}` };
}
