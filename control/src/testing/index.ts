// The control plane without its adapters and routes, for simulations: every part of the world is given to it.
export { Environments } from "../application/change-environments.ts";
export { Revisions } from "../application/keep-revisions.ts";
export { ServiceSettings } from "../application/keep-settings.ts";
export { Tokens } from "../application/keep-tokens.ts";
export { Machines } from "../application/know-machines.ts";
export { type AuditEntry, AuditLog } from "../application/record-audit.ts";
export { Rollouts } from "../application/run-rollouts.ts";
export { SignedTree } from "../application/sign-documents.ts";
export { type RolloutRequest, startRollout } from "../application/start-rollout.ts";
export { steerRollout } from "../application/steer-rollout.ts";
export type { BlobShelf, OpenBlob } from "../domain/blob-shelf.ts";
export type { Clock } from "../domain/clock.ts";
export { ControlFailure } from "../domain/control-failure.ts";
export type { DocumentTree, StoredDocument } from "../domain/document-tree.ts";
export type { SettingsKeys } from "../domain/settings-keys.ts";
export { treePaths } from "../domain/tree-paths.ts";
