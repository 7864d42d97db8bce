// Where things lie on a machine. The folders are those that docs/agent.md describes.
import { join } from "node:path";

/** Where a root folder holds what. */
export interface Layout {
  readonly keeperFolder: string;
  readonly keeperSocket: string;
  readonly keeperRecord: string;
  /** Makes sockets listen, in a process that lives for a moment. */
  readonly keeperScript: string;
  /** Which units there are, and the environments of their processes. */
  readonly systemdRecord: string;
  readonly systemdEnvironments: string;
  /** The newest index that was believed. */
  readonly indexPath: string;
  /** The newest policy that was believed. */
  readonly policyPath: string;
  /** What this machine is called, of which environment it is, and whom it believes. */
  readonly enrolmentPath: string;
  readonly machineKeyPath: string;
  /** The keys of the environment's settings. */
  readonly settingsKeysPath: string;
  readonly keeperLog: string;
  readonly blobsFolder: string;
  readonly servicesFolder: string;
  readonly statusPath: string;
  /** Takes room that is given up where there is none for documents. */
  readonly reservePath: string;
  /** How far the logs of services were sent. */
  readonly logPlacesPath: string;
}

/** The paths below a root folder. */
export function layoutOf(root: string): Layout {
  return {
    keeperFolder: join(root, "keeper"),
    keeperSocket: join(root, "keeper", "control.sock"),
    keeperRecord: join(root, "keeper", "state.json"),
    keeperScript: join(root, "keeper", "listen.cjs"),
    systemdRecord: join(root, "systemd", "units.json"),
    systemdEnvironments: join(root, "systemd", "environments"),
    enrolmentPath: join(root, "machine.json"),
    machineKeyPath: join(root, "keys", "machine.key"),
    settingsKeysPath: join(root, "keys", "settings.keys"),
    keeperLog: join(root, "keeper", "keeper.log"),
    indexPath: join(root, "status", "index.json"),
    policyPath: join(root, "status", "policy.json"),
    blobsFolder: join(root, "blobs"),
    servicesFolder: join(root, "services"),
    logPlacesPath: join(root, "status", "log-places.json"),
    statusPath: join(root, "status", "status.json"),
    reservePath: join(root, "status", "reserve"),
  };
}

/** Where a service lies below `servicesFolder`. */
export interface ServiceLayout {
  readonly folder: string;
  /** Holds one folder for each release, named by the id of its revision. */
  readonly releases: string;
  /** Releases that are not whole yet. */
  readonly staging: string;
  readonly current: string;
  readonly previous: string;
  readonly journal: string;
  /** What the appspec of the installed bundle has put on the machine. */
  readonly installState: string;
  readonly log: string;
}

/** The paths of a service. */
export function serviceLayoutOf({ servicesFolder }: Layout, service: string): ServiceLayout {
  const folder = join(servicesFolder, service);
  return {
    folder,
    releases: join(folder, "releases"),
    staging: join(folder, "staging"),
    current: join(folder, "current"),
    previous: join(folder, "previous"),
    journal: join(folder, "journal"),
    installState: join(folder, "installed"),
    log: join(folder, "log", `${service}.log`),
  };
}
