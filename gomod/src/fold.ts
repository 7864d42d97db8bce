// When two names differ only in case: simple case folding, as Go does it.
import { youngCharacter } from "./unicode-age.ts";

/**
 * A text that is the same for two texts if and only if Go's strings.EqualFold holds between them: `K`, `k` and the
 * Kelvin sign are one, `ß` and `ss` are two, and so are `i` and the dotless `ı`. Not meant to be shown.
 * Authority: golang.org/x/mod/zip, strToFold, and Go's unicode.SimpleFold with Unicode 15.0.
 */
export function foldKey(text: string): string {
  if (!/[\u0080-\uffff]/.test(text)) return text.toLowerCase();
  let key = "";
  for (const character of text) key += foldCharacter(character);
  return key;
}

/**
 * Characters that fold together share their upper case or, like the Kelvin sign, only their lower case; so the lower
 * case of the upper case stands for all of them. A case of several characters (`ß` → `SS`) is full folding and does
 * not count. Unicode folds the dotless i only for Turkish.
 */
function foldCharacter(character: string): string {
  if (character === "ı" || youngCharacter.test(character)) return character;
  const upper = oneOr(character, character.toUpperCase());
  return oneOr(upper, upper.toLowerCase());
}

function oneOr(character: string, cased: string): string {
  const length = (cased.codePointAt(0) ?? 0) > 0xffff ? 2 : 1;
  return cased.length === length ? cased : character;
}
