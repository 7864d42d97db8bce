// The agent without its adapters, for simulations: every part of the world is given to it.
export { ConvergingService } from "../application/converge-service.ts";
export { Decisions } from "../application/decisions.ts";
export { FollowedPolicy } from "../application/follow-policy.ts";
export { Documents, revisionPathIn } from "../application/read-documents.ts";
export { Agent } from "../application/run-agent.ts";
export { AgentFailure } from "../domain/agent-failure.ts";
export type { Clock, Random } from "../domain/clock.ts";
export type { Disk, DiskEntry } from "../domain/disk.ts";
export type { DocumentRead, DocumentSource, StatusSink } from "../domain/document-source.ts";
export type { Failpoint } from "../domain/failpoint.ts";
export type { Launch, ProcessState, ProcessView } from "../domain/launch.ts";
export { layoutOf, serviceLayoutOf } from "../domain/layout.ts";
export type { Answer, Probe } from "../domain/probe.ts";
export { parseJournal } from "../domain/service-journal.ts";
export type { StopOrder, Supervisor } from "../domain/supervisor.ts";
