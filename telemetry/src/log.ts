// The log of a program: events with fields, and a line per request.
import { isatty } from "node:tty";
import { type Logger, pino } from "pino";
import { type LineNames, type LogFormat, lineNames, type Severity } from "./log-format.ts";
import { type Destination, LogOutput } from "./log-output.ts";
import { type Loggable, toLoggable } from "./loggable.ts";
import { toPlainLine } from "./plain-line.ts";
import { redact } from "./redact.ts";
import {
  type AlikeRequests,
  alikeLinesAsJson,
  type RequestLine,
  requestAsEvent,
  requestLinesAsJson,
} from "./request-line.ts";
import { timestamps } from "./timestamps.ts";

/** What an event is about, by name. Failures are written with stack and causes, credentials are masked. */
export type Fields = Readonly<Record<string, unknown>>;

/** Writes events: an event is a constant phrase ("module stored"), and what varies stands in its fields. */
export interface Log {
  debug(event: string, fields?: Fields): void;
  info(event: string, fields?: Fields): void;
  warn(event: string, fields?: Fields): void;
  error(event: string, fields?: Fields): void;
  /** Writes the line of an answered request, at level info. Made to be called for every request. */
  request(line: RequestLine): void;
  /** A function that writes the lines of requests that differ in duration and id only; faster than `request`. */
  requestsLike(alike: AlikeRequests): (ms: number, id: string) => void;
  /** The same log, with these fields in every event. */
  child(fields: Fields): Log;
  /** For events that are costly to describe. */
  isLevelEnabled(severity: Severity): boolean;
}

/** A log and its end of the line. */
export interface OpenLog extends Log {
  /** From now on events below this level are not written, by this log and all its children. */
  setLevel(level: Severity): void;
  /** Hands all lines to the system now. */
  flush(): void;
  /** Flushes and lets go of the destination. What is logged afterwards is lost. */
  close(): void;
}

export interface LogOptions {
  /** Events below this level are not written. */
  readonly level: Severity | "silent";
  readonly format: LogFormat;
  /** Standard output unless said otherwise. */
  readonly destination?: Destination | undefined;
  /** Whether plain lines are coloured; unless said otherwise, they are on a terminal. */
  readonly colour?: boolean | undefined;
  /** The time in milliseconds since 1970. */
  readonly nowMs?: (() => number) | undefined;
  /** Is told, once for each time, that lines cannot be written. */
  readonly onFailure?: ((failure: Error) => void) | undefined;
}

/** Short enough to follow a log with the eye, long enough to gather many lines under load. */
const flushAfterMs = 200;

/**
 * Opens a log. Lines reach their destination within 200 ms, errors and lines to a terminal at once, and all of them before
 * the process ends, however it does short of being killed. Throws when a file cannot be opened.
 */
export function openLog(options: LogOptions): OpenLog {
  const { level: firstLevel, format, destination = 1, nowMs = Date.now, onFailure } = options;
  const isTerminal = typeof destination === "number" && isatty(destination);
  const output = new LogOutput(destination, isTerminal ? 0 : flushAfterMs, onFailure);
  const names = lineNames[format];
  const now = timestamps(nowMs);
  const { colour = isTerminal } = options;
  const write = format === "plain" ? plainWriter(output, colour) : output.write.bind(output);
  const threshold: Threshold = { at: ranks[firstLevel] };
  const logger = pino(
    {
      // The threshold decides, for it can be moved: a child of pino's would keep the level it was made with.
      level: "debug",
      base: null,
      timestamp: () => `,"${names.time}":"${now()}"`,
      formatters: {
        level: (label) => ({ [names.severity]: names.severities[label as Severity] }),
      },
    },
    { write },
  );
  const requests = requestLog({ logger, threshold, format, output, now });
  return new EventLog(logger, { output, names, requests, threshold });
}

/** What is written and what is not; one for a log and all its children. */
interface Threshold {
  at: number;
}

const ranks: Readonly<Record<Severity | "silent", number>> = {
  debug: 1,
  info: 2,
  warn: 3,
  error: 4,
  silent: 5,
};

type RequestLog = Pick<Log, "request" | "requestsLike">;

/** What all children of a log have in common. */
interface Common {
  readonly output: LogOutput;
  readonly names: LineNames;
  readonly requests: RequestLog;
  readonly threshold: Threshold;
}

class EventLog implements OpenLog {
  readonly #logger: Logger;
  readonly #common: Common;
  readonly request: Log["request"];
  readonly requestsLike: Log["requestsLike"];

  constructor(logger: Logger, common: Common) {
    this.#logger = logger;
    this.#common = common;
    this.request = common.requests.request;
    this.requestsLike = common.requests.requestsLike;
  }

  debug(event: string, fields?: Fields): void {
    this.#write("debug", event, fields);
  }

  info(event: string, fields?: Fields): void {
    this.#write("info", event, fields);
  }

  warn(event: string, fields?: Fields): void {
    this.#write("warn", event, fields);
  }

  error(event: string, fields?: Fields): void {
    this.#write("error", event, fields);
    this.flush();
  }

  child(fields: Fields): Log {
    return new EventLog(this.#logger.child(toMembers(this.#common.names, fields)), this.#common);
  }

  isLevelEnabled(severity: Severity): boolean {
    return ranks[severity] >= this.#common.threshold.at;
  }

  setLevel(level: Severity): void {
    this.#common.threshold.at = ranks[level];
  }

  flush(): void {
    this.#common.output.flush();
  }

  close(): void {
    this.#common.output.close();
  }

  #write(severity: Severity, event: string, fields: Fields = {}): void {
    if (!this.isLevelEnabled(severity)) return;
    const { names } = this.#common;
    this.#logger[severity]({ [names.event]: redact(event), ...toMembers(names, fields) });
  }
}

/** Fields as members of a line. One that has the name of a member that every line has gets an underscore behind it. */
function toMembers(names: LineNames, fields: Fields): Record<string, Loggable> {
  const members: Record<string, Loggable> = {};
  for (const [name, value] of Object.entries(fields)) {
    const isTaken = name === names.severity || name === names.time || name === names.event;
    members[isTaken ? `${name}_` : name] = toLoggable(name, value);
  }
  return members;
}

/** Writes for people what pino wrote for programs. */
function plainWriter(output: LogOutput, isColoured: boolean): (line: string) => void {
  return (line) => {
    const { level: severity, time, msg: event, ...fields } = JSON.parse(line);
    output.write(toPlainLine({ time, severity, event, fields }, isColoured));
  };
}

function requestLog({
  logger,
  threshold,
  format,
  output,
  now,
}: {
  readonly logger: Logger;
  readonly threshold: Threshold;
  readonly format: LogFormat;
  readonly output: LogOutput;
  readonly now: () => string;
}): RequestLog {
  const isWritten = (): boolean => threshold.at <= ranks.info;
  if (format === "plain") {
    const request = (line: RequestLine): void => {
      if (!isWritten()) return;
      const [event, fields] = requestAsEvent(line);
      logger.info({ [lineNames.plain.event]: event, ...fields });
    };
    return { request, requestsLike: (alike) => (ms, id) => request({ ...alike, ms, id }) };
  }
  const names = lineNames[format];
  const toJson = requestLinesAsJson(names);
  return {
    request: (line) => {
      if (isWritten()) output.write(toJson(line, now()));
    },
    requestsLike: (alike) => {
      const toLine = alikeLinesAsJson(names, alike);
      return (ms, id) => {
        if (isWritten()) output.write(toLine(ms, id, now()));
      };
    },
  };
}
