// The key about the program's own state.
import { parsedSetting, RefusedValue } from "../setting.ts";

/** Where state may be. */
export type StateSetting =
  | { readonly kind: "beside storage" }
  | { readonly kind: "memory" }
  | { readonly kind: "sqlite"; readonly file: string }
  | { readonly kind: "postgres"; readonly url: string };

export const stateSettings = {
  state: parsedSetting<StateSetting>({
    name: "State",
    environment: ["STOA_STATE"],
    default: { kind: "beside storage" },
    secret: true,
    meaning:
      "Where Stoa keeps what it remembers beside the modules: accepted background work, recorded hashes, the index. A postgres:// URL, for several instances; the path of an SQLite file; memory. Empty: .stoa/state.sqlite in the folder of a disk storage, memory with any other. Losing it loses no module.",
    kind: "a file path, memory, or a postgres:// URL",
    parse: parseState,
    print: printState,
  }),
} as const;

function parseState(text: string): StateSetting {
  if (text === "") return { kind: "beside storage" };
  if (text === "memory") return { kind: "memory" };
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return { kind: "sqlite", file: text };
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text)) {
    throw new RefusedValue(
      `${JSON.stringify(text.replace(/\/\/.*@/, "//…@"))} is not a URL of the form postgres://user:password@host:5432/database`,
    );
  }
  return { kind: "postgres", url: text };
}

function printState(state: StateSetting): string {
  switch (state.kind) {
    case "beside storage":
      return "";
    case "memory":
      return "memory";
    case "sqlite":
      return state.file;
    case "postgres":
      return state.url;
  }
}
