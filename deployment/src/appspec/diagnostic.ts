// Something to be said about a place in an appspec.

/** A place in a text, both numbers from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Something to be said about a place. An error keeps the bundle from being deployed, a warning does not. */
export interface Diagnostic extends Place {
  readonly severity: "error" | "warning";
  /** What is wrong and what to do, without the place. */
  readonly sentence: string;
}

/** `appspec.yml:12:7: error: …`, as compilers write it. */
export function formatDiagnostic(
  file: string,
  { line, column, severity, sentence }: Diagnostic,
): string {
  return `${file}:${line}:${column}: ${severity}: ${sentence}`;
}

/** Whether a bundle with these diagnostics must not be deployed. */
export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some(({ severity }) => severity === "error");
}
