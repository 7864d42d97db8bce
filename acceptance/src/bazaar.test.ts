// A module in a Bazaar repository: Stoa has the go command fetch it. Go 1.27 will no longer know that system.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type GoCommand, goCommand, goIsMissing } from "./testing/go-command.ts";
import { ask } from "./testing/http-answer.ts";
import { importPages } from "./testing/import-pages.ts";
import { startStoa } from "./testing/stoa-process.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";
import { bazaarRepository, programsAreMissing } from "./testing/vcs-repositories.ts";

const skip = goIsMissing() || programsAreMissing("bzr");
const module = "bzr.test/m";

test("a module kept with Bazaar is what the go command makes of it", { skip }, async () => {
  await using folder = await temporaryFolder();
  await using pages = await importPages();
  await using bazaar = await bazaarRepository(join(folder.path, "bzr"));
  pages.put("bzr.test", bazaar.place);
  await bazaar.commit({ "go.mod": `module ${module}\n\ngo 1.18\n`, "m.go": "package m\n" });
  bazaar.run("tag", "v1.0.0");
  await bazaar.commit({ "m.go": "package m // 2\n" });
  await using stoa = await startStoa({
    goproxy: "direct",
    env: {
      ...pages.environment,
      ATHENS_GO_BINARY_ENV_VARS: "GOPROXY=direct;GOSUMDB=off;GOINSECURE=*;GOPRIVATE=*;GOVCS=*:all",
    },
  });
  assert.equal((await ask(`${stoa.url}/${module}/@v/list`)).text, "v1.0.0\n");
  const env = { ...pages.environment, GOINSECURE: "*", GOVCS: "*:all", LC_ALL: "C.UTF-8" };
  await using itself = await goCommand({ goproxy: "direct", env });
  await using through = await goCommand({ goproxy: stoa.url });
  const read = async (go: GoCommand) => {
    const words = ["mod", "download", "-json", `${module}@v1.0.0`];
    const { Version, Sum, GoModSum, Info } = JSON.parse(await go.succeed(words));
    return { Version, Sum, GoModSum, info: await readFile(Info, "utf8") };
  };
  assert.deepEqual(await read(through), await read(itself));
});
