// The checksum database of this machine's go command, through its own upstream, where both can be reached.
import assert from "node:assert/strict";
import { test } from "node:test";
import { holds } from "./testing/bounded-wait.ts";
import { goVariable } from "./testing/go-command.ts";
import { ask } from "./testing/http-answer.ts";
import { liveUpstream } from "./testing/live-upstream.ts";
import { recordedHashes } from "./testing/recorded-hashes.ts";
import { finishedStoa, startStoa } from "./testing/stoa-process.ts";

const version = "v0.20.0";
const { upstream, ...found } = await liveUpstream();
const missing = "missing" in found ? found.missing : undefined;
const reason = missing ?? (upstream?.unchecked || undefined);

test(`golang.org/x/mod@${version} is confirmed, and again by stoa modules verify`, {
  skip: reason ?? false,
}, async () => {
  const env = { GOSUMDB: goVariable("GOSUMDB") ?? "", GOPRIVATE: "" };
  await using stoa = await startStoa({ goproxy: upstream?.url ?? "", env });
  const answer = await ask(`${stoa.url}/golang.org/x/mod/@v/${version}.zip`);
  assert.equal(answer.status, 200, answer.text.slice(0, 600));
  assert.ok(answer.whole);
  // It is given out when it is kept, and recorded then.
  await holds(() => {
    const hashes = recordedHashes(stoa.root, "golang.org/x/mod", version);
    assert.match(
      hashes,
      /^golang\.org\/x\/mod v0\.20\.0 h1:utOm6MM3R3dnawAiJgn0y\+xvuYRsm1RKM\/4giyfDgV0=$/m,
    );
    assert.match(hashes, /^verified \S+$/m);
  });
  const verified = await finishedStoa(["modules", "verify"], {
    ...env,
    GOPROXY: upstream?.url ?? "",
    ATHENS_DISK_STORAGE_ROOT: stoa.root,
  });
  assert.equal(
    verified.stdout,
    "1 versions: 1 confirmed by the checksum database\n",
    verified.stderr,
  );
});
