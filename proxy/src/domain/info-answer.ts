// Whether the `.info` document that an upstream gave is an answer to what it was asked.
import {
  checkModuleVersion,
  InvalidText,
  type ModulePath,
  type ModuleVersion,
  parseVersionInfo,
} from "@stoa/gomod";
import { type FailureSubject, ProxyFailure } from "./proxy-failure.ts";
import type { InfoDocument } from "./upstream.ts";

/**
 * The `.info` of just this version. Throws `upstream_unavailable` if it is no such document, `invalid_module` if it is
 * about another version (cmd/go modfetch.proxyRepo.Stat refuses it likewise).
 */
export function infoOfVersion(
  bytes: Uint8Array,
  module: ModuleVersion,
  from: string,
): InfoDocument {
  const document = infoDocument(bytes, module, from);
  if (document.info.version === module.version) return document;
  throw new ProxyFailure(
    "invalid_module",
    `${from} gave the .info of ${document.info.version} instead of that of ${module.version}`,
    { subject: module },
  );
}

/** The `.info` that answers a query. Throws as `infoOfVersion`, if it is about a version this module cannot have. */
export function infoOfQuery(
  bytes: Uint8Array,
  asked: { readonly path: ModulePath; readonly query: string },
  from: string,
): InfoDocument {
  const subject = { path: asked.path, version: asked.query };
  const document = infoDocument(bytes, subject, from);
  try {
    checkModuleVersion(asked.path, document.info.version);
    return document;
  } catch (cause) {
    if (!(cause instanceof InvalidText)) throw cause;
    throw new ProxyFailure(
      "invalid_module",
      `${from} says that this is the version ${document.info.version}, which this module cannot have`,
      { subject, cause },
    );
  }
}

function infoDocument(bytes: Uint8Array, subject: FailureSubject, from: string): InfoDocument {
  try {
    return { bytes, info: parseVersionInfo(bytes), from };
  } catch (cause) {
    if (!(cause instanceof InvalidText)) throw cause;
    throw new ProxyFailure(
      "upstream_unavailable",
      `${from} gave something that is no .info document`,
      { subject, cause },
    );
  }
}
