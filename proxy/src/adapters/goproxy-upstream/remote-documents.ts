// Small files below a base URL, each asked for with the right credentials.
import type { FailureSubject } from "../../domain/proxy-failure.ts";
import type { Answer } from "./answer.ts";
import { readDocument } from "./document-body.ts";
import type { Exchange, Question } from "./exchange.ts";
import type { Authorization } from "./upstream-credentials.ts";

/** What is asked for. */
export interface AskedDocument {
  /** The path below the base, not percent-encoded. */
  readonly file: string;
  readonly subject: FailureSubject | undefined;
  readonly mostBytes: number;
}

export interface RemoteDocumentsParts {
  /** Its user name and password are for `authorization` and appear nowhere else. */
  readonly url: URL;
  readonly exchange: Exchange;
  readonly authorization: () => Promise<Authorization>;
  /** The header of that name, for the call that is being made. */
  readonly hops: () => string;
}

export class RemoteDocuments {
  /** For people: a name and maybe a port. */
  readonly host: string;
  readonly #parts: RemoteDocumentsParts;

  constructor(parts: RemoteDocumentsParts) {
    this.host = parts.url.host;
    this.#parts = parts;
  }

  /** The whole file. Rejects with a `ProxyFailure` or the signal's reason. */
  async read(asked: AskedDocument, signal: AbortSignal): Promise<Uint8Array> {
    const question = await this.question(asked.file, asked.subject, "gzip");
    const read = async (answer: Answer): Promise<Uint8Array> => {
      using document = answer;
      return await readDocument(document, asked);
    };
    return this.#parts.exchange.ask(question, read, signal);
  }

  /** The question for a file; `coding` is the content coding that is welcome. */
  async question(
    file: string,
    subject: FailureSubject | undefined,
    coding: string,
  ): Promise<Question> {
    const hops = this.#parts.hops();
    const authorization = await this.#parts.authorization();
    const url = new URL(this.#parts.url);
    url.pathname = `${url.pathname.replace(/\/+$/, "")}/${urlPath(file)}`;
    url.username = "";
    url.password = "";
    return { url, subject, authorization, hops, headers: { "accept-encoding": coding } };
  }
}

/** Percent-encodes as the go command does (cmd/go modfetch.pathEscape): `!` too, but not `+`, which is no space here. */
function urlPath(path: string): string {
  return path
    .split("/")
    .map((element) => encodeURIComponent(element))
    .join("/")
    .replaceAll("!", "%21")
    .replaceAll("%2B", "+")
    .replaceAll("%40", "@");
}
