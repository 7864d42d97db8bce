// The door of the control plane.
export type { AuditEntry } from "./application/record-audit.ts";
export { type ControlPlane, type ControlPlaneSettings, openControlPlane } from "./control-plane.ts";
export type { LogLine } from "./domain/log-archive.ts";
export type { ShownRollout } from "./domain/rollout-record.ts";
