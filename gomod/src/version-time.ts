// When a version was made, as Go writes it into JSON and reads it from there.

/** The time that Go writes where it knows none. */
export const zeroTime = "0001-01-01T00:00:00Z";

/** A time, and what a Date cannot hold of it. */
export interface WrittenTime {
  readonly date: Date;
  /** With nanoseconds and offset, as Go would write it again. */
  readonly text: string;
}

const shape =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{1,2})(:[0-9]{2}:[0-9]{2})(?:[.,]([0-9]+))?(Z|[-+][0-9]{2}:[0-9]{2})$/;
const dayMinutes = 24 * 60;

/**
 * Takes a time as Go does, which is a little more than RFC 3339 allows: an hour of one digit, a comma before the
 * fraction, offsets up to 24:60. `undefined` for anything else. Authority: Go's time.Time.UnmarshalJSON.
 */
export function takeTime(text: string): WrittenTime | undefined {
  const match = shape.exec(text);
  if (match === null) return undefined;
  const [, day = "", hour = "", rest = "", fraction = "", zone = ""] = match;
  const clock = `${day}T${hour.padStart(2, "0")}${rest}`;
  const local = new Date(`${clock}.${fraction.slice(0, 3).padEnd(3, "0")}Z`);
  const offset = minutesOf(zone);
  // Date rolls 30 February and hour 24 over into the next day instead of refusing them.
  const isReal = !Number.isNaN(local.getTime()) && local.toISOString().startsWith(clock);
  if (!isReal || offset === undefined) return undefined;

  const date = new Date(local.getTime() - offset * 60_000);
  const nanoseconds = fraction.slice(0, 9).replace(/0+$/, "");
  const decimals = nanoseconds === "" ? "" : `.${nanoseconds}`;
  // Go reads an offset of a day or more, but does not write it.
  if (Math.abs(offset) >= dayMinutes) return { date, text: `${secondsText(date)}${decimals}Z` };
  return { date, text: `${clock}${decimals}${zoneText(offset)}` };
}

/** A time in UTC. Authority: Go's time.Time.MarshalJSON. */
export function timeText(time: Date): string {
  const milliseconds = String(time.getUTCMilliseconds()).padStart(3, "0").replace(/0+$/, "");
  return `${secondsText(time)}${milliseconds === "" ? "" : `.${milliseconds}`}Z`;
}

function secondsText(time: Date): string {
  return time.toISOString().replace(/\.[0-9]{3}Z$/, "");
}

/** Minutes east of UTC; `undefined` if the offset is out of range. */
function minutesOf(zone: string): number | undefined {
  if (zone === "Z") return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4));
  if (hours > 24 || minutes > 60) return undefined;
  return (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes);
}

function zoneText(offset: number): string {
  if (offset === 0) return "Z";
  const minutes = Math.abs(offset);
  const hours = String(Math.floor(minutes / 60)).padStart(2, "0");
  return `${offset < 0 ? "-" : "+"}${hours}:${String(minutes % 60).padStart(2, "0")}`;
}
