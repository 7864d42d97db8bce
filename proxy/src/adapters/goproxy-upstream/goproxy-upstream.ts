// Another module proxy as an upstream: the GOPROXY protocol over HTTP.
import type { ModulePath, ModuleVersion, Version } from "@stoa/gomod";
import { infoOfQuery, infoOfVersion } from "../../domain/info-answer.ts";
import { filePath, listPath, queryPath } from "../../domain/protocol-path.ts";
import { type FailureSubject, ProxyFailure } from "../../domain/proxy-failure.ts";
import type { InfoDocument, Upstream, ZipDelivery } from "../../domain/upstream.ts";
import {
  type ListedVersion,
  latestListed,
  parseVersionList,
  taggedVersions,
} from "../../domain/version-list.ts";
import type { Answer } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import type { RemoteDocuments } from "./remote-documents.ts";
import { ZipTransfer } from "./zip-transfer.ts";

export interface GoproxyUpstreamParts {
  /** Everything but zips, below the base of the proxy. */
  readonly documents: RemoteDocuments;
  readonly zips: Exchange;
}

/** As the go command limits it (golang.org/x/mod/zip.MaxGoMod). */
const mostModBytes = 16 * 2 ** 20;
/** What a .info and a list may measure; the largest that are known have a hundredth of it. */
const mostInfoBytes = 2 ** 20;
const mostListBytes = 64 * 2 ** 20;

export class GoproxyUpstream implements Upstream {
  readonly name: string;
  readonly #parts: GoproxyUpstreamParts;

  constructor(parts: GoproxyUpstreamParts) {
    this.name = parts.documents.host;
    this.#parts = parts;
  }

  async list(path: ModulePath, signal: AbortSignal): Promise<readonly Version[]> {
    return taggedVersions(await this.#fullList({ path }, signal));
  }

  async resolve(path: ModulePath, query: string, signal: AbortSignal): Promise<InfoDocument> {
    const subject = { path, version: query };
    const asked = { file: queryPath(path, query), subject, mostBytes: mostInfoBytes };
    try {
      return infoOfQuery(
        await this.#parts.documents.read(asked, signal),
        { path, query },
        this.name,
      );
    } catch (failure) {
      if (query !== "latest" || !isAbsence(failure)) throw failure;
      // A proxy need not offer `@latest`; then its list must do (cmd/go modfetch.proxyRepo.Latest).
      const version = latestListed(await this.#fullList(subject, signal));
      if (version === undefined) throw failure;
      return this.info({ path, version }, signal);
    }
  }

  async info(module: ModuleVersion, signal: AbortSignal): Promise<InfoDocument> {
    const file = filePath(module, "info");
    const asked = { file, subject: module, mostBytes: mostInfoBytes };
    return infoOfVersion(await this.#parts.documents.read(asked, signal), module, this.name);
  }

  async mod(module: ModuleVersion, signal: AbortSignal): Promise<Uint8Array> {
    const file = filePath(module, "mod");
    const asked = { file, subject: module, mostBytes: mostModBytes };
    const bytes = await this.#parts.documents.read(asked, signal);
    this.#refuseMarkup(bytes, module);
    return bytes;
  }

  async zip(module: ModuleVersion, signal: AbortSignal): Promise<ZipDelivery> {
    const { zips, documents } = this.#parts;
    const question = await documents.question(filePath(module, "zip"), module, "identity");
    const keep = async (answer: Answer): Promise<Answer> => answer;
    const transfer = new ZipTransfer({
      answer: await zips.ask(question, keep, signal),
      subject: module,
      deadlines: zips.deadlines,
      askForRest: (more) => {
        const headers = { ...question.headers, ...more };
        return zips.ask({ ...question, headers, wantedStatus: 206 }, keep, signal);
      },
      signal,
    });
    return { size: transfer.size, body: transfer, from: this.name };
  }

  async #fullList(subject: FailureSubject, signal: AbortSignal): Promise<readonly ListedVersion[]> {
    const file = listPath(subject.path);
    const asked = { file, subject, mostBytes: mostListBytes };
    const bytes = await this.#parts.documents.read(asked, signal);
    this.#refuseMarkup(bytes, subject);
    return parseVersionList(new TextDecoder().decode(bytes), subject.path);
  }

  /** A portal that wants a login answers everything with 200 and a web page. */
  #refuseMarkup(bytes: Uint8Array, subject: FailureSubject): void {
    if (!/^\s*</.test(Buffer.from(bytes.subarray(0, 64)).toString("latin1"))) return;
    throw new ProxyFailure(
      "upstream_unavailable",
      `${this.name} answered with a web page: it is no module proxy, or wants a login first`,
      { subject },
    );
  }
}

function isAbsence(failure: unknown): boolean {
  return failure instanceof ProxyFailure && failure.code === "not_found";
}
