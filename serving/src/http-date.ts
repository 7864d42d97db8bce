// HTTP dates as RFC 9110 §5.6.7 defines them: one form to write, three to read.

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const month = `(?<month>${months.join("|")})`;
const time = "(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)";
const shortDay = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const longDay = "(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)";

const forms = [
  // IMF-fixdate: Sun, 06 Nov 1994 08:49:37 GMT
  new RegExp(`^${shortDay}, (?<day>\\d\\d) ${month} (?<year>\\d{4}) ${time} GMT$`),
  // RFC 850: Sunday, 06-Nov-94 08:49:37 GMT
  new RegExp(`^${longDay}, (?<day>\\d\\d)-${month}-(?<year>\\d\\d) ${time} GMT$`),
  // asctime: Sun Nov  6 08:49:37 1994
  new RegExp(`^${shortDay} ${month} (?<day>[ \\d]\\d) ${time} (?<year>\\d{4})$`),
];

/** The date as seconds since 1970, or `undefined` for anything but the three forms of RFC 9110 §5.6.7. */
export function toHttpDateSeconds(text: string): number | undefined {
  for (const form of forms) {
    const groups = form.exec(text)?.groups;
    if (groups !== undefined) return secondsOf(groups);
  }
  return undefined;
}

/** The date in the only form that may be sent (IMF-fixdate). */
export function toHttpDate(date: Date): string {
  return date.toUTCString();
}

/** The date as `toHttpDate` writes it and `toHttpDateSeconds` reads it: without its milliseconds. */
export function secondsOfDate(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

function secondsOf(groups: Readonly<Record<string, string | undefined>>): number | undefined {
  const textOf = (name: string): string => groups[name] ?? "";
  const numberOf = (name: string): number => Number(textOf(name));
  const monthIndex = months.indexOf(textOf("month"));
  const [hour, minute, second] = [numberOf("hour"), numberOf("minute"), numberOf("second")];
  // A leap second is a legal one.
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(yearOf(textOf("year")), monthIndex, numberOf("day"));
  const isInMonth = date.getUTCMonth() === monthIndex;
  date.setUTCHours(hour, minute, second);
  return isInMonth ? secondsOfDate(date) : undefined;
}

/** RFC 9110 §5.6.7: a two-digit year that would lie more than 50 years ahead belongs to the century before. */
function yearOf(text: string): number {
  if (text.length === 4) return Number(text);
  const thisYear = new Date().getUTCFullYear();
  const year = thisYear - (thisYear % 100) + Number(text);
  return year > thisYear + 50 ? year - 100 : year;
}
