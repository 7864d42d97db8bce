import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import { Silence } from "./silence.ts";

describe("Silence", () => {
  let questions: PromiseWithResolvers<void>[];
  let silence: Silence;
  beforeEach(() => {
    mock.timers.enable({ apis: ["setTimeout"] });
    questions = [];
    silence = new Silence(() => {
      const question = Promise.withResolvers<void>();
      questions.push(question);
      return question.promise;
    });
  });
  afterEach(() => mock.timers.reset());

  it("asks nothing as long as nobody has waited in vain", async () => {
    assert.equal(await silence.lasts(), false);
    assert.equal(questions.length, 0);
  });

  it("asks one question for all, and lets them wait a second for it", async () => {
    silence.begin();
    const waiting = [silence.lasts(), silence.lasts()];
    mock.timers.tick(1_000);
    assert.deepEqual(await Promise.all(waiting), [true, true]);
    assert.equal(questions.length, 1);
    questions[0]?.resolve();
    await new Promise(setImmediate);
    assert.equal(await silence.lasts(), false, "a late answer is one");
  });

  it("ends before the next question when the first is answered at once", async () => {
    silence.begin();
    const waiting = silence.lasts();
    questions[0]?.resolve();
    assert.equal(await waiting, false);
  });

  it("takes a quick refusal for an answer, and a late one for none", async () => {
    silence.begin();
    const late = silence.lasts();
    mock.timers.tick(1_000);
    questions[0]?.reject(new Error("broken off"));
    assert.equal(await late, true);
    await new Promise(setImmediate);
    const quick = silence.lasts();
    questions[1]?.reject(new Error("refused"));
    assert.equal(await quick, false);
  });

  it("asks anew when a question is lost", async () => {
    silence.begin();
    const first = silence.lasts();
    mock.timers.tick(1_000);
    assert.equal(await first, true);
    mock.timers.tick(4_000);
    await new Promise(setImmediate);
    const second = silence.lasts();
    assert.equal(questions.length, 2);
    questions[1]?.resolve();
    assert.equal(await second, false);
  });
});
