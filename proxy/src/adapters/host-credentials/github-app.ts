// Logs in at GitHub as an app: short-lived tokens, each for what one installation of the app may read.
import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import { readFile } from "node:fs/promises";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import type { HostLogin } from "../../domain/repository/host-credentials.ts";
import { type ApiAnswer, askApi } from "./json-api.ts";

/** What the operator says about an app. Authority: docs.github.com, "Authenticating as a GitHub App installation". */
export interface GithubAppSettings {
  /** The app's id, or its client id. */
  readonly id: string;
  /** The file with its private key in PEM form. */
  readonly keyPath: string;
  /** The base of the API: `https://api.github.com`, or `https://HOST/api/v3` of an own server. */
  readonly apiUrl: string;
}

export interface GithubAppParts {
  readonly settings: GithubAppSettings;
  readonly key: KeyObject;
  /** Where HTTPS_PROXY and the like stand. */
  readonly environment: Readonly<Record<string, string>>;
  /** The time of day in milliseconds. */
  readonly nowMs: () => number;
}

interface Remembered<T> {
  readonly value: Promise<T>;
  /** Until when it counts; moved when the value is there. */
  untilMs: number;
}

/** Clocks differ: a signature counts from a minute ago, for less than the ten minutes that GitHub allows. */
const signedSinceSeconds = 60;
const signedForSeconds = 540;
/** A token is not used in its last minutes, for a fetch may take some. */
const reserveMs = 5 * 60_000;
/** How long it counts which installation has a repository, or that none has. */
const installationFreshMs = 10 * 60_000;
const absenceFreshMs = 60_000;
/** Repositories that are remembered at most. */
const mostRemembered = 10_000;

/** Reads the private key of an app. Rejects with a sentence. */
export async function readAppKey(path: string): Promise<KeyObject> {
  try {
    return createPrivateKey(await readFile(path));
  } catch (cause) {
    const message = `the file ${path} with the private key of the GitHub App cannot be read, or holds none in PEM form`;
    throw new ProxyFailure("upstream_unavailable", message, { cause });
  }
}

/** Remembers tokens until shortly before they end, and asks for each once. */
export class GithubApp {
  readonly #parts: GithubAppParts;
  readonly #installations = new Map<string, Remembered<number | undefined>>();
  readonly #tokens = new Map<number, Remembered<string>>();

  constructor(parts: GithubAppParts) {
    this.#parts = parts;
  }

  /**
   * The login for a repository's URL; `undefined` if the app is not installed there, or the URL is not on its GitHub.
   * Rejects with `upstream_unavailable` if GitHub does not say.
   */
  async login(url: URL): Promise<HostLogin | undefined> {
    const [owner, name] = url.pathname
      .replace(/\.git(?=\/|$)/, "")
      .split("/")
      .filter(Boolean);
    if (url.host !== this.#host || owner === undefined || name === undefined) return undefined;
    const repository = `${encodeURIComponent(owner)}/${encodeURIComponent(name)}`;
    const installation = await this.#installation(repository);
    if (installation === undefined) return undefined;
    return {
      login: "x-access-token",
      password: await this.#token(installation),
      from: `the GitHub App ${this.#parts.settings.id}, installation ${installation}`,
    };
  }

  get #host(): string {
    const { host } = new URL(this.#parts.settings.apiUrl);
    return host === "api.github.com" ? "github.com" : host;
  }

  #installation(repository: string): Promise<number | undefined> {
    return this.#remember(this.#installations, repository, async (entry) => {
      const answer = await this.#ask("GET", `/repos/${repository}/installation`, [200, 404]);
      const id = answer.status === 404 ? undefined : numberIn(answer.body, "id");
      const freshMs = id === undefined ? absenceFreshMs : installationFreshMs;
      entry.untilMs = this.#parts.nowMs() + freshMs;
      return id;
    });
  }

  #token(installation: number): Promise<string> {
    return this.#remember(this.#tokens, installation, async (entry) => {
      const path = `/app/installations/${installation}/access_tokens`;
      const { body } = await this.#ask("POST", path, [200, 201]);
      const { token, expires_at: expires } = body as { token?: unknown; expires_at?: unknown };
      if (typeof token !== "string") throw unreadable();
      entry.untilMs = (Date.parse(String(expires)) || this.#parts.nowMs()) - reserveMs;
      return token;
    });
  }

  /** What is asked for while it is on its way is waited for; a failure is not remembered. */
  #remember<K, T>(
    known: Map<K, Remembered<T>>,
    key: K,
    ask: (entry: { untilMs: number }) => Promise<T>,
  ): Promise<T> {
    const found = known.get(key);
    if (found !== undefined && found.untilMs > this.#parts.nowMs()) return found.value;
    const term = { untilMs: Number.POSITIVE_INFINITY };
    const entry = Object.assign(term, { value: ask(term) });
    known.delete(key);
    known.set(key, entry);
    entry.value.catch(() => known.get(key) === entry && known.delete(key));
    const [oldest] = known.keys();
    if (known.size > mostRemembered && oldest !== undefined) known.delete(oldest);
    return entry.value;
  }

  async #ask(method: "GET" | "POST", path: string, good: readonly number[]): Promise<ApiAnswer> {
    const { settings, environment } = this.#parts;
    const answer = await askApi({
      url: new URL(settings.apiUrl.replace(/\/+$/, "") + path),
      method,
      environment,
      headers: {
        accept: "application/vnd.github+json",
        authorization: `Bearer ${this.#signature()}`,
        "x-github-api-version": "2022-11-28",
      },
    });
    if (good.includes(answer.status)) return answer;
    const { message } = answer.body as { message?: unknown };
    const words = typeof message === "string" ? `: ${message.slice(0, 200)}` : "";
    throw new ProxyFailure(
      "upstream_unavailable",
      `GitHub does not accept the GitHub App ${settings.id} (status ${answer.status}${words})`,
    );
  }

  /** A JSON web token for the app itself. Authority: RFC 7519, RFC 7518 §3.3 (RS256). */
  #signature(): string {
    const seconds = Math.floor(this.#parts.nowMs() / 1000);
    const claims = {
      iat: seconds - signedSinceSeconds,
      exp: seconds + signedForSeconds,
      iss: this.#parts.settings.id,
    };
    const signed = [{ alg: "RS256", typ: "JWT" }, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
      .join(".");
    return `${signed}.${sign("sha256", Buffer.from(signed), this.#parts.key).toString("base64url")}`;
  }
}

function numberIn(body: object, name: string): number {
  const value = (body as Readonly<Record<string, unknown>>)[name];
  if (typeof value !== "number") throw unreadable();
  return value;
}

function unreadable(): ProxyFailure {
  return new ProxyFailure("upstream_unavailable", "the answer of GitHub's API cannot be read");
}
