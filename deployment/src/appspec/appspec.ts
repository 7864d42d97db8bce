// What an appspec.yml says, once it is known to be sound.
import type { AclEntry } from "./acl.ts";
import type { Place } from "./diagnostic.ts";
import type { HookScript } from "./hook-script.ts";
import type { LifecycleEvent } from "./lifecycle.ts";
import type { SelinuxContext } from "./selinux-context.ts";

/** Something of the bundle that is copied somewhere. */
export interface FileRule {
  /** Relative to the bundle, without slashes at its ends; empty for the whole bundle. */
  readonly source: string;
  /** The folder it is copied into: absolute, without a slash at its end. */
  readonly destination: string;
  readonly place: Place;
}

/** What happens to a file that stands where one is to be copied and that no earlier deployment put there. */
export type FileExistsBehavior = "DISALLOW" | "OVERWRITE" | "RETAIN";

/** Who may do what with what was copied. */
export interface PermissionRule {
  /** A file that is copied, or a folder with copied things below it; absolute. */
  readonly object: string;
  /** `**` for everything below at any depth; else a name of something directly inside, with `*` for any letters. */
  readonly pattern: string;
  readonly except: readonly string[];
  readonly types: readonly ("file" | "directory")[];
  /** Whether the appspec says the types itself. */
  readonly hasOwnTypes: boolean;
  readonly owner?: string;
  readonly group?: string;
  /** Permission bits, `0o7777` at most. */
  readonly mode?: number;
  readonly acls?: readonly AclEntry[];
  readonly context?: SelinuxContext;
  readonly place: Place;
}

/** What an appspec.yml says. */
export interface Appspec {
  readonly os: "linux";
  readonly files: readonly FileRule[];
  readonly fileExistsBehavior?: FileExistsBehavior;
  readonly permissions: readonly PermissionRule[];
  readonly hooks: ReadonlyMap<LifecycleEvent, readonly HookScript[]>;
}

/** The appspec among the files of a bundle: a given name, or `appspec.yml`, or `appspec.yaml`. */
export function findAppspec(paths: readonly string[], given?: string): string | undefined {
  return (given === undefined ? ["appspec.yml", "appspec.yaml"] : [given]).find((name) =>
    paths.includes(name),
  );
}

/**
 * The folder, with its slash, that is taken off all paths of a bundle: where everything lies in one folder and something
 * with appspec in its name directly inside, as in the archives that GitHub makes. Empty where nothing is taken off.
 */
export function wrappingFolder(paths: readonly string[]): string {
  const first = paths[0] ?? "";
  const folder = first.slice(0, first.indexOf("/") + 1);
  const isWrapped = folder !== "" && paths.every((path) => path.startsWith(folder));
  const hasAppspec = paths.some((path) => /^[^/]*appspec[^/]*$/i.test(path.slice(folder.length)));
  return isWrapped && hasAppspec ? folder : "";
}
