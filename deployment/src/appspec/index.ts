// The rules of appspec.yml: what it says, what is wrong with it, and what it means for a machine.
export { type AclEntry, type AclKind, completeAcl } from "./acl.ts";
export {
  type Appspec,
  type FileExistsBehavior,
  type FileRule,
  findAppspec,
  type PermissionRule,
  wrappingFolder,
} from "./appspec.ts";
export { type AppspecReading, readAppspec } from "./appspec-document.ts";
export { type LintedFile, lintBundle } from "./bundle-lint.ts";
export { type Diagnostic, formatDiagnostic, hasErrors, type Place } from "./diagnostic.ts";
export {
  type HookFacts,
  type HookScript,
  hookCommand,
  hookEnvironment,
  hookResults,
  longestSeconds,
} from "./hook-script.ts";
export {
  type Encounter,
  type InstallPlan,
  meet,
  type PlannedFile,
  pathsToLookAt,
  planInstall,
  type Standing,
} from "./install-plan.ts";
export {
  chosenEvents,
  isHook,
  isLifecycleEvent,
  type LifecycleEvent,
  lifecycleEvents,
  lifecycleOf,
  scriptsAt,
} from "./lifecycle.ts";
export {
  type Made,
  type PermissionPlan,
  type PlannedPermission,
  planPermissions,
} from "./permission-plan.ts";
export type { SelinuxContext } from "./selinux-context.ts";
