// What is found out, step by step, about the way to a module's repository.

/** The steps, in their order; a step that fails is the last, but for addresses of which one is enough. */
export type AccessStep = "route" | "git" | "place" | "login" | "repository" | "module";

export interface AccessFinding {
  readonly step: AccessStep;
  /** Whether it goes on from here. */
  readonly works: boolean;
  /** A sentence for people, without credentials. */
  readonly sentence: string;
}
