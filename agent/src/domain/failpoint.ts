// Named moments between two steps of the agent, at which tests stop it.

/** Does nothing, but in tests: there it may fail, or end the process. */
export type Failpoint = (moment: Moment) => Promise<void>;

/** Every moment at which a crash must leave a machine that works, in the order of a deployment. */
export const moments = [
  "documents-verified",
  "blob-fetched",
  "journal-begun",
  "files-staged",
  "release-renamed",
  "rehearsed",
  "old-stopped",
  "link-moved",
  "new-started",
  "new-validated",
  "journal-committed",
  "link-switched",
  "new-kept",
  "old-asked-to-drain",
  "old-drained",
  "journal-done",
] as const;
export type Moment = (typeof moments)[number];

/** Goes on. */
export const noFailpoint: Failpoint = async () => undefined;
