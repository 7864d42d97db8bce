// Tests of what `direct` stands for.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModulePath } from "@stoa/gomod";
import { directUpstream } from "./direct-upstream.ts";
import { ProxyFailure } from "./proxy-failure.ts";
import { refusingUpstream } from "./refusing-upstream.ts";
import { OtherSystem } from "./repository/other-system.ts";
import type { Upstream } from "./upstream.ts";

const never = new AbortController().signal;
const path = "a.b/c" as ModulePath;

function gitThat(failure: ProxyFailure): Upstream {
  return { ...refusingUpstream("git", "refused", ""), list: () => Promise.reject(failure) };
}

const others = refusingUpstream("go", "bad_request", "the others were asked");

test("directUpstream asks the upstream for other systems where git's says that it is one", async () => {
  const git = gitThat(new OtherSystem("a.b/c", "hg"));
  await assert.rejects(directUpstream({ git, otherVcs: others }).list(path, never), {
    message: "the others were asked",
  });
});

test("directUpstream has git's answer where there is no other upstream", async () => {
  const git = gitThat(new OtherSystem("a.b/c", "hg"));
  await assert.rejects(directUpstream({ git }).list(path, never), {
    code: "unsupported",
    message: /a\.b\/c is kept with hg/,
  });
});

test("directUpstream asks nobody else after any other failure", async () => {
  for (const code of ["not_found", "unsupported", "refused", "upstream_unavailable"] as const) {
    const git = gitThat(new ProxyFailure(code, "git's own"));
    await assert.rejects(directUpstream({ git, otherVcs: others }).list(path, never), {
      code,
      message: "git's own",
    });
  }
});
