// Where in the tree which document lies, and what a path of the tree may look like.
import { ControlFailure } from "./control-failure.ts";

const segment = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/;

/** The path itself if it is one of the tree's. Throws `bad_request`. */
export function checkedPath(path: string): string {
  if (path.length <= 1024 && path.split("/").every((part) => segment.test(part))) return path;
  throw new ControlFailure("bad_request", `${JSON.stringify(path)} is not a path of the tree`);
}

export const treePaths = {
  revision: (service: string, id: string): string => `revisions/${service}/${id}.json`,
  index: (environment: string): string => `environments/${environment}/index.json`,
  indexHistory: (environment: string, serial: number): string =>
    `environments/${environment}/history/${serial}.json`,
  /** The folder of an environment's policies. */
  policies: (environment: string): string => `environments/${environment}/policy`,
  policy: (environment: string, serial: number): string =>
    `environments/${environment}/policy/${serial}.json`,
  machine: (machine: string): string => `machines/${machine}/machine.json`,
  status: (machine: string): string => `machines/${machine}/status.json`,
  rollout: (id: string): string => `rollouts/${id}.json`,
  audit: (entry: number): string => `audit/${entry}.json`,
  /** How long the audit log is; outside of the folder of its entries. */
  auditHead: "audit-head.json",
  /** Not served: see `isServed`. */
  token: (id: string): string => `private/tokens/${id}.json`,
} as const;

/** Whether agents may read the path at all; what lies under `private/` leaves the control plane never. */
export function isServed(path: string): boolean {
  return !path.startsWith("private/");
}
