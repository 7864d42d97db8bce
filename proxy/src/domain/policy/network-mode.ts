// Whom lists and latest are asked of, and what holds when nobody answers.

/**
 * - `strict`: the upstream is asked; its failure is the answer.
 * - `fallback`: the upstream is asked; if it fails, what is kept is the answer.
 * - `offline`: nobody is asked for anything.
 */
export type NetworkMode = (typeof networkModes)[number];

export const networkModes = ["strict", "fallback", "offline"] as const;
