// The files that the configuration names: whether they can be read, hold what they should, and are safe from others.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import process from "node:process";
import { tokenFiles } from "@stoa/proxy";
import type { ConfigProblem } from "./config-file.ts";
import { placeOf } from "./consistency.ts";
import type { LoadedConfig } from "./load-config.ts";
import type { SettingKey } from "./settings.ts";
import { whyUnreadable } from "./unreadable-file.ts";

/** Everything that is wrong with the named files. `configFile` is the path of the configuration file, if there is one. */
export function* checkNamedFiles(
  config: LoadedConfig,
  configFile: string | undefined,
): Generator<ConfigProblem> {
  const cert = yield* contentOf(config, "tlsCertFile");
  const key = yield* contentOf(config, "tlsKeyFile");
  if (cert !== undefined && key !== undefined) yield* checkKeyPair(config, cert, key);
  yield* contentOf(config, "netrcPath");
  yield* contentOf(config, "hgrcPath");
  yield* checkAppKey(config);
  for (const path of tokenFiles(config.values.hostTokens))
    yield* readable(config, "hostTokens", path);
  if (config.values.goEnv === "production" && configFile !== undefined) {
    for (const path of [configFile, config.values.filterFile]) yield* checkMode(path);
  }
}

function* contentOf(
  config: LoadedConfig,
  key: SettingKey & ("tlsCertFile" | "tlsKeyFile" | "netrcPath" | "hgrcPath" | "githubAppKey"),
): Generator<ConfigProblem, Buffer | undefined> {
  const path = config.values[key];
  return path === "" ? undefined : yield* readable(config, key, path);
}

function* readable(
  config: LoadedConfig,
  key: SettingKey,
  path: string,
): Generator<ConfigProblem, Buffer | undefined> {
  try {
    return readFileSync(path);
  } catch (cause) {
    const message = `the file ${path} cannot be read: ${whyUnreadable(cause)}`;
    yield { at: placeOf(config, key), message };
    return undefined;
  }
}

function* checkKeyPair(config: LoadedConfig, cert: Buffer, key: Buffer): Generator<ConfigProblem> {
  const { tlsCertFile, tlsKeyFile } = config.values;
  const certificate = orUndefined(() => new X509Certificate(cert));
  const privateKey = orUndefined(() => createPrivateKey(key));
  if (certificate === undefined) {
    const message = `the file ${tlsCertFile} holds no certificate in PEM form`;
    yield { at: placeOf(config, "tlsCertFile"), message };
  }
  if (privateKey === undefined) {
    const message = `the file ${tlsKeyFile} holds no private key in PEM form without a passphrase`;
    yield { at: placeOf(config, "tlsKeyFile"), message };
  }
  if (certificate === undefined || privateKey === undefined) return;
  if (!certificate.checkPrivateKey(privateKey)) {
    const message = `the key in ${tlsKeyFile} does not belong to the certificate in ${tlsCertFile}`;
    yield { at: placeOf(config, "tlsKeyFile"), message };
  }
}

function* checkAppKey(config: LoadedConfig): Generator<ConfigProblem> {
  const key = yield* contentOf(config, "githubAppKey");
  if (key === undefined || orUndefined(() => createPrivateKey(key)) !== undefined) return;
  const { githubAppKey } = config.values;
  const message = `the file ${githubAppKey} holds no private key in PEM form without a passphrase`;
  yield { at: placeOf(config, "githubAppKey"), message };
}

function orUndefined<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

/** Athens' rule: nobody but the owner may write or execute it. What is missing is somebody else's concern. */
function* checkMode(path: string): Generator<ConfigProblem> {
  const found = path === "" ? undefined : statSync(path, { throwIfNoEntry: false });
  if (found === undefined || process.platform === "win32" || (found.mode & 0o033) === 0) return;
  const mode = (found.mode & 0o777).toString(8).padStart(4, "0");
  const message = `with GoEnv=production nobody else may write or execute it, but its mode is ${mode}; chmod 0644 it`;
  yield { at: path, message };
}
