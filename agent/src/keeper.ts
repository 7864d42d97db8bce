// The keeper, put together.
import { chmod } from "node:fs/promises";
import { listen } from "@stoa/serving";
import { linuxSpawn } from "./adapters/linux/linux-spawn.ts";
import { linuxSockets } from "./adapters/linux/listening-sockets.ts";
import { logFiles } from "./adapters/linux/log-files.ts";
import { nodeClock } from "./adapters/node-clock/node-clock.ts";
import { nodeDisk } from "./adapters/node-disk/node-disk.ts";
import { Keeper } from "./application/keep-services.ts";
import { layoutOf } from "./domain/layout.ts";
import { keeperControl } from "./http/keeper-control.ts";

/** A keeper that answers. */
export interface RunningKeeper extends AsyncDisposable {
  readonly socketPath: string;
}

/**
 * Starts the keeper of a root folder: adopts what runs, starts what should, and listens on its control socket. Disposed of,
 * it lets go of everything, and the services run on.
 */
export async function openKeeper(root: string): Promise<RunningKeeper> {
  const { keeperFolder, keeperSocket, keeperRecord, keeperScript } = layoutOf(root);
  await nodeDisk.makeFolder(keeperFolder, 0o700);
  await chmod(keeperFolder, 0o700);
  const keeper = new Keeper({
    spawn: linuxSpawn,
    sockets: linuxSockets(keeperScript),
    logs: logFiles,
    disk: nodeDisk,
    clock: nodeClock,
    recordPath: keeperRecord,
  });
  // The socket first: a second keeper on the same root must end before it touches a process.
  const open = Promise.withResolvers<void>();
  const listening = await listen(keeperControl(keeper, open.promise), {
    port: 0,
    socketPath: keeperSocket,
  });
  open.promise.catch(() => listening.drain(0));
  await keeper.open().then(open.resolve, open.reject);
  await open.promise;
  return {
    socketPath: keeperSocket,
    [Symbol.asyncDispose]: async () => {
      await listening.drain(1_000);
      await keeper.close();
    },
  };
}
