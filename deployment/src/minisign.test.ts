// Keys and signatures against minisign itself, in both directions.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openEnvelope, sealEnvelope } from "./envelope.ts";
import {
  makeSecretKey,
  parsePublicKey,
  parseSecretKey,
  publicKeyFile,
  publicKeyLine,
  secretKeyFile,
} from "./minisign-key.ts";
import { parseSignature, signText, verifiesText } from "./minisign-signature.ts";
import { SeededRandom } from "./testing/seeded-random.ts";

const hasMinisign = spawnSync("minisign", ["-v"], { stdio: "ignore" }).error === undefined;
const skip = hasMinisign ? false : "minisign is not installed (Debian's package minisign)";
const folder = mkdtempSync(join(tmpdir(), "stoa-minisign-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const random = new SeededRandom(11);
const key = makeSecretKey((count) => random.bytes(count));
const at = (name: string) => join(folder, name);
const text = "what is signed\nand more: é\n";

/** Whether minisign finds that `content` was signed. */
function minisignVerifies(content: string, signature: string, publicKey: string): boolean {
  writeFileSync(at("content"), content);
  writeFileSync(at("content.minisig"), signature);
  return (
    spawnSync("minisign", ["-V", "-m", at("content"), "-P", publicKey], { stdio: "ignore" })
      .status === 0
  );
}

test("minisign verifies what signText signs, and nothing else", { skip }, () => {
  const signature = signText(text, "stoa revision serial:0", key);
  assert.equal(minisignVerifies(text, signature, publicKeyLine(key)), true);
  assert.equal(minisignVerifies(`${text} `, signature, publicKeyLine(key)), false);
  assert.equal(
    minisignVerifies(text, signature.replace("serial:0", "serial:1"), publicKeyLine(key)),
    false,
  );
});

test("minisign verifies the document of an envelope", { skip }, () => {
  const envelope = sealEnvelope("policy", policy(), key);
  const { document, signatures } = JSON.parse(envelope);
  assert.equal(minisignVerifies(document, signatures[0], publicKeyLine(key)), true);
});

test("minisign signs with the file of a secret key of ours, and verifies with the file of a public one", {
  skip,
}, () => {
  writeFileSync(at("our.key"), secretKeyFile(key), { mode: 0o600 });
  writeFileSync(at("our.pub"), publicKeyFile(key));
  writeFileSync(at("ours"), text);
  execFileSync("minisign", ["-S", "-s", at("our.key"), "-m", at("ours"), "-t", "a comment: é"], {
    stdio: "ignore",
  });
  const signature = parseSignature(readFileSync(at("ours.minisig"), "utf8"));
  assert.equal(signature.keyId, key.id);
  assert.equal(signature.trustedComment, "a comment: é");
  assert.equal(verifiesText(text, signature, key), true);
  execFileSync("minisign", ["-V", "-p", at("our.pub"), "-m", at("ours")], { stdio: "ignore" });
});

test("parseSecretKey and parsePublicKey read what minisign -G -W writes", { skip }, () => {
  execFileSync("minisign", ["-G", "-W", "-p", at("their.pub"), "-s", at("their.key")], {
    stdio: "ignore",
  });
  const publicKey = parsePublicKey(readFileSync(at("their.pub"), "utf8"));
  const secretKey = parseSecretKey(readFileSync(at("their.key"), "utf8"));
  assert.ok(publicKey.key.equals(secretKey.key));
  assert.equal(publicKey.id, secretKey.id);
  assert.equal(publicKeyFile(publicKey), readFileSync(at("their.pub"), "utf8"));
  assert.equal(secretKeyFile(secretKey), readFileSync(at("their.key"), "utf8"));

  writeFileSync(at("theirs"), text);
  execFileSync("minisign", ["-S", "-s", at("their.key"), "-m", at("theirs")], { stdio: "ignore" });
  const signature = parseSignature(readFileSync(at("theirs.minisig"), "utf8"));
  assert.equal(verifiesText(text, signature, publicKey), true);
  assert.equal(verifiesText(text, signature, key), false);

  execFileSync("minisign", ["-S", "-l", "-s", at("their.key"), "-m", at("theirs")], {
    stdio: "ignore",
  });
  assert.throws(
    () => parseSignature(readFileSync(at("theirs.minisig"), "utf8")),
    /is not prehashed/,
  );
});

test("keys survive their files", () => {
  const again = parseSecretKey(secretKeyFile(key));
  assert.equal(signText(text, "c", again), signText(text, "c", key));
  assert.equal(publicKeyLine(parsePublicKey(publicKeyLine(key))), publicKeyLine(key));
  assert.equal(publicKeyLine(parsePublicKey(publicKeyFile(key))), publicKeyLine(key));
});

test("parseSecretKey refuses keys under a password and damaged ones", () => {
  const [comment = "", line = ""] = secretKeyFile(key).split("\n");
  const changed = (place: number, byte: number) => {
    const bytes = Buffer.from(line, "base64");
    bytes[place] = byte;
    return `${comment}\n${bytes.toString("base64")}\n`;
  };
  assert.throws(() => parseSecretKey(changed(2, 0x53)), /protected by a password/);
  assert.throws(() => parseSecretKey(changed(0, 0x45 + 1)), /algorithm other than/);
  assert.throws(() => parseSecretKey(changed(100, 7)), /halves do not belong together/);
  assert.throws(() => parseSecretKey(line.slice(4)), /damaged/);
});

for (const damaged of [
  "",
  "RW",
  publicKeyLine(key).slice(1),
  `${publicKeyLine(key)}\n${publicKeyLine(key)}`,
  secretKeyFile(key),
  publicKeyLine(key).replace(/.$/, "_"),
]) {
  test(`parsePublicKey refuses ${JSON.stringify(damaged.slice(0, 60))}`, () => {
    assert.throws(() => parsePublicKey(damaged), { name: "DocumentProblem" });
  });
}

test("a signature with any bit turned does not verify, and no damage throws anything but DocumentProblem", () => {
  const whole = signText(text, "stoa policy serial:3", key);
  const lines = whole.split("\n");
  for (const index of [1, 3]) {
    const bytes = Buffer.from(lines[index] ?? "", "base64");
    for (let bit = 0; bit < bytes.length * 8; bit += 3) {
      const turned = Buffer.from(bytes);
      turned[bit >> 3] = (turned[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const text2 = lines.with(index, turned.toString("base64")).join("\n");
      assert.equal(verifiesOr(text2), false, `line ${index}, bit ${bit}`);
    }
  }
  assert.equal(verifiesOr(whole), true);
});

function verifiesOr(signatureText: string): boolean {
  try {
    const signature = parseSignature(signatureText);
    return signature.keyId === key.id && verifiesText(text, signature, key);
  } catch (failure) {
    assert.equal((failure as Error).name, "DocumentProblem");
    return false;
  }
}

function policy() {
  return {
    format: 1,
    environment: "production",
    serial: 3,
    issuedAt: "2026-01-01T00:00:00.000Z",
    notAfter: "2027-01-01T00:00:00.000Z",
    keys: [publicKeyLine(key)],
    threshold: 1,
    administrators: [publicKeyLine(key)],
    quorum: 1,
    rules: [],
  } as const;
}

test("openEnvelope opens what sealEnvelope sealed", () => {
  const opened = openEnvelope(sealEnvelope("policy", policy(), key), {
    kind: "policy",
    keys: [key],
    nowMs: 0,
  });
  assert.ok("document" in opened);
  assert.deepEqual(opened.document, policy());
  assert.equal(opened.serial, 3);
});
