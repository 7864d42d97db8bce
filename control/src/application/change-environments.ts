// Environments: one signed index each, changed under compare-and-swap, its serial never going back.
import type { Assignment, EnvironmentIndex } from "@stoa/deployment";
import { type Clock, isoTime } from "../domain/clock.ts";
import { ControlFailure } from "../domain/control-failure.ts";
import type { DocumentTree } from "../domain/document-tree.ts";
import { checkedName } from "../domain/names.ts";
import { News } from "../domain/news.ts";
import { treePaths } from "../domain/tree-paths.ts";
import { behind, mostTries } from "./overwrite-document.ts";
import { type OpenDocument, type SignedTree, tampered } from "./sign-documents.ts";

/** An index that is not renewed is refused by agents after so long; they keep what they run. */
const lifetimeMs = 90 * 24 * 3_600_000;
/** While the control plane runs, an index is renewed when it is older. */
const renewalMs = 24 * 3_600_000;

/** That an environment has a new index. */
export interface IndexChange {
  readonly environment: string;
  readonly serial: number;
}

type Services = Readonly<Record<string, Assignment>>;

/** The indexes of all environments. */
export class Environments {
  readonly news = new News<IndexChange>();
  readonly #tree: DocumentTree;
  readonly #documents: SignedTree;
  readonly #clock: Clock;
  /** The highest serial that was read or written, by environment. */
  readonly #highest = new Map<string, number>();

  constructor(tree: DocumentTree, documents: SignedTree, clock: Clock) {
    this.#tree = tree;
    this.#documents = documents;
    this.#clock = clock;
  }

  /** The names of all, in order. */
  async list(): Promise<readonly string[]> {
    const paths = await this.#tree.list("environments");
    return paths.flatMap((path) => /^environments\/([^/]+)\/index\.json$/.exec(path)?.[1] ?? []);
  }

  /** Undefined if there is no such environment. */
  async read(environment: string): Promise<EnvironmentIndex | undefined> {
    return (await this.#read(environment))?.document;
  }

  /** Makes an environment without services, if it is not there yet. */
  async ensure(environment: string): Promise<void> {
    if ((await this.read(environment)) !== undefined) return;
    await this.#write(environment, undefined, {});
  }

  /**
   * Changes the services of an environment: `change` is given the present ones and the serial that the new index will
   * have, and gives the new ones, or `undefined` to leave them. Resolves to the index as it then is. It is called again when another writer came first.
   * Fails with `store_unavailable` where that has no end.
   */
  async change(
    environment: string,
    change: (services: Services, serial: number) => Services | undefined,
  ): Promise<EnvironmentIndex> {
    for (let tried = 0; tried < mostTries; tried++) {
      const present = await this.#read(environment);
      if (present === undefined) throw unknownEnvironment(environment);
      const { document: index } = present;
      const services = change(index.services, index.serial + 1);
      if (services === undefined) return index;
      const written = await this.#write(environment, present, services);
      if (written !== undefined) return written;
    }
    throw behind(treePaths.index(environment));
  }

  /** Makes the index name the newest policy, which brings it to the machines. An older one than it names changes nothing. */
  async follow(environment: string, policy: number): Promise<void> {
    for (;;) {
      const present = await this.#read(environment);
      if (present === undefined) throw unknownEnvironment(environment);
      if ((present.document.policy ?? 0) >= policy) return;
      const written = await this.#write(environment, present, present.document.services, policy);
      if (written !== undefined) return;
    }
  }

  /** Renews indexes that grow old, so that agents go on trusting them. */
  async renew(): Promise<void> {
    for (const environment of await this.list()) {
      const index = await this.read(environment);
      if (index === undefined) continue;
      if (this.#clock.now() - Date.parse(index.issuedAt) < renewalMs) continue;
      await this.change(environment, (services) => services);
    }
  }

  /** An index is in the history before the next one is written, also where a crash came between. */
  async #remember({ document, text }: OpenDocument<EnvironmentIndex>): Promise<void> {
    await this.#tree.create(treePaths.indexHistory(document.environment, document.serial), text);
  }

  async #read(environment: string): Promise<OpenDocument<EnvironmentIndex> | undefined> {
    const path = treePaths.index(checkedName(environment, "an environment"));
    // Taken before the reading: another reader may be quicker with a newer one.
    const highest = this.#highest.get(environment) ?? 0;
    const found = await this.#documents.read(path, "environment");
    if (found === undefined) return undefined;
    const { environment: of, serial } = found.document;
    if (of !== environment) throw tampered(path, `it is the index of ${of}`);
    if (serial < highest) throw tampered(path, `its serial went from ${highest} back to ${serial}`);
    this.#see(environment, serial);
    return found;
  }

  #see(environment: string, serial: number): void {
    this.#highest.set(environment, Math.max(serial, this.#highest.get(environment) ?? 0));
  }

  async #write(
    environment: string,
    before: OpenDocument<EnvironmentIndex> | undefined,
    services: Services,
    policy = before?.document.policy,
  ): Promise<EnvironmentIndex | undefined> {
    const now = this.#clock.now();
    const serial = (before?.document.serial ?? 0) + 1;
    const index: EnvironmentIndex = {
      format: 1,
      environment,
      serial,
      issuedAt: isoTime(now),
      notAfter: isoTime(now + lifetimeMs),
      ...(policy === undefined ? {} : { policy }),
      services,
    };
    const path = treePaths.index(environment);
    if (before !== undefined) await this.#remember(before);
    const written =
      before === undefined
        ? await this.#documents.create(path, "environment", index)
        : await this.#documents.replace(path, "environment", index, before.etag);
    if (written === undefined) return undefined;
    this.#see(environment, serial);
    await this.#remember({ document: index, ...written });
    this.news.publish({ environment, serial });
    return index;
  }
}

/** The failure for an environment that is not there. */
export function unknownEnvironment(environment: string): ControlFailure {
  return new ControlFailure(
    "not_found",
    `there is no environment ${environment}; it begins with its first machine: stoa token join --environment ${environment}`,
  );
}
