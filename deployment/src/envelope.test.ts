import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalJson } from "./canonical-json.ts";
import {
  countersign,
  type Demands,
  openEnvelope,
  type RefusalReason,
  sealEnvelope,
} from "./envelope.ts";
import type { EnvironmentIndex } from "./environment-index.ts";
import { makeSecretKey, publicKeyLine } from "./minisign-key.ts";
import { signText } from "./minisign-signature.ts";
import type { Policy } from "./policy.ts";
import { SeededRandom } from "./testing/seeded-random.ts";

const random = new SeededRandom(1);
const newKey = () => makeSecretKey((count) => random.bytes(count));
const [ann, bob, eve] = [newKey(), newKey(), newKey()];

const index: EnvironmentIndex = {
  format: 1,
  environment: "production",
  serial: 12,
  issuedAt: "2026-01-01T00:00:00.000Z",
  notAfter: "2026-02-01T00:00:00.000Z",
  services: {},
};

const demands: Demands<"environment"> = {
  kind: "environment",
  keys: [ann, bob],
  environment: "production",
  lowestSerial: 12,
  nowMs: Date.parse("2026-01-15T00:00:00Z"),
};

function sealed(document: EnvironmentIndex, ...keys: readonly (typeof ann)[]): string {
  return sealEnvelope("environment", document, keys);
}

/** An envelope around any text, signed with any trusted comment. */
function around(text: string, comment: string): string {
  return JSON.stringify({ document: text, signatures: [signText(text, comment, ann)] });
}

test("openEnvelope gives the document, its serial, its digest and who signed", () => {
  const opened = openEnvelope(sealed(index, ann, bob), { ...demands, threshold: 2 });
  assert.ok("document" in opened);
  assert.deepEqual(opened.document, index);
  assert.equal(opened.serial, 12);
  assert.deepEqual(opened.signers, [ann.id, bob.id]);
  const again = openEnvelope(sealed(index, ann), { ...demands, digestAtLowest: opened.digest });
  assert.ok("document" in again);
});

test("openEnvelope opens what several people signed one after the other", () => {
  const both = countersign(sealed(index, ann), "environment", bob);
  assert.ok("document" in openEnvelope(both, { ...demands, threshold: 2 }));
});

const good = sealed(index, ann);
const text = canonicalJson(index);
const unlike = sealed({ ...index, notAfter: "2026-03-01T00:00:00.000Z" }, ann);
const twin = { ...newKey(), secret: ann.secret, key: ann.key };

const policy: Policy = {
  format: 1,
  environment: "production",
  serial: 12,
  issuedAt: index.issuedAt,
  notAfter: index.notAfter,
  keys: [publicKeyLine(ann)],
  threshold: 1,
  administrators: [publicKeyLine(ann)],
  quorum: 1,
  rules: [],
};

const refusals: readonly (readonly [
  what: string,
  envelope: string,
  changed: Partial<Demands<"environment">>,
  why: RefusalReason,
  said: RegExp,
])[] = [
  ["no JSON", "{", {}, "malformed", /is not JSON/],
  ["another shape", '{"document":1,"signatures":[]}', {}, "malformed", /document must be a string/],
  [
    "a stranger's signature",
    sealed(index, eve),
    {},
    "signature",
    /not signed by a key that counts here/,
  ],
  [
    "no signature",
    JSON.stringify({ document: text, signatures: [] }),
    {},
    "signature",
    /not signed/,
  ],
  ["no trusted keys", good, { keys: [] }, "signature", /no key is trusted/],
  [
    "no trusted keys and a threshold of none",
    good,
    { keys: [], threshold: 0 },
    "signature",
    /no key is trusted/,
  ],
  [
    "too few signatures",
    good,
    { threshold: 2 },
    "signature",
    /signed by 1 of the keys .* 2 must sign it/,
  ],
  [
    "one key twice",
    sealed(index, ann, ann),
    { threshold: 2 },
    "signature",
    /signed by 1 of the keys/,
  ],
  [
    "one key under two ids",
    sealed(index, ann, twin),
    { threshold: 2, keys: [ann, twin] },
    "signature",
    /signed by 1 of the keys/,
  ],
  ["a changed text", good.replace("production", "productiom"), {}, "signature", /not signed/],
  [
    "another document with the signatures",
    JSON.stringify({ ...JSON.parse(good), document: JSON.parse(unlike).document }),
    {},
    "signature",
    /not signed/,
  ],
  ["another kind", sealEnvelope("policy", policy, ann), {}, "kind", /is no environment document/],
  [
    "another environment",
    good,
    { environment: "test" },
    "environment",
    /is for the environment production, not for test/,
  ],
  [
    "an older serial",
    good,
    { lowestSerial: 13 },
    "serial",
    /has the serial 12, and 13 was already taken/,
  ],
  [
    "another document with the same serial",
    unlike,
    { digestAtLowest: "sha256:00" },
    "serial",
    /two different environment documents have the serial 12/,
  ],
  [
    "a document whose time is over",
    good,
    { nowMs: Date.parse(index.notAfter) },
    "expired",
    /expired at 2026-02-01/,
  ],
  [
    "a serial that the signer did not say",
    around(text, "stoa environment serial:13"),
    {},
    "serial",
    /the signature says .*serial:13.*, the environment document says serial 12/,
  ],
  ["two spellings", around(`${text} `, "stoa environment serial:12"), {}, "malformed", /canonical/],
  [
    "a member twice",
    around(text.replace('"format":1', '"format":1,"format":1'), "stoa environment serial:12"),
    {},
    "malformed",
    /canonical/,
  ],
  [
    "a member that is not known",
    around(text.replace('"format":1', '"extra":1,"format":1'), "stoa environment serial:12"),
    {},
    "malformed",
    /members that this version does not know: "extra"/,
  ],
  [
    "a damaged signature",
    JSON.stringify({ document: text, signatures: ["x"] }),
    {},
    "malformed",
    /minisign's format/,
  ],
];

for (const [what, envelope, changed, why, said] of refusals) {
  test(`openEnvelope refuses ${what}`, () => {
    const opened = openEnvelope(envelope, { ...demands, ...changed });
    assert.ok("refused" in opened, "it was opened");
    assert.equal(opened.why, why, opened.refused);
    assert.match(opened.refused, said);
  });
}

test("openEnvelope: a higher serial is taken, whatever the digest of the one before", () => {
  const opened = openEnvelope(good, { ...demands, lowestSerial: 11, digestAtLowest: "sha256:00" });
  assert.ok("document" in opened);
});

test("sealEnvelope signs nothing that nobody could read", () => {
  assert.throws(() => sealed({ ...index, serial: 0 }, ann), { name: "DocumentProblem" });
});
