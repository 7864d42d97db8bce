// The forms in which a download mode is configured: a word, a file, or a file inside the value itself.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import {
  type DownloadRules,
  downloadModes,
  isDownloadMode,
} from "../../domain/policy/download-rules.ts";
import { PolicyProblems } from "../../domain/policy/policy-problems.ts";
import { parseRedirectBase } from "../../domain/policy/redirect-base.ts";
import { parseDownloadFile } from "./download-file.ts";

/** What was read, and what the administrator should know about it. */
export interface ReadRules {
  readonly rules: DownloadRules;
  readonly notes: readonly string[];
}

/**
 * Reads `sync` and its siblings, `file:PATH`, `custom:BASE64` and `custom$BASE64`, as ATHENS_DOWNLOAD_MODE holds them.
 * `downloadUrl` is that of ATHENS_DOWNLOAD_URL, which counts for the words alone. Throws `PolicyProblems`.
 */
export function readDownloadRules(value: string, downloadUrl: string): ReadRules {
  const text = value.trim();
  const form = /^(file:|custom[:$])/.exec(text)?.[0];
  if (form === undefined) return { rules: plainRules(text, downloadUrl), notes: [] };
  const rest = text.slice(form.length);
  const rules = form === "file:" ? rulesOfFile(rest) : rulesOfBase64(rest);
  const notes: string[] = [];
  if (form === "custom$") {
    notes.push(
      "ATHENS_DOWNLOAD_MODE begins with custom$, as Athens' documentation prints it; Athens itself reads custom: only",
    );
  }
  if (downloadUrl !== "") {
    notes.push("ATHENS_DOWNLOAD_URL is without effect: the download file has its own downloadURL");
  }
  return { rules, notes };
}

function plainRules(text: string, downloadUrl: string): DownloadRules {
  if (!isDownloadMode(text)) {
    const list = downloadModes.join(", ");
    throw new PolicyProblems([
      `ATHENS_DOWNLOAD_MODE: ${JSON.stringify(text)} is none of ${list}, file:PATH and custom:BASE64`,
    ]);
  }
  try {
    const source = "ATHENS_DOWNLOAD_MODE";
    return { mode: text, downloadUrl: parseRedirectBase(downloadUrl), source, blocks: [] };
  } catch (failure) {
    if (!(failure instanceof SyntaxError)) throw failure;
    throw new PolicyProblems([`ATHENS_DOWNLOAD_URL: ${failure.message}`]);
  }
}

function rulesOfFile(path: string): DownloadRules {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (failure) {
    const code = (failure as NodeJS.ErrnoException).code ?? String(failure);
    throw new PolicyProblems([
      `ATHENS_DOWNLOAD_MODE: the download file ${JSON.stringify(path)} cannot be read (${code}): check its path and its permissions`,
    ]);
  }
  return parseDownloadFile(decoded(bytes, path), basename(path));
}

function rulesOfBase64(base64: string): DownloadRules {
  const plain = base64.replace(/[\r\n]/g, "");
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(plain)) {
    const at = plain.search(/[^A-Za-z0-9+/=]/);
    const why =
      at < 0
        ? "its length is wrong, or its = are"
        : `it holds ${JSON.stringify(plain[at])} at its character ${at + 1}`;
    throw new PolicyProblems([
      `ATHENS_DOWNLOAD_MODE: what follows custom: is not in standard base64: ${why}; make it with base64 -w0 FILE`,
    ]);
  }
  return parseDownloadFile(decoded(Buffer.from(plain, "base64"), "custom"), "custom");
}

function decoded(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new PolicyProblems([`${name}:1:1: the download file is not UTF-8: save it as such`]);
  }
}
