// What is told of a service where all of them are listed.

/** One service in one environment. */
export interface ServiceSummary {
  readonly service: string;
  readonly environment: string;
  readonly revision: string;
  readonly version: string;
  readonly rollout: string;
  /** How many machines run it, of how many that should. */
  readonly running: number;
  readonly machines: number;
  /**
   * `running`, `converging`, `unreachable`, `failed`, `removing` until the last machine has stopped it, or the state of the
   * rollout while one runs.
   */
  readonly state: string;
  readonly since: string;
  readonly url?: string;
}
