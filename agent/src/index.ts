// The door of the agent: what runs on each server.
export { type AgentSettings, openAgent } from "./agent.ts";
export { openKeeper, type RunningKeeper } from "./keeper.ts";
