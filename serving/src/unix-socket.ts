// The file of a unix socket: whether somebody listens there, or it was left behind.
import { lstatSync, unlinkSync } from "node:fs";
import { connect } from "node:net";

/** Removes a socket file on which nobody listens any more. Returns whether it did. */
export async function removeDeadSocket(path: string): Promise<boolean> {
  // A plain file refuses connections as well; that one is somebody's.
  if (!lstatSync(path).isSocket() || !(await isRefused(path))) return false;
  unlinkSync(path);
  return true;
}

function isRefused(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(false);
    });
    socket.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code === "ECONNREFUSED"));
  });
}
