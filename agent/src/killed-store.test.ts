// A bucket whose server is killed at every step of a hand-over, and started again on the same data.
import assert from "node:assert/strict";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import type { BlobStore } from "@stoa/blobs";
import { type S3Server, s3ServerIsMissing, startS3Server } from "@stoa/blobs/testing";
import { type Moment, moments } from "./domain/failpoint.ts";
import { textOf, until } from "./testing/ask.ts";
import { openMachine, type TestMachine, Tree } from "./testing/delivery.ts";
import { buildPlain, buildPolite, noGo } from "./testing/go-programs.ts";

/** Until then nothing of the new version is on the machine, and without its store it cannot go on. */
const needStore: readonly Moment[] = ["documents-verified"];
/** Two plain programs cannot overlap: only then the old one is stopped before. No service here replaces itself. */
const passedBy: Readonly<Record<string, readonly Moment[]>> = {
  polite: ["old-stopped", "link-moved"],
  plain: ["link-moved"],
};

for (const kind of ["polite", "plain"] as const) {
  describe(`a bucket that is killed while a ${kind} service is handed over`, {
    skip: noGo ?? s3ServerIsMissing(),
  }, () => {
    const folder = mkdtempSync(join(tmpdir(), "stoa-killed-store-"));
    const tree = new Tree(mkdtempSync(join(folder, "tree-")));
    const sent = new Set<string>();
    let program = "";
    let server: S3Server;
    let bucket: BlobStore & AsyncDisposable;
    let machine: TestMachine;
    let killAt: Moment | undefined;
    let number = 1;

    before(async () => {
      program = kind === "polite" ? buildPolite(folder, "x") : buildPlain(folder, "x");
      server = await startS3Server();
      const { settings, open } = await server.newBucket();
      bucket = await open();
      await deploy();
      // Where the service's own programs look.
      process.env["AWS_ACCESS_KEY_ID"] = settings.keys?.id;
      process.env["AWS_SECRET_ACCESS_KEY"] = settings.keys?.secret;
      machine = await openMachine(folder, tree, {
        source: {
          kind: "bucket",
          url: `s3://${settings.bucket}/tree?endpoint=${settings.endpoint}`,
        },
        failpoint: async (moment) => {
          if (moment !== killAt) return;
          killAt = undefined;
          await server.stop();
        },
      });
      await runs(revision());
    });
    after(async () => {
      await machine?.[Symbol.asyncDispose]();
      await bucket?.[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    });

    /** The newest revision. */
    const revision = (): string => [...tree.revisions.keys()].at(-1) ?? "";
    /** Brings a program that nobody has seen before into the bucket, and the index that asks for it. */
    const deploy = async (): Promise<void> => {
      const unlike = join(folder, `program-${number}`);
      cpSync(program, unlike);
      appendFileSync(unlike, `version ${number}`);
      tree.assign({ notes: tree.publish("notes", String(number), unlike) });
      number += 1;
      const paths = readdirSync(tree.folder, { recursive: true, encoding: "utf8" });
      const contents = paths.filter((path) => isContent(path) && !sent.has(path));
      // What asks for it comes last.
      for (const path of [...contents, "environments/production/index.json"]) {
        await bucket.put(`tree/${path}`, readFileSync(join(tree.folder, path)));
        sent.add(path);
      }
    };
    const runs = async (wanted: string): Promise<void> => {
      const isThere = async (): Promise<boolean> =>
        (await release()) === wanted && (await oneProcess(wanted));
      await until(isThere).catch((cause) => {
        throw new Error(machine.decisions.join("\n"), { cause });
      });
    };
    const release = async (): Promise<string | undefined> => {
      const path = join(machine.root, "status", "status.json");
      return existsSync(path)
        ? JSON.parse(readFileSync(path, "utf8")).services.notes?.running
        : undefined;
    };
    const oneProcess = async (wanted: string): Promise<boolean> => {
      const alive = (await machine.supervisor.views()).filter(({ state }) => state !== "gone");
      return alive.length === 1 && alive[0]?.kept === true && alive[0].release === wanted;
    };

    for (const moment of moments.filter((one) => passedBy[kind]?.includes(one) !== true)) {
      test(`at ${moment} it is done without: what is not here yet waits, and the rest goes on`, async () => {
        const before = revision();
        const said = machine.decisions.length;
        killAt = moment;
        await deploy();
        const after = revision();
        await until(() => killAt === undefined);
        await until(() =>
          machine.decisions
            .slice(said)
            .some((one) => /cannot be read from s3:.*what runs goes on as it is/.test(one)),
        );
        if (needStore.includes(moment)) {
          await until(() =>
            machine.decisions.slice(said).some((one) => /blobs.*it is tried again in/.test(one)),
          );
          assert.equal(await release(), before);
          assert.equal(await oneProcess(before), true);
        } else {
          await runs(after);
        }
        assert.match(await textOf(await machine.urlOf("notes")), /^hello from x,/);
        const releases = join(machine.root, "services", "notes", "releases");
        for (const name of readdirSync(releases)) {
          const isTorn =
            !existsSync(join(releases, name, "bin", "service")) && existsSync(join(releases, name));
          assert.ok(!isTorn, `${name} is torn`);
        }

        await server.start();
        await runs(after);
        assert.match(await textOf(await machine.urlOf("notes")), /^hello from x,/);
        const current = join(machine.root, "services", "notes", "current");
        assert.equal(readlinkSync(current), `releases/${after}`);
      });
    }
  });
}

function isContent(path: string): boolean {
  return /^(blobs\/sha256\/[0-9a-f]{64}|revisions\/.*\.json)$/.test(path);
}
