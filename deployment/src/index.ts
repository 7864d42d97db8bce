// The words of delivery: what runs where, who says so, and how it gets there.

export { type Approval, approvalPath, settingsDigest } from "./approval.ts";
export {
  type Assignment,
  type AssignmentState,
  assignedRevision,
  assignedTo,
  type Held,
  type Member,
  type Settings,
} from "./assignment.ts";
export { bundlePathProblem } from "./bundle-path.ts";
export { canonicalJson, parseCanonicalJson } from "./canonical-json.ts";
export { type Digest, digestOf, hexOfDigest, sha256Hex } from "./digest.ts";
export { DocumentProblem } from "./document-problem.ts";
export { type Elf, elfProblem, isElf, programProblem, readElf } from "./elf.ts";
export {
  countersign,
  type Demands,
  type DocumentKind,
  joinSignatures,
  type Opened,
  openEnvelope,
  type RefusalReason,
  type Refused,
  type SignedDocuments,
  sealEnvelope,
} from "./envelope.ts";
export {
  type Desired,
  type EnvironmentIndex,
  parseEnvironmentIndex,
  revisionFor,
} from "./environment-index.ts";
export { readGoBuildInfo } from "./go-binary.ts";
export type { GoBuildInfo, GoModule } from "./go-build-info.ts";
export { type HandOffLibrary, handOffLibraryOf } from "./go-hand-off.ts";
export type { Health, HttpHealth, ListeningHealth, NoHealth } from "./health.ts";
export { type JoinStatement, provesJoin, signJoin } from "./join-statement.ts";
export {
  type HealthAnswer,
  type MachineStatus,
  parseMachineStatus,
  type ServiceState,
  type ServiceStatus,
} from "./machine-status.ts";
export {
  isLost,
  isTouched,
  isUnderWay,
  type MachineTask,
  type MachineTaskState,
  type Patience,
} from "./machine-task.ts";
export { type HealthFloor, mayChangeAtOnce, minimumHealthy } from "./minimum-healthy.ts";
export {
  makeSecretKey,
  type PublicKey,
  parsePublicKey,
  parseSecretKey,
  publicKeyFile,
  publicKeyLine,
  type SecretKey,
  secretKeyFile,
} from "./minisign-key.ts";
export { parseSignature, type Signature, signText, verifiesText } from "./minisign-signature.ts";
export { isLabel, isMachineName } from "./names.ts";
export {
  differentKeys,
  type Freeze,
  type Override,
  type Policy,
  parsePolicy,
  type Rule,
} from "./policy.ts";
export {
  administratorsOf,
  type FirstTrust,
  openNextPolicy,
  type Succession,
} from "./policy-succession.ts";
export {
  approversOf,
  freezeOf,
  type Intent,
  needsApproval,
  ruleOf,
  whyExpired,
  whyForbidden,
  whyFrozen,
  whyNotBy,
} from "./policy-verdict.ts";
export {
  type Architecture,
  architectures,
  parseRevision,
  type Revision,
  type RevisionFile,
  revisionId,
  shortId,
} from "./revision.ts";
export {
  type Change,
  differenceOf,
  isSameRevision,
  type RevisionDifference,
} from "./revision-difference.ts";
export {
  defaultRules,
  isOver,
  type Rollout,
  type RolloutRules,
  type RolloutState,
} from "./rollout.ts";
export { type WantedAssignment, wantedAssignment } from "./rollout-assignment.ts";
export {
  type Candidate,
  type Participants,
  participantsOf,
  type RolloutOrder,
  startRollout,
} from "./rollout-start.ts";
export {
  type RolloutAction,
  type RolloutEvent,
  type RolloutStep,
  stepRollout,
} from "./rollout-step.ts";
export type { HandOff, Limits, Readiness, Run, Socket } from "./run.ts";
export {
  makeSettingsKey,
  openSetting,
  parseSettingsKey,
  type SettingsKey,
  sealingKeyOf,
  sealSetting,
  settingsKeyLine,
} from "./sealed-setting.ts";
export {
  formatStrategy,
  type Pace,
  parseStrategy,
  planWaves,
  type Strategy,
} from "./strategy.ts";
export {
  formatTagQuery,
  matchesTagQuery,
  parseTagQuery,
  type TagFilter,
  type TagGroup,
  type TagQuery,
  type Tags,
} from "./tag-query.ts";
