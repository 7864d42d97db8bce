import assert from "node:assert/strict";
import { test } from "node:test";
import {
  makeSettingsKey,
  openSetting,
  parseSettingsKey,
  sealingKeyOf,
  sealSetting,
  settingsKeyLine,
} from "./sealed-setting.ts";

const place = { environment: "production", service: "shop", name: "DATABASE_URL" };
const value = "postgres://shop:geheim@db/shop?x=ü";

test("a sealed value opens with its key, in its place, and says nothing of itself", () => {
  const key = makeSettingsKey();
  const sealed = sealSetting(value, place, key);
  assert.doesNotMatch(sealed, /geheim/);
  assert.equal(sealingKeyOf(sealed), key.id);
  assert.notEqual(sealSetting(value, place, key), sealed);
  const read = parseSettingsKey(`${settingsKeyLine(key)}\n`);
  assert.equal(read.id, key.id);
  assert.equal(openSetting(sealed, place, [makeSettingsKey(), read]), value);
  assert.equal(openSetting(sealSetting("", place, key), place, [key]), "");
  assert.equal(openSetting("plain", place, []), "plain");
  assert.equal(sealingKeyOf("plain"), undefined);
});

test("another key, another place or another bit is refused", () => {
  const key = makeSettingsKey();
  const sealed = sealSetting(value, place, key);
  assert.throws(
    () => openSetting(sealed, place, [makeSettingsKey()]),
    /sealed with the key .* not here/,
  );
  for (const other of [
    { ...place, environment: "staging" },
    { ...place, service: "mail" },
    { ...place, name: "LOG_LEVEL" },
  ]) {
    assert.throws(
      () => openSetting(sealed, other, [key]),
      /was changed, or was sealed for another/,
    );
  }
  const start = `sealed:1:${key.id}:`;
  const bytes = Buffer.from(sealed.slice(start.length), "base64url");
  for (let at = 0; at < bytes.length; at += 1) {
    const bent = Buffer.from(bytes);
    bent[at] = (bent[at] ?? 0) ^ 1;
    assert.throws(
      () => openSetting(start + bent.toString("base64url"), place, [key]),
      `byte ${at}`,
    );
  }
  assert.throws(() => openSetting(`${start}AAAA`, place, [key]), /is damaged/);
  assert.throws(() => parseSettingsKey("stoa-settings-key:1:short"), /must be a line/);
});
