// Leases in etcd, through its JSON gateway.
import type { LeaseEngine } from "../../domain/leases.ts";

const answerMs = 3000;
const prefix = "stoa/lease/";

/** Asks the cluster once. `endpoints` are `host:port` or URLs. Rejects with a sentence. */
export async function openEtcdEngine(endpoints: readonly string[]): Promise<LeaseEngine> {
  const engine = new EtcdEngine(
    endpoints.map((endpoint) => endpoint.trim()).filter((endpoint) => endpoint !== ""),
  );
  await engine.ask();
  return engine;
}

/**
 * Each lease is one of etcd's own, and the key lives and dies with it. Authority: the etcd API v3, "gRPC gateway": keys and
 * values in base64, 64-bit numbers as text.
 */
class EtcdEngine implements LeaseEngine {
  readonly name: string;
  readonly #members: readonly string[];
  /** The member that answered last. */
  #at = 0;
  /** etcd's ids of the leases, by holder. */
  readonly #ids = new Map<string, string>();

  constructor(endpoints: readonly string[]) {
    this.name = `etcd at ${endpoints.join(", ")}`;
    this.#members = endpoints.map((endpoint) =>
      (/^https?:\/\//.test(endpoint) ? endpoint : `http://${endpoint}`).replace(/\/+$/, ""),
    );
  }

  async ask(): Promise<void> {
    await this.#post("/v3/maintenance/status", {});
  }

  async take(key: string, holder: string, lifetimeMs: number): Promise<boolean> {
    // Whether somebody has it is asked first: a lease of etcd's costs it a write to its log.
    const name = encoded(prefix + key);
    const found = await this.#post("/v3/kv/range", { key: name, count_only: true });
    if (Number(found["count"] ?? 0) > 0) return false;
    // A grant that nobody learns of ends by itself, and holds no key.
    const { ID: id } = await this.#post("/v3/lease/grant", { TTL: Math.ceil(lifetimeMs / 1000) });
    const put = { request_put: { key: name, value: encoded(holder), lease: id } };
    const isNew = { key: name, target: "CREATE", result: "EQUAL", create_revision: "0" };
    this.#ids.set(holder, String(id));
    const { succeeded } = await this.#post("/v3/kv/txn", { compare: [isNew], success: [put] });
    if (succeeded === true) return true;
    this.#ids.delete(holder);
    await this.#post("/v3/lease/revoke", { ID: id });
    return false;
  }

  async renew(_key: string, holder: string): Promise<boolean> {
    const id = this.#ids.get(holder);
    if (id === undefined) return false;
    // A lease that has ended is answered without a TTL.
    const { result } = await this.#post("/v3/lease/keepalive", { ID: id });
    const isAlive = isRecord(result) && Number(result["TTL"] ?? 0) > 0;
    if (!isAlive) this.#ids.delete(holder);
    return isAlive;
  }

  async release(_key: string, holder: string): Promise<void> {
    const id = this.#ids.get(holder);
    if (id === undefined) return;
    this.#ids.delete(holder);
    await this.#post("/v3/lease/revoke", { ID: id });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ids.clear();
  }

  /** Asks the member that answered last, and the others if it does not. */
  async #post(path: string, body: unknown): Promise<Readonly<Record<string, unknown>>> {
    let failure: unknown;
    for (let tried = 0; tried < this.#members.length; tried++) {
      try {
        return await post(`${this.#members[this.#at]}${path}`, body);
      } catch (cause) {
        failure = cause;
        this.#at = (this.#at + 1) % this.#members.length;
      }
    }
    throw failure ?? new Error("no member of etcd is named");
  }
}

async function post(url: string, body: unknown): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(url, {
    method: "POST",
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(answerMs),
  }).catch((failure: unknown) => {
    // "fetch failed" alone says nothing.
    throw failure instanceof Error && failure.cause instanceof Error ? failure.cause : failure;
  });
  const answer: unknown = await response.json();
  if (response.ok && isRecord(answer)) return answer;
  const message = isRecord(answer) ? answer["message"] : undefined;
  throw new Error(`status ${response.status}: ${String(message ?? "no JSON")}`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function encoded(text: string): string {
  return Buffer.from(text).toString("base64");
}
