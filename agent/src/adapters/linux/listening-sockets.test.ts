// Sockets that listen though nobody here accepts, made by the Node that runs and by a single executable.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, describe, test } from "node:test";
import { linuxSockets } from "./listening-sockets.ts";

describe("listening sockets", () => {
  const folder = mkdtempSync(join(tmpdir(), 'stoa "odd" folder-'));
  after(() => rmSync(folder, { recursive: true }));

  test("take connections that nobody accepts, and give the port back when closed", async () => {
    const { open } = linuxSockets(join(folder, "listen.cjs"));
    const socket = await open("127.0.0.1:0");
    await connected(socket.address);
    await assert.rejects(open(socket.address), /cannot be listened on/);
    socket.close();
    await assert.rejects(connected(socket.address), /ECONNREFUSED/);
    (await open(socket.address)).close();
  });

  test("are made by a single executable as well", async () => {
    const program = singleExecutable(folder);
    const socket = await linuxSockets(join(folder, "listen.cjs"), program).open("127.0.0.1:0");
    await connected(socket.address);
    socket.close();
  });
});

/** A program in one file that does nothing of the kind by itself. */
function singleExecutable(folder: string): string {
  const [main, output, config] = ["main.cjs", "app", "sea.json"].map((name) => join(folder, name));
  writeFileSync(main ?? "", "process.exit(0);\n");
  writeFileSync(config ?? "", JSON.stringify({ main, output }));
  const { status, stderr } = spawnSync(process.execPath, [`--build-sea=${config}`], {
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  return output ?? "";
}

function connected(address: string): Promise<void> {
  const [host, port] = address.split(":");
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), host, () => {
      socket.destroy();
      resolve();
    }).on("error", reject);
  });
}
