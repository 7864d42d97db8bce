// The words of a command line as Athens spells them, in our spelling.

/** Flags of Athens' program, which has them with one dash. */
const spellings: readonly (readonly [theirs: RegExp, ours: string])[] = [
  [/^--?config_file(?==|$)/, "--config-file"],
  [/^-version$/, "--version"],
];

/**
 * Respells Athens' flags. Athens has no commands: a line that begins with its flag for the file means `serve`, so that
 * `-config_file=/config/config.toml` starts the proxy as it does there.
 */
export function respelled(words: readonly string[]): readonly string[] {
  const ours = words.map((word) =>
    spellings.reduce((text, [theirs, our]) => text.replace(theirs, our), word),
  );
  return ours[0]?.startsWith("--config-file") === true ? ["serve", ...ours] : ours;
}
