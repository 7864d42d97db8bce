import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { openLog } from "@stoa/telemetry";
import { readConfiguration } from "./configuration.ts";
import { ConfigReload, type Reloadable } from "./reload.ts";

/** A configuration file, a reload over it, and everything that was logged. */
function setUp(parts: (put: (value: string) => void) => readonly Reloadable[], text: string) {
  const folder = mkdtempSync(join(tmpdir(), "stoa-reload-"));
  const file = join(folder, "athens.toml");
  writeFileSync(file, text);
  const lines: string[] = [];
  const put: string[] = [];
  const heard = new EventTarget();
  const log = openLog({
    level: "info",
    format: "json",
    destination: {
      write: (line) => {
        lines.push(line);
        heard.dispatchEvent(new Event("line"));
      },
    },
  });
  const read = () => readConfiguration({ environment: { GOENV: "off" }, file, folder });
  const reload = new ConfigReload(read(), { read, parts: parts((value) => put.push(value)), log });
  return {
    put,
    reload,
    write: (next: string) => writeFileSync(file, next),
    logged: () => {
      log.flush();
      return lines.join("");
    },
    nextLine: () =>
      new Promise<void>((resolve) => {
        heard.addEventListener("line", () => resolve(), { once: true });
      }),
    [Symbol.dispose]() {
      reload[Symbol.dispose]();
      log.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** Takes the log level, and refuses "error" only when it makes ready. */
function levels(put: (value: string) => void): readonly Reloadable[] {
  return [
    {
      keys: ["logLevel"],
      async prepare({ logLevel }) {
        if (logLevel === "error") throw new Error("the level error cannot be had");
        return () => put(logLevel);
      },
    },
  ];
}

describe("ConfigReload", () => {
  it("puts new values in force and names what waits for the next start", async () => {
    using scene = setUp(levels, 'LogLevel = "info"\n');
    scene.write('LogLevel = "warn"\nTimeout = 7\n');
    await scene.reload.reload("test");
    assert.deepEqual(scene.put, ["warn"]);
    assert.match(
      scene.logged(),
      /"msg":"configuration reloaded","reason":"test","changed":"LogLevel"/,
    );
    assert.match(scene.logged(), /take effect at the next start: Timeout"/);
  });

  for (const [name, text, why] of [
    ["no TOML", "LogLevel = ", /athens\.toml:1:\d+: this is not TOML/],
    ["a wrong value", 'LogLevel = "loud"', /athens\.toml:1: LogLevel: .*loud/],
    ["values that a part cannot use", 'LogLevel = "error"', /the level error cannot be had/],
  ] as const) {
    it(`keeps what is in force when the new file has ${name}`, async () => {
      using scene = setUp(levels, 'LogLevel = "info"\n');
      scene.write(text);
      await scene.reload.reload("test");
      assert.deepEqual(scene.put, []);
      assert.match(scene.logged(), /the old one stays in force/);
      assert.match(scene.logged().replaceAll('\\"', ""), why);
      scene.write('LogLevel = "debug"\n');
      await scene.reload.reload("test");
      assert.deepEqual(scene.put, ["debug"]);
    });
  }

  it("puts nothing in force when one part of several cannot", async () => {
    const broken: Reloadable = { keys: [], prepare: () => Promise.reject(new Error("no")) };
    using scene = setUp((put) => [...levels(put), broken], 'LogLevel = "info"\n');
    scene.write('LogLevel = "warn"\n');
    await scene.reload.reload("test");
    assert.deepEqual(scene.put, []);
  });

  it("notices by itself that the file has changed", async () => {
    using scene = setUp(levels, 'LogLevel = "info"\n');
    const keepAlive = setInterval(() => {}, 1000); // watching alone does not keep the process running
    const changed = new Promise<void>((resolve) => {
      const look = (): void => {
        if (scene.put.length > 0) resolve();
        else void scene.nextLine().then(look);
      };
      look();
    });
    scene.write('LogLevel = "debug" # longer\n');
    await changed;
    clearInterval(keepAlive);
    assert.deepEqual(scene.put, ["debug"]);
  });
});
