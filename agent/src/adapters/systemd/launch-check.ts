// Whether systemd could start a launch: what it would only say in its journal is said here, before it is asked.
import { access, constants } from "node:fs/promises";
import { AgentFailure } from "../../domain/agent-failure.ts";
import type { Launch } from "../../domain/launch.ts";
import { bash, mostSocketsWithReadyFd, needsBash } from "../../domain/service-units.ts";
import type { RunCommand } from "./systemctl.ts";

/** Fails with `cannot_start` in a sentence. */
export async function checkLaunch(launch: Launch, run: RunCommand): Promise<void> {
  const { program, directory, user, readiness, sockets } = launch;
  const problem = (sentence: string): AgentFailure =>
    new AgentFailure("cannot_start", `${program} cannot be started: ${sentence}`);
  await access(directory, constants.X_OK).catch(() => {
    throw problem(`its folder ${directory} cannot be entered`);
  });
  await access(program, constants.X_OK).catch(() => {
    throw problem("there is no such file, or it is not executable");
  });
  if (readiness === "fd" && sockets.length > mostSocketsWithReadyFd) {
    throw problem(
      `with readiness fd it can have ${mostSocketsWithReadyFd} sockets; use notify or health`,
    );
  }
  if (needsBash(launch)) {
    await access(bash, constants.X_OK).catch(() => {
      throw problem(`${bash} is missing, which puts its sockets where it takes them`);
    });
  }
  const name = user?.split(":")[0];
  if (name === undefined || (await run("id", ["-u", "--", name])).code === 0) return;
  throw new AgentFailure(
    "cannot_start",
    `there is no user ${name} on this machine; create it, or name another`,
  );
}
