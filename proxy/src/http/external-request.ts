// What a request of Athens' protocol for external storage asks for.
import {
  checkModuleVersion,
  InvalidText,
  isVersion,
  type ModulePath,
  type ModuleVersion,
  unescapeVersion,
} from "@stoa/gomod";
import type { FileKind } from "../domain/module-store.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import { decodedPath, modulePathIn } from "./module-request.ts";

/** A request in the words of the protocol. */
export type ExternalRequest = { readonly kind: "external" } & (
  | { readonly operation: "list"; readonly path: ModulePath }
  | { readonly operation: "read"; readonly module: ModuleVersion; readonly file: FileKind }
  | { readonly operation: "save" | "delete"; readonly module: ModuleVersion }
);

/** The ends of the last element. */
const operations = new Set(["info", "mod", "zip", "save", "delete"]);

/**
 * Reads a target below `base`. Throws `not_found` for what the protocol does not have. Paths are escaped; versions come as
 * they are, and escaped ones are understood too. Authority: gomods/athens, pkg/storage/external.
 */
export function parseExternalRequest(target: string, base: string): ExternalRequest {
  const inside = decodedPath(target).slice(base.length + 1);
  const at = inside.indexOf("/@v/");
  if (at < 0) throw nothing();
  const path = modulePathIn(inside.slice(0, at));
  const name = inside.slice(at + "/@v/".length);
  if (name === "list") return { kind: "external", operation: "list", path };
  const dot = name.lastIndexOf(".");
  const word = name.slice(dot + 1);
  if (dot <= 0 || !operations.has(word)) throw nothing();
  const isChange = word === "save" || word === "delete";
  const module = versionIn(path, name.slice(0, dot), isChange ? "bad_request" : "not_found");
  if (isChange) return { kind: "external", operation: word, module };
  return { kind: "external", operation: "read", module, file: word as FileKind };
}

/** A version that no store can have is absent; it is a mistake to want to save it. */
function versionIn(
  path: ModulePath,
  text: string,
  code: "bad_request" | "not_found",
): ModuleVersion {
  try {
    const version = text.includes("!") ? unescapeVersion(text) : text;
    if (!isVersion(version)) {
      throw new ProxyFailure(code, "it is no canonical version", { subject: { path, version } });
    }
    checkModuleVersion(path, version);
    return { path, version };
  } catch (failure) {
    if (!(failure instanceof InvalidText)) throw failure;
    throw new ProxyFailure(code, failure.message, { cause: failure });
  }
}

function nothing(): ProxyFailure {
  return new ProxyFailure(
    "not_found",
    "no such page; requests to this storage look like /example.com/module/@v/v1.0.0.save",
  );
}
