import assert from "node:assert/strict";
import { test } from "node:test";
import { gathered } from "./gather-chunks.ts";

/** What is asked of a source, in the order of asking. */
interface Source extends AsyncIterable<Uint8Array> {
  readonly heard: string[];
  /** Resolves when it has been let go of, or is exhausted. */
  readonly ended: Promise<void>;
}

function sourceOf(give: () => AsyncGenerator<string>): Source {
  const heard: string[] = [];
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  async function* chunks() {
    try {
      for await (const text of give()) {
        const chunk = Buffer.from(text);
        yield chunk;
        chunk.fill(0); // it holds until the next one is asked for
        heard.push(text);
      }
    } finally {
      heard.push("end");
      resolve();
    }
  }
  return { heard, ended, [Symbol.asyncIterator]: chunks };
}

function texts(pieces: AsyncIterable<Uint8Array>): Promise<string[]> {
  return Array.fromAsync(pieces, (piece) => Buffer.from(piece).toString());
}

for (const [given, pieces] of [
  [[], []],
  [[""], []],
  [["a"], ["a"]],
  [["ab", "cd"], ["abcd"]],
  [
    ["abc", "de", "f"],
    ["abcd", "ef"],
  ],
  [
    ["abcdefghijkl", "m"],
    ["abcd", "efgh", "ijkl", "m"],
  ],
  [
    ["a", "bcdefghij"],
    ["abcd", "efgh", "ij"],
  ],
] as const) {
  test(`gathered makes ${JSON.stringify(pieces)} of ${JSON.stringify(given)}`, async () => {
    const source = sourceOf(async function* () {
      yield* given;
    });
    assert.deepEqual(await texts(gathered(source, Buffer.alloc(4))), pieces);
    assert.deepEqual(source.heard, [...given, "end"]);
  });
}

test("gathered holds nothing back while its source pauses", async () => {
  const more = Promise.withResolvers<void>();
  const source = sourceOf(async function* () {
    yield "ab";
    await more.promise;
    yield "cd";
  });
  const pieces = gathered(source, Buffer.alloc(4));
  const read = async () => String((await pieces.next()).value);
  assert.equal(await read(), "ab");
  more.resolve();
  assert.equal(await read(), "cd");
  assert.equal((await pieces.next()).done, true);
});

test("gathered fails as its source does, and lets go of one that is not wanted any more", async () => {
  const broken = new Error("broken off");
  const failing = sourceOf(async function* () {
    yield "a";
    throw broken;
  });
  await assert.rejects(texts(gathered(failing, Buffer.alloc(4))), (failure) => failure === broken);

  const endless = sourceOf(async function* () {
    for (;;) yield "abcd";
  });
  for await (const _ of gathered(endless, Buffer.alloc(4))) break;
  await endless.ended;
  assert.deepEqual(endless.heard, ["end"]);
});
