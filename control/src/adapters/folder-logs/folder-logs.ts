// Log lines in a folder: two files of JSON lines per service and environment, the older dropped when the newer is full.
import { appendFile, mkdir, readFile, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { ControlFailure } from "../../domain/control-failure.ts";
import type { LogArchive, LogLine, LogQuery } from "../../domain/log-archive.ts";

/** A service keeps between one and two of this. */
const fileBytes = 16 << 20;

/** Opens the archive in a folder, which is made when the first line comes. */
export function folderLogs(root: string): LogArchive {
  return new FolderLogs(root);
}

class FolderLogs implements LogArchive {
  readonly #root: string;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(root: string) {
    this.#root = root;
  }

  async append(environment: string, service: string, lines: readonly LogLine[]): Promise<void> {
    const work = async (): Promise<void> => {
      const folder = join(this.#root, environment, service);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const file = join(folder, "new.ndjson");
      if ((await sizeOf(file)) > fileBytes) await rename(file, join(folder, "old.ndjson"));
      await appendFile(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(""), {
        mode: 0o600,
      });
    };
    const turn = this.#turn.then(work, work);
    this.#turn = turn;
    try {
      await turn;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new ControlFailure("store_unavailable", `log lines cannot be kept: ${reason}`, {
        cause,
      });
    }
  }

  async read({
    environment,
    service,
    since = 0,
    limit,
    machine,
  }: LogQuery): Promise<readonly LogLine[]> {
    const folder = join(this.#root, environment, service);
    const texts = await Promise.all(
      ["old.ndjson", "new.ndjson"].map((name) =>
        readFile(join(folder, name), "utf8").catch(() => ""),
      ),
    );
    return texts
      .join("")
      .split("\n")
      .flatMap(parsedLine)
      .filter((line) => Date.parse(line.at) >= since && (machine ?? line.machine) === line.machine)
      .slice(-limit);
  }
}

/** A line that a crash has torn is none. */
function parsedLine(text: string): LogLine[] {
  if (text === "") return [];
  try {
    return [JSON.parse(text) as LogLine];
  } catch {
    return [];
  }
}

async function sizeOf(file: string): Promise<number> {
  return await stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}
