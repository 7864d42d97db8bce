// The door of the agent: what runs on each server.

export { type AgentSettings, openAgent } from "./agent.ts";
export { checkedEnrolment, type Enrolment } from "./domain/enrolment.ts";
export {
  type JoinOrder,
  joinMachine,
  keepEnrolment,
  keepSettingsKeys,
  machineArchitecture,
  machineKeyOf,
  readEnrolment,
} from "./enrolment.ts";
export { chooseSupervision, type Supervision } from "./supervision.ts";
