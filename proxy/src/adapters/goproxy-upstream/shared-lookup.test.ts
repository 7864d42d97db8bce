// How often the name server is asked.
import assert from "node:assert/strict";
import type { LookupFunction } from "node:net";
import { test } from "node:test";
import { sharedLookup } from "./shared-lookup.ts";

interface Asked {
  readonly host: string;
  readonly answer: (address: string) => void;
}

function watchedLookup(): { asked: Asked[]; address: (host: string) => Promise<unknown> } {
  const asked: Asked[] = [];
  const shared = sharedLookup((host, _options, found) => {
    asked.push({ host, answer: (address) => found(null, address, 4) });
  });
  const address = (host: string): Promise<unknown> => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    shared(host, {}, (_error, found) => resolve(found));
    return promise;
  };
  return { asked, address };
}

test("sharedLookup asks once for a host that several want at the same time", async () => {
  const { asked, address } = watchedLookup();
  const answers = [address("a"), address("a"), address("b")];
  assert.deepEqual(
    asked.map(({ host }) => host),
    ["a", "b"],
  );
  asked[0]!.answer("1.1.1.1");
  asked[1]!.answer("2.2.2.2");
  assert.deepEqual(await Promise.all(answers), ["1.1.1.1", "1.1.1.1", "2.2.2.2"]);
});

test("sharedLookup remembers nothing", async () => {
  const { asked, address } = watchedLookup();
  const first = address("a");
  asked[0]!.answer("1.1.1.1");
  await first;
  const second = address("a");
  asked[1]!.answer("3.3.3.3");
  assert.equal(await second, "3.3.3.3");
});

test("sharedLookup asks the machine's resolver by default", async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const lookup: LookupFunction = sharedLookup();
  lookup("127.0.0.1", {}, (_error, address) => resolve(address));
  assert.equal(await promise, "127.0.0.1");
});
