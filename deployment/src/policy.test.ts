import assert from "node:assert/strict";
import { test } from "node:test";
import { approvalPath, settingsDigest } from "./approval.ts";
import { countersign, joinSignatures, openEnvelope, sealEnvelope } from "./envelope.ts";
import { makeSecretKey, publicKeyLine, type SecretKey } from "./minisign-key.ts";
import { type Freeze, type Policy, parsePolicy } from "./policy.ts";
import { openNextPolicy } from "./policy-succession.ts";
import { approversOf, needsApproval, whyForbidden, whyFrozen, whyNotBy } from "./policy-verdict.ts";
import { SeededRandom } from "./testing/seeded-random.ts";

const random = new SeededRandom(5);
const newKey = () => makeSecretKey((count) => random.bytes(count));
const [server, ann, ben, eve] = [newKey(), newKey(), newKey(), newKey()];
const lineOf = (key: SecretKey) => publicKeyLine(key);
const [one, two] = ["1".repeat(64), "2".repeat(64)];
const nowMs = Date.parse("2026-03-01T12:00:00Z");

function policyOf(more: Partial<Policy> = {}): Policy {
  return {
    format: 1,
    environment: "production",
    serial: 1,
    issuedAt: "2026-01-01T00:00:00.000Z",
    notAfter: "2027-01-01T00:00:00.000Z",
    keys: [lineOf(server)],
    threshold: 1,
    administrators: [lineOf(server)],
    quorum: 1,
    rules: [],
    ...more,
  };
}

function freezeOf(more: Partial<Freeze> = {}): Freeze {
  return {
    reason: "the sale",
    since: "2026-02-01T00:00:00.000Z",
    services: [],
    runs: { shop: [one] },
    overrides: [],
    ...more,
  };
}

function approvalOf(revision: string, ...keys: readonly SecretKey[]): string {
  const approval = { format: 1, environment: "production", service: "shop", revision } as const;
  return sealEnvelope("approval", approval, keys);
}

test("parsePolicy refuses numbers of signatures that nobody could give, and what it does not know", () => {
  assert.deepEqual(parsePolicy(policyOf()), policyOf());
  const keys = [lineOf(ann), lineOf(ann)];
  for (const [wrong, pattern] of [
    [{ threshold: 2 }, /threshold must not be above the number of keys, 1/],
    [{ administrators: keys, quorum: 2 }, /quorum must not be above the number of keys, 1/],
    [
      { rules: [{ services: [], people: [], keys, approvals: 2 }] },
      /rules\[0\].approvals must not/,
    ],
    [{ administrators: [] }, /administrators must name at least one key/],
    [{ freeze: freezeOf({ reason: "" }) }, /freeze/],
    [{ windows: [] }, /members that this version does not know: "windows"/],
  ] as const) {
    assert.throws(() => parsePolicy({ ...policyOf(), ...wrong }), pattern);
  }
});

test("whyForbidden: a policy without rules and freeze forbids nothing, an expired one everything", () => {
  const intent = { service: "shop", revision: two, nowMs };
  assert.equal(whyForbidden(policyOf(), intent), undefined);
  const late = { ...intent, nowMs: Date.parse("2027-01-01T00:00:00Z") };
  assert.match(
    whyForbidden(policyOf(), late) ?? "",
    /expired at 2027-.*\(stoa policy renew -e production\)/,
  );
});

test("whyFrozen lets pass what ran before, what an administrator let pass, and everything else outside of it", () => {
  const frozen = (more: Partial<Freeze>, service: string, revision: string, atMs = nowMs) =>
    whyFrozen(policyOf({ freeze: freezeOf(more) }), { service, revision, nowMs: atMs });
  assert.equal(frozen({}, "shop", one), undefined);
  assert.match(
    frozen({}, "shop", two) ?? "",
    /^production is frozen since 2026-02-01.* \(the sale\), .* stoa policy override shop 222222222222 .* stoa policy thaw -e production$/,
  );
  assert.match(frozen({}, "constructor", two) ?? "", /is frozen/);
  assert.equal(frozen({ services: ["till"] }, "shop", two), undefined);
  assert.match(frozen({ services: ["till"] }, "till", two) ?? "", /is frozen/);
  const until = "2026-04-01T00:00:00.000Z";
  assert.match(frozen({ until }, "shop", two) ?? "", /until 2026-04-01/);
  assert.equal(frozen({ until }, "shop", two, Date.parse(until)), undefined);
  const overrides = [
    { service: "shop", revision: two, by: "ann", reason: "a leak", at: until },
  ] as const;
  assert.equal(frozen({ overrides }, "shop", two), undefined);
  assert.match(frozen({ overrides }, "till", two) ?? "", /is frozen/);
});

test("whyForbidden counts approvals by different keys of the rule, for just this revision, service and environment", () => {
  const rules = [
    { services: ["shop"], people: [], keys: [lineOf(ann), lineOf(ben)], approvals: 2 },
    { services: ["site"], people: [], keys: [], approvals: 0 },
  ] as const;
  const policy = policyOf({ rules });
  const why = (approval: string | undefined, service = "shop", revision = two) =>
    whyForbidden(policy, { service, revision, approval, nowMs });
  assert.equal(why(approvalOf(two, ann, ben)), undefined);
  assert.equal(why(countersign(approvalOf(two, ben), "approval", ann)), undefined);
  assert.equal(why(joinSignatures(approvalOf(two, ben), approvalOf(two, ann))), undefined);
  assert.match(why(undefined) ?? "", /has 0 of the 2 approvals .* stoa approve shop 222222222222/);
  for (const given of [
    approvalOf(two, ann),
    approvalOf(two, ann, ann),
    approvalOf(two, ann, eve),
    joinSignatures(approvalOf(two, ann), approvalOf(two, ann)),
  ]) {
    assert.match(why(given) ?? "", /has 1 of the 2 approvals/);
  }
  assert.match(why(approvalOf(one, ann, ben)) ?? "", /has 0 of the 2/);
  assert.match(why(approvalOf(two, eve)) ?? "", /has 0 of the 2/);
  assert.match(why("no envelope") ?? "", /has 0 of the 2/);
  const elsewhere = { ...policy, environment: "staging" };
  assert.deepEqual(
    approversOf(elsewhere, { service: "shop", revision: two, approval: approvalOf(two, ann, ben) }),
    [],
  );
  assert.equal(why(undefined, "site"), undefined);
  assert.match(
    why(undefined, "till") ?? "",
    /has no rule about till, so nobody may deploy it there/,
  );
  assert.deepEqual(
    ["shop", "site", "till"].map((service) => needsApproval(policy, service)),
    [true, false, true],
  );
});

test("whyNotBy names who may", () => {
  const rules = [{ services: [], people: ["ann", "ci"], keys: [], approvals: 0 }] as const;
  const who = (person: string) => whyNotBy(policyOf({ rules }), { service: "shop", person });
  assert.equal(who("ci"), undefined);
  assert.match(who("eve") ?? "", /^eve may not deploy shop to production: .* names ann, ci;/);
});

test("openNextPolicy takes what the administrators of the one before have signed, under the serial after it", () => {
  const first = { keys: [server], threshold: 1 };
  const before = policyOf({ administrators: [lineOf(ann), lineOf(ben)], quorum: 2 });
  const opened = (policy: Policy, keys: readonly SecretKey[], serial: number, after?: Policy) =>
    openNextPolicy(sealEnvelope("policy", policy, keys), {
      environment: "production",
      first,
      serial,
      ...(after === undefined ? {} : { before: after }),
    });
  assert.ok("document" in opened(before, [server], 1));
  const next = policyOf({ serial: 2, administrators: [lineOf(eve)] });
  assert.ok("document" in opened(next, [ann, ben], 2, before));
  for (const [result, why] of [
    [opened(before, [ann], 1), "signature"],
    [opened(next, [server], 2, before), "signature"],
    [opened(next, [ann], 2, before), "signature"],
    [opened(next, [ann, eve], 2, before), "signature"],
    [opened({ ...next, serial: 3 }, [ann, ben], 2, before), "serial"],
    [opened({ ...next, environment: "staging" }, [ann, ben], 2, before), "environment"],
  ] as const) {
    assert.ok("refused" in result);
    assert.equal(result.why, why, result.refused);
  }
});

test("an approval is of a revision with just its settings", () => {
  const policy = policyOf({
    rules: [{ services: [], people: [], keys: [lineOf(ann)], approvals: 1 }],
  });
  const [red, blue] = ["red", "blue"].map((COLOUR) => settingsDigest({ environment: { COLOUR } }));
  assert.equal(settingsDigest({ environment: {} }), undefined);
  assert.equal(
    settingsDigest({ environment: { A: "1", B: "2" } }),
    settingsDigest({ environment: { B: "2", A: "1" } }),
  );
  const base = { format: 1, environment: "production", service: "shop", revision: two } as const;
  const why = (approved: string | undefined, settings: string | undefined) => {
    const adding = approved === undefined ? {} : { settings: approved };
    const approval = sealEnvelope("approval", { ...base, ...adding }, ann);
    return whyForbidden(policy, { service: "shop", revision: two, settings, approval, nowMs });
  };
  assert.equal(why(red, red), undefined);
  assert.equal(why(undefined, undefined), undefined);
  assert.match(
    why(red, blue) ?? "",
    /222222222222 of shop with its settings \([0-9a-f]{12}\) has 0/,
  );
  assert.match(why(undefined, blue) ?? "", /with its settings/);
  assert.match(why(red, undefined) ?? "", /222222222222 of shop has 0 of the 1/);
  assert.notEqual(
    approvalPath({ ...base, settings: red }),
    approvalPath({ ...base, settings: blue }),
  );
});

test("an approval is verified with nothing but its own signatures", () => {
  const opened = openEnvelope(approvalOf(one, ann), { kind: "approval", keys: [ann], nowMs });
  assert.ok("document" in opened);
  assert.throws(
    () => joinSignatures(approvalOf(one, ann), approvalOf(two, ann)),
    /others have signed/,
  );
});
