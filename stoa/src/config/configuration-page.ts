// docs/configuration.md, made from the settings.
import { settingKeys } from "./load-config.ts";
import type { Setting } from "./setting.ts";
import { settings } from "./settings.ts";

const introduction = `# Configuration

Everything is set by environment variables; \`npm start\` and \`stoa serve\` read them. Names that begin with \`ATHENS_\` are
Athens' own and mean the same. Where a key has several names, the first that is set wins. A value that cannot be used is
refused at the start, all of them at once, with a sentence each.

* \`stoa config print\` shows every key, its value and where it came from (\`--json\` for programs).
* \`stoa config check\` says what is wrong, and ends with exit code 1 if anything is.

The upstreams are named by \`GOPROXY\`, in the go command's own grammar: URLs separated by \`,\` (go on if it does not exist
there) or \`|\` (go on after any failure), and the words \`direct\` and \`off\`. It is looked for in \`ATHENS_GO_BINARY_ENV_VARS\`,
then in the environment, then in the file that \`go env -w\` writes; without any it is \`https://proxy.golang.org,direct\`.
\`direct\` is accepted and answers with a sentence: Stoa cannot fetch from repositories yet.
`;

/** The page as Markdown. A test holds docs/configuration.md against it; \`npm run docs\` writes it. */
export function configurationPage(): string {
  const rows = settingKeys.map((key) => {
    const setting = settings[key] as Setting<unknown>;
    const names = setting.environment.map((name) => `\`${name}\``).join(", ");
    const standard = setting.print(setting.default);
    const meaning = setting.meaning.replaceAll("|", "\\|");
    const kind = setting.kind.replaceAll("|", "\\|");
    return `| ${names} | ${standard === "" ? "empty" : `\`${standard}\``} | ${kind} | ${meaning} |`;
  });
  return [
    introduction,
    "| environment | default | kind | meaning |",
    "|---|---|---|---|",
    ...rows,
    "",
    "<!-- Made from stoa/src/config/settings.ts by `npm run docs`. -->",
    "",
  ].join("\n");
}
