// What is wrong with a configured policy: all of it at once.

/** A policy that cannot be used. Each problem is one sentence that begins with its place: `rules.hcl:3:8: …`. */
export class PolicyProblems extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.name = "PolicyProblems";
    this.problems = problems;
  }
}
