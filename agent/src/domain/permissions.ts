// What setting permissions needs of the operating system.
import type { AclEntry, SelinuxContext } from "@stoa/deployment/appspec";

/** Who may do what with a file or folder; what is not said stays as it is. */
export interface WantedPermissions {
  readonly mode?: number;
  readonly acls?: readonly AclEntry[];
  readonly context?: SelinuxContext;
  readonly owner?: string;
  readonly group?: string;
}

/** Permissions of files and folders. */
export interface Permissions {
  /** Why these cannot be set on this machine, in a sentence; asked before anything is touched. */
  problemWith(wanted: WantedPermissions): Promise<string | undefined>;
  /** Sets them in the order mode, ACL, context, owner and group. `named` is the path that a context is remembered for. */
  set(path: string, wanted: WantedPermissions, named: string): Promise<void>;
}
