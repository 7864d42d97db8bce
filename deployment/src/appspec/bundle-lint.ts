// What can be known to be wrong with a bundle before it meets a machine.
import { bundlePathProblem } from "../bundle-path.ts";
import { isElf } from "../elf.ts";
import type { Appspec } from "./appspec.ts";
import { readAppspec } from "./appspec-document.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { type HookScript, longestSeconds } from "./hook-script.ts";
import { planInstall } from "./install-plan.ts";
import { planPermissions } from "./permission-plan.ts";

/** A file of a bundle, as far as a lint looks at it. */
export interface LintedFile {
  readonly path: string;
  readonly mode: number;
  /** The first bytes, 256 of them if there are as many. */
  readonly head: Uint8Array;
}

/** Everything that is to be said about a bundle, sorted by place. `appspec` is the text of its appspec. */
export function lintBundle(appspec: string, files: readonly LintedFile[]): readonly Diagnostic[] {
  const reading = readAppspec(appspec);
  const diagnostics = [...reading.diagnostics, ...files.flatMap(pathDiagnostics)];
  if (reading.appspec !== undefined) diagnostics.push(...lintAppspec(reading.appspec, files));
  return diagnostics.sort((a, b) => a.line - b.line || a.column - b.column);
}

function pathDiagnostics({ path }: LintedFile): readonly Diagnostic[] {
  const problem = bundlePathProblem(path);
  return problem === undefined
    ? []
    : [
        {
          severity: "error",
          line: 1,
          column: 1,
          sentence: `the bundle's path ${JSON.stringify(path)} ${problem}`,
        },
      ];
}

function lintAppspec(appspec: Appspec, files: readonly LintedFile[]): readonly Diagnostic[] {
  const plan = planInstall(
    appspec,
    files.map(({ path }) => path),
  );
  const permissions = planPermissions(appspec, {
    files: plan.files.map(({ target }) => target),
    folders: plan.folders,
  });
  return [
    ...plan.problems,
    ...permissions.problems,
    ...[...appspec.hooks].flatMap(([event, scripts]) => lintEvent(event, scripts, files)),
  ];
}

function lintEvent(
  event: string,
  scripts: readonly HookScript[],
  files: readonly LintedFile[],
): readonly Diagnostic[] {
  const limits = scripts
    .filter(({ hasOwnTimeout }) => hasOwnTimeout)
    .map(({ timeoutSeconds }) => timeoutSeconds);
  const sum = limits.reduce((total, seconds) => total + seconds, 0);
  const [first] = scripts;
  const tooLong =
    first !== undefined && sum > longestSeconds
      ? [
          say(
            "error",
            first,
            `the scripts of ${event} may take ${sum} seconds together, and an event ends after ${longestSeconds}`,
          ),
        ]
      : [];
  return [...tooLong, ...scripts.flatMap((script) => lintScript(script, files))];
}

function lintScript(script: HookScript, files: readonly LintedFile[]): readonly Diagnostic[] {
  const file = files.find(({ path }) => path === script.location);
  if (file === undefined) {
    return [say("error", script, `the script ${script.location} is not in the bundle`)];
  }
  const diagnostics: Diagnostic[] = [];
  if ((file.mode & 0o111) === 0) {
    diagnostics.push(
      say(
        "warning",
        script,
        `${script.location} is not executable and will be made so; run chmod +x on it`,
      ),
    );
  }
  const problem = interpreterProblem(file.head);
  if (problem !== undefined)
    diagnostics.push(say(problem.severity, script, `${script.location} ${problem.sentence}`));
  return diagnostics;
}

/** What the kernel will make of the first line (execve(2)). */
function interpreterProblem(
  head: Uint8Array,
): Pick<Diagnostic, "severity" | "sentence"> | undefined {
  if (isElf(head)) return undefined;
  const [line = ""] = Buffer.from(head).toString("latin1").split("\n");
  if (line.startsWith("\xef\xbb\xbf")) {
    return {
      severity: "error",
      sentence: "begins with a byte order mark, which hides its #! from Linux; save it without",
    };
  }
  if (!line.startsWith("#!")) {
    return {
      severity: "warning",
      sentence: "has no #! in its first line and is run by /bin/sh; write #!/bin/sh",
    };
  }
  if (line.endsWith("\r")) {
    return {
      severity: "error",
      sentence:
        "has Windows line ends, so Linux looks for an interpreter that ends in a carriage return; save it with Unix line ends",
    };
  }
  const [interpreter = ""] = line.slice(2).trim().split(/[ \t]/);
  if (!interpreter.startsWith("/")) {
    return {
      severity: "error",
      sentence: `names the interpreter ${JSON.stringify(interpreter)}, which must be an absolute path`,
    };
  }
  return undefined;
}

function say(
  severity: Diagnostic["severity"],
  { place }: HookScript,
  sentence: string,
): Diagnostic {
  return { severity, line: place.line, column: place.column, sentence };
}
