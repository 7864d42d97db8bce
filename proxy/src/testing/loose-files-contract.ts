// What every LooseFiles must do, as tests that each driver runs.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { type ModuleVersion, parseModulePath, parseVersion } from "@stoa/gomod";
import type { LooseFiles, LooseKind } from "../domain/loose-files.ts";

/** Fresh and empty. */
export interface LooseFilesUnderTest {
  readonly loose: LooseFiles;
  /** A second door to the same storage, as another process would have it. */
  readonly other: LooseFiles;
  cleanUp(): Promise<void>;
}

/** Declares the tests of the contract for one driver. */
export function looseFilesContract(name: string, make: () => Promise<LooseFilesUnderTest>): void {
  describe(`${name} keeps the contract of LooseFiles:`, () => {
    const module = moduleVersion("github.com/Azure/go", "v1.0.0");
    let made: LooseFilesUnderTest;
    let loose: LooseFiles;
    let other: LooseFiles;

    beforeEach(async () => {
      made = await make();
      ({ loose, other } = made);
    });
    afterEach(() => made.cleanUp());

    test("what was never written is absent", async () => {
      assert.equal(await text(loose, module, "info"), undefined);
      assert.equal(await text(loose, module, "mod"), undefined);
    });

    test("what was written is there for everybody, one kind without the other", async () => {
      await write(loose, module, "mod", "module x\n");
      for (const door of [loose, other]) {
        assert.equal(await text(door, module, "mod"), "module x\n");
        assert.equal(await text(door, module, "info"), undefined);
      }
      await write(other, module, "info", "{}");
      assert.equal(await text(loose, module, "info"), "{}");
    });

    test("an empty file is not an absent one", async () => {
      await write(loose, module, "mod", "");
      assert.equal(await text(other, module, "mod"), "");
    });

    test("the first bytes win, and nothing is said", async () => {
      await write(loose, module, "mod", "first");
      await write(other, module, "mod", "second");
      await write(loose, module, "mod", "third");
      assert.equal(await text(loose, module, "mod"), "first");
    });

    test("of many writers at once one wins, with all its bytes", async () => {
      for (let round = 0; round < 10; round += 1) {
        const contested = moduleVersion("example.com/a", `v1.0.${round}`);
        const candidates = Array.from({ length: 8 }, (_, writer) => `${writer}`.repeat(50_000));
        await Promise.all(
          candidates.map((content, writer) =>
            write(writer % 2 === 0 ? loose : other, contested, "mod", content),
          ),
        );
        const kept = await text(loose, contested, "mod");
        assert.ok(kept !== undefined && candidates.includes(kept));
        assert.equal(await text(other, contested, "mod"), kept);
      }
    });

    test("the bytes kept are those at the time of writing", async () => {
      const bytes = new TextEncoder().encode("first");
      await loose.write(module, "mod", bytes);
      bytes.fill(0);
      (await loose.read(module, "mod"))?.fill(0);
      assert.equal(await text(loose, module, "mod"), "first");
    });

    test("remove forgets both files, and may be called where there are none", async () => {
      const neighbour = moduleVersion(module.path, "v1.0.1");
      await loose.remove(module);
      await write(loose, module, "mod", "mod");
      await loose.remove(module);
      await write(loose, module, "mod", "mod again");
      await write(loose, module, "info", "info");
      await write(loose, neighbour, "info", "neighbour");
      await other.remove(module);
      await loose.remove(module);
      assert.equal(await text(loose, module, "info"), undefined);
      assert.equal(await text(loose, module, "mod"), undefined);
      assert.equal(await text(loose, neighbour, "info"), "neighbour");
    });

    test("similar names do not meet", async () => {
      const names: readonly (readonly [path: string, version: string])[] = [
        ["example.com/a/b", "v1.0.0"],
        ["example.com/a/b", "v1.0.0-mod"],
        ["example.com/a/b", "v1.0.0-a.info"],
        ["example.com/a/b", "v1.0.0-A.info"],
        ["example.com/a/b", "v2.0.0+incompatible"],
        ["example.com/a/b-other", "v1.0.0"],
        ["example.com/a/b/v2", "v2.0.0"],
        ["example.com/a/b/v1.0.0/c", "v1.0.0"],
        ["example.com/a/b/mod", "v1.0.0"],
        ["example.com/a/B", "v1.0.0"],
        ["example.com/a", "v1.0.0"],
      ];
      const all = names.flatMap(([path, version]) => {
        const similar = moduleVersion(path, version);
        return [{ similar, kind: "info" } as const, { similar, kind: "mod" } as const];
      });
      const content = ({ similar, kind }: (typeof all)[number]): string =>
        `${kind} of ${similar.path}@${similar.version}`;
      for (const each of all) await write(loose, each.similar, each.kind, content(each));
      for (const each of all) {
        assert.equal(await text(other, each.similar, each.kind), content(each));
      }
    });
  });
}

function moduleVersion(path: string, version: string): ModuleVersion {
  return { path: parseModulePath(path), version: parseVersion(version) };
}

async function write(
  loose: LooseFiles,
  module: ModuleVersion,
  kind: LooseKind,
  content: string,
): Promise<void> {
  await loose.write(module, kind, new TextEncoder().encode(content));
}

async function text(
  loose: LooseFiles,
  module: ModuleVersion,
  kind: LooseKind,
): Promise<string | undefined> {
  const bytes = await loose.read(module, kind);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}
