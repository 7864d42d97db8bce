// What was answered for a module's document, ready to be sent again, logged and counted without further thought.
import type { PreparedBytes } from "@stoa/serving";
import type { RequestSeries } from "./request-counters.ts";
import type { RequestLabel } from "./request-label.ts";

/** An answer to GET. */
export interface ReadyAnswer {
  readonly prepared: PreparedBytes;
  readonly label: RequestLabel;
  readonly log: (ms: number, id: string) => void;
  readonly series: RequestSeries;
}
