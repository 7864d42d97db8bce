// The five endpoints of the protocol: each a question to the application, and its answer with its lifetime.
import {
  checkModuleVersion,
  InvalidText,
  isPseudoVersion,
  isVersion,
  type ModuleVersion,
  type Version,
} from "@stoa/gomod";
import type { AppliedPolicy } from "../application/apply-policy.ts";
import type { VersionLists } from "../application/list-versions.ts";
import type { VersionFiles } from "../application/read-version-file.ts";
import type { Remembered } from "../application/remembered-answers.ts";
import type { QueryAnswers } from "../application/resolve-query.ts";
import { whyAbsent } from "../domain/policy/absence.ts";
import type { PolicyDecision, PolicyQuestion } from "../domain/policy/module-policy.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import type { InfoDocument } from "../domain/upstream.ts";
import type { ZipLinks } from "../domain/zip-links.ts";
import { type Answer, type Freshness, noLongerThan, shortLived } from "./answer.ts";
import type { EndpointRequest } from "./module-request.ts";
import { redirectAnswer } from "./redirect-answer.ts";
import { infoType, versionFile, zipElsewhere } from "./version-file-answer.ts";

type FileRequest = EndpointRequest & { readonly kind: "file" };

/** What the client can do with the answer. */
export interface ClientWish {
  readonly keptOnly: boolean;
  /** It reads a whole zip from its beginning: no HEAD, no range. */
  readonly canFollow: boolean;
}

/** What the answers are made of. */
export interface ModuleAnswerParts {
  readonly files: VersionFiles;
  /** Where clients may get zips instead of from here; `undefined` if they may not. */
  readonly links: ZipLinks | undefined;
  readonly lists: VersionLists;
  readonly queries: QueryAnswers;
  readonly policy: AppliedPolicy;
  /** Takes versions that nobody waits for. */
  readonly background: { add(module: ModuleVersion): Promise<void> };
  /** Whether a URL leads to this very program. */
  readonly isSelf: (url: string) => boolean;
  /** The status of redirects by the download mode. */
  readonly redirectStatus: number;
  /** How long lists, latest, revision queries and redirects hold. */
  readonly lifetimeMs: number;
}

/** A request, what the policy says about it, and what the client can do with the answer. */
interface Admitted<Request extends EndpointRequest = EndpointRequest> {
  readonly request: Request;
  readonly decision: PolicyDecision;
  readonly wish: ClientWish;
}

/** Answers requests for modules. */
export class ModuleAnswers {
  readonly #parts: ModuleAnswerParts;

  constructor(parts: ModuleAnswerParts) {
    this.#parts = parts;
  }

  /** The answer. Its body must be sent or let go. Rejects with a `ProxyFailure` that names the module. */
  async answer(request: EndpointRequest, wish: ClientWish, signal: AbortSignal): Promise<Answer> {
    try {
      const question = questionOf(request);
      const { decision, holdsForMs } = await this.#parts.policy.decide(question, signal);
      const { admission } = decision;
      if (admission.verdict === "elsewhere")
        return this.#redirect(request, admission.base, seeOther);
      const answer = await this.#served(request, { request, decision, wish }, signal);
      return { ...answer, freshness: noLongerThan(holdsForMs, answer.freshness) };
    } catch (failure) {
      throw withSubject(failure, request);
    }
  }

  #served(request: EndpointRequest, admitted: Admitted, signal: AbortSignal): Promise<Answer> {
    switch (request.kind) {
      case "list":
        return this.#list({ ...admitted, request }, signal);
      case "latest":
        return this.#latest({ ...admitted, request }, signal);
      case "file":
        return this.#file({ ...admitted, request }, signal);
    }
  }

  async #list(admitted: Admitted, signal: AbortSignal): Promise<Answer> {
    const { request, decision, wish } = admitted;
    const { onMiss, network } = decision;
    const { path } = request;
    const { lists } = this.#parts;
    if (!asksUpstream(admitted)) {
      const kept = await lists.kept(path);
      if (wish.keptOnly) return this.#keptList(kept, "no version of it is kept here");
      if (onMiss.action === "redirect" && (network !== "offline" || kept.length === 0)) {
        return this.#redirect(request, onMiss.base);
      }
      if (network === "offline") return this.#versions(justNow(kept));
      return this.#keptList(kept, whyAbsent(decision));
    }
    const list = network === "fallback" ? lists.listOrKept(path, signal) : lists.list(path, signal);
    return this.#versions(await list);
  }

  #keptList(kept: readonly Version[], absence: string): Answer {
    if (kept.length === 0) throw new ProxyFailure("not_found", absence);
    return this.#versions(justNow(kept.filter((version) => !isPseudoVersion(version))));
  }

  #versions(list: Remembered<readonly Version[]>): Answer {
    const text = list.value.map((version) => `${version}\n`).join("");
    return {
      body: { form: "bytes", bytes: Buffer.from(text) },
      contentType: "text/plain; charset=utf-8",
      ...this.#ageing(list),
      from: list.asked ? this.#parts.lists.upstreamName : undefined,
    };
  }

  async #latest(admitted: Admitted, signal: AbortSignal): Promise<Answer> {
    const { request, decision, wish } = admitted;
    const { onMiss, network } = decision;
    const { path } = request;
    const { queries } = this.#parts;
    if (!asksUpstream(admitted)) {
      if (onMiss.action !== "redirect" || wish.keptOnly) {
        return this.#info(justNow(await queries.latestKept(path)));
      }
      const kept =
        network === "offline" ? await queries.latestKept(path).catch(ifAbsent) : undefined;
      return kept === undefined ? this.#redirect(request, onMiss.base) : this.#info(justNow(kept));
    }
    const answer =
      network === "fallback"
        ? queries.latestOrKept(path, signal)
        : queries.resolve(path, "latest", signal);
    return this.#info(await answer);
  }

  async #file(admitted: Admitted<FileRequest>, signal: AbortSignal): Promise<Answer> {
    const { request, decision, wish } = admitted;
    const exact = exactVersion(request);
    if (exact !== undefined) return this.#exact(exact, admitted, signal);
    const { path, version: query, file } = request;
    if (query === "upgrade" || query === "patch") {
      throw new ProxyFailure(
        "not_found",
        `"${query}" means something to the go command only, which never asks a proxy for it`,
      );
    }
    if (wish.keptOnly) {
      throw new ProxyFailure("not_found", "it is no canonical version, and only such are kept");
    }
    if (!asksUpstream(admitted)) return this.#missing(request, decision);
    const resolved = await this.#parts.queries.resolve(path, query, signal);
    // What the query means may be ruled otherwise than the query.
    const meant = { ...request, version: resolved.value.info.version };
    if (file === "info") {
      await this.#parts.policy.decide(questionOf(meant), signal);
      return this.#info(resolved);
    }
    const answer = await this.answer(meant, wish, signal);
    return { ...answer, freshness: this.#ageing(resolved).freshness };
  }

  async #exact(
    module: ModuleVersion,
    { request, decision, wish }: Admitted<FileRequest>,
    signal: AbortSignal,
  ): Promise<Answer> {
    const { files, background } = this.#parts;
    const kind = request.file;
    if (kind === "zip" && wish.canFollow) {
      const location = await this.#parts.links?.link(module);
      if (location !== undefined) return zipElsewhere(location);
    }
    const { onMiss } = decision;
    if (onMiss.action === "fetch" && !wish.keptOnly) {
      return versionFile(await files.open(module, kind, wish, signal), kind);
    }
    const kept = await files.kept(module, kind);
    if (kept !== undefined) return versionFile(kept, kind);
    if (wish.keptOnly) {
      throw new ProxyFailure("not_found", "it is not kept here, and this request forbids fetching");
    }
    if (onMiss.action === "queue" || (onMiss.action === "redirect" && onMiss.queue)) {
      const accepted = background.add(module);
      // Who is sent elsewhere gets the module there, whether or not it can be fetched here.
      await (onMiss.action === "redirect" ? accepted.catch(ifOverloaded) : accepted);
    }
    return this.#missing(request, decision);
  }

  /** The answer to a request for something that is not kept and not to be fetched now. */
  #missing(request: EndpointRequest, decision: PolicyDecision): Answer {
    if (decision.onMiss.action === "redirect") return this.#redirect(request, decision.onMiss.base);
    throw new ProxyFailure("not_found", whyAbsent(decision));
  }

  #redirect(request: EndpointRequest, base: string, status = this.#parts.redirectStatus): Answer {
    const { isSelf, lifetimeMs } = this.#parts;
    if (isSelf(base)) {
      throw new ProxyFailure(
        "loop",
        `the configured redirect to ${new URL(base).host} leads back here`,
      );
    }
    return redirectAnswer(request, base, { status, lifetimeMs });
  }

  #info(document: Remembered<InfoDocument>): Answer {
    return {
      body: { form: "bytes", bytes: document.value.bytes },
      contentType: infoType,
      ...this.#ageing(document),
      from: document.asked ? document.value.from : undefined,
    };
  }

  #ageing(remembered: Remembered<unknown>): { freshness: Freshness; cache: Answer["cache"] } {
    const { ageMs, stale, asked } = remembered;
    const known = stale ? "stale" : "hit";
    return {
      freshness: shortLived(this.#parts.lifetimeMs, ageMs, stale),
      cache: asked && !stale ? "miss" : known,
    };
  }
}

/** The client shall ask with GET at the other place; what the filter's `D` has always been answered with. */
const seeOther = 303;

function questionOf(request: EndpointRequest): PolicyQuestion {
  const { path } = request;
  if (request.kind !== "file") return { endpoint: request.kind, path, version: undefined };
  return { endpoint: request.file, path, version: request.version };
}

/** Whether a question (a list, latest, a query) may be put to the upstream now. To answer one nothing is downloaded. */
function asksUpstream({ decision, wish }: Admitted): boolean {
  const { action } = decision.onMiss;
  return !wish.keptOnly && (action === "fetch" || action === "queue");
}

function ifAbsent(failure: unknown): undefined {
  if (!(failure instanceof ProxyFailure && failure.code === "not_found")) throw failure;
}

function ifOverloaded(failure: unknown): void {
  if (!(failure instanceof ProxyFailure && failure.code === "overloaded")) throw failure;
}

/** The version itself, if the request names one that can exist for this path; otherwise it is a query. */
function exactVersion(request: FileRequest): ModuleVersion | undefined {
  const { path, version } = request;
  if (!isVersion(version)) return undefined;
  try {
    checkModuleVersion(path, version);
    return { path, version };
  } catch (failure) {
    if (failure instanceof InvalidText) return undefined;
    throw failure;
  }
}

function justNow<T>(value: T): Remembered<T> {
  return { value, ageMs: 0, stale: false, asked: false };
}

/** Failures from below may not know what they are about; the request does. */
function withSubject(failure: unknown, request: EndpointRequest): unknown {
  if (!(failure instanceof ProxyFailure)) return failure;
  const version = request.kind === "file" ? request.version : undefined;
  return new ProxyFailure(failure.code, failure.message, {
    cause: failure,
    subject: { path: request.path, ...(version === undefined ? {} : { version }) },
  });
}
