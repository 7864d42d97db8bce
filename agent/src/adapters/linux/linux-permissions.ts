// Modes, owners, access control lists and SELinux contexts on Linux.
import { spawnSync } from "node:child_process";
import { chmod, lchown, lstat } from "node:fs/promises";
import { AgentFailure } from "../../domain/agent-failure.ts";
import type { Permissions, WantedPermissions } from "../../domain/permissions.ts";

/** The permissions of this machine. */
export const linuxPermissions: Permissions = {
  problemWith: async ({ owner, group, acls, context }) => {
    if (owner !== undefined && numberIn("passwd", owner) === undefined) {
      return `there is no user ${owner} on this machine; create it, or name another`;
    }
    if (group !== undefined && numberIn("group", group) === undefined) {
      return `there is no group ${group} on this machine; create it, or name another`;
    }
    if (acls !== undefined && !canRun("setfacl"))
      return "setfacl is missing; install the package acl";
    if (context !== undefined && !canRun("semanage")) {
      return "semanage is missing: this machine does not use SELinux, and a context cannot be set";
    }
    return undefined;
  },
  set: async (path, wanted, named) => {
    const { mode, acls, context, owner, group } = wanted;
    if (mode !== undefined) await chmod(path, mode);
    if (acls !== undefined) {
      const { completeAcl } = await import("@stoa/deployment/appspec");
      const bits = Number((await lstat(path)).mode) & 0o777;
      run("setfacl", ["--set", completeAcl(acls, bits).join(","), "--", path]);
    }
    if (context !== undefined) setContext(path, context, named);
    if (owner !== undefined || group !== undefined) await setOwner(path, wanted);
  },
};

async function setOwner(path: string, { owner, group }: WantedPermissions): Promise<void> {
  const { uid, gid } = await lstat(path);
  const before = (await lstat(path)).mode & 0o7777;
  await lchown(
    path,
    owner === undefined ? uid : (numberIn("passwd", owner) ?? uid),
    group === undefined ? gid : (numberIn("group", group) ?? gid),
  );
  // chown(2) takes set-user-id and set-group-id away.
  if (((await lstat(path)).mode & 0o7777) !== before) await chmod(path, before);
}

function setContext(
  path: string,
  { user, type, range }: NonNullable<WantedPermissions["context"]>,
  named: string,
): void {
  const words = ["-t", type, ...(user === undefined ? [] : ["-s", user])];
  run("semanage", [
    "fcontext",
    "-a",
    ...words,
    ...(range === undefined ? [] : ["-r", range]),
    named,
  ]);
  run("restorecon", ["-v", path]);
}

/** The number of a user or group by its name, or a number as it is. */
function numberIn(database: "passwd" | "group", name: string): number | undefined {
  if (/^\d+$/.test(name)) return Number(name);
  const { status, stdout } = spawnSync("getent", [database, name], { encoding: "utf8" });
  return status === 0 ? Number(stdout.split(":")[2]) : undefined;
}

function canRun(program: string): boolean {
  return spawnSync(program, ["--version"]).error === undefined;
}

function run(program: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
  if (status === 0) return;
  const why = error?.message ?? stderr.trim();
  throw new AgentFailure("failed_hook", `${program} ${args.join(" ")} failed: ${why}`);
}
