// What the steps that concern one service have in common.
import type { Clock } from "../domain/clock.ts";
import type { Disk } from "../domain/disk.ts";
import type { DocumentSource } from "../domain/document-source.ts";
import type { Failpoint } from "../domain/failpoint.ts";
import type { ServiceLayout } from "../domain/layout.ts";
import type { Machine } from "../domain/machine.ts";
import type { Permissions } from "../domain/permissions.ts";
import type { Probe } from "../domain/probe.ts";
import type { Scripts } from "../domain/script.ts";
import type { SettingsOpening } from "../domain/settings-opening.ts";
import type { Supervisor } from "../domain/supervisor.ts";

/** One service on this machine, and everything around it. */
export interface ServiceParts {
  readonly service: string;
  readonly layout: ServiceLayout;
  readonly blobsFolder: string;
  readonly machine: Machine;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly source: DocumentSource;
  readonly supervisor: Supervisor;
  readonly probe: Probe;
  readonly failpoint: Failpoint;
  readonly scripts: Scripts;
  readonly permissions: Permissions;
  readonly settings: SettingsOpening;
  /** What takes the place of `/` where an appspec says where files go. */
  readonly targetRoot: string;
  /** Whether lifecycles keep to CodeDeploy, its traps included. */
  readonly strict: boolean;
  /** Records what was decided and why, in one sentence. */
  note(sentence: string): void;
}
