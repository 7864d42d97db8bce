// Numbers on the command line: taken as they are meant, or refused with an example.
import { InvalidArgumentError } from "commander";

/** A number of seconds above zero. */
export function seconds(text: string): number {
  return checked(text, (value) => value > 0, "it must be a number of seconds, such as 60");
}

/** A number above zero, with or without a fraction. */
export function amount(text: string): number {
  return checked(text, (value) => value > 0, "it must be a number above zero, such as 12");
}

/** A whole number from 1 to 100 000. */
export function wholeNumber(text: string): number {
  const isMeant = (value: number): boolean =>
    Number.isInteger(value) && value > 0 && value <= 100_000;
  return checked(text, isMeant, "it must be a whole number from 1 to 100000");
}

function checked(text: string, isMeant: (value: number) => boolean, complaint: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isFinite(value) && isMeant(value)) return value;
  throw new InvalidArgumentError(complaint);
}
