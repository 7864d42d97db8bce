// Log lines: taken from machines, kept, read, followed.

import type { LogArchive, LogLine, LogQuery } from "../domain/log-archive.ts";
import { checkedName } from "../domain/names.ts";
import { News } from "../domain/news.ts";

/** Lines of one service in one environment that have just arrived. */
interface ArrivedLines {
  readonly environment: string;
  readonly service: string;
  readonly lines: readonly LogLine[];
}

/** The lines of all services. */
export class Logs {
  readonly #archive: LogArchive;
  readonly #news = new News<ArrivedLines>();

  constructor(archive: LogArchive) {
    this.#archive = archive;
  }

  /** Keeps lines of one machine, by service. */
  async take(environment: string, lines: ReadonlyMap<string, readonly LogLine[]>): Promise<void> {
    for (const [service, ofService] of lines) {
      await this.#archive.append(environment, checkedName(service, "a service"), ofService);
      this.#news.publish({ environment, service, lines: ofService });
    }
  }

  async read(query: LogQuery): Promise<readonly LogLine[]> {
    checkedName(query.environment, "an environment");
    checkedName(query.service, "a service");
    return await this.#archive.read(query);
  }

  /** What is kept, and then what arrives until the signal; no line is left out, one may come twice at the seam. */
  async *follow(query: LogQuery, signal: AbortSignal): AsyncGenerator<LogLine> {
    const arriving = this.#news.follow(signal);
    yield* await this.read(query);
    for await (const { environment, service, lines } of arriving) {
      if (environment !== query.environment || service !== query.service) continue;
      yield* lines.filter(({ machine }) => (query.machine ?? machine) === machine);
    }
  }
}
