// docs/configuration.md, made from the settings.
import type { Setting } from "./setting.ts";
import { settingSections } from "./settings.ts";

const introduction = `# Configuration

\`npm start\` and \`stoa serve\` take every key from, in this order,

1. **the environment.** Where a key has several names, the first that is set wins. Names that begin with \`ATHENS_\` are
   Athens' own and mean the same; as in Athens, each may also be written with its tables before it
   (\`ATHENS_STORAGE_S3_AWS_REGION\` for \`AWS_REGION\`, \`ATHENS_GO_ENV\` for \`GO_ENV\`), which then wins. A variable that is
   set to nothing counts as set, except \`ATHENS_PORT\`, \`PORT\` and \`ATHENS_GO_BINARY_ENV_VARS\`;
2. **a file** in TOML: the one that \`--config-file PATH\` (or Athens' \`-config_file PATH\`) names, else \`athens.toml\` in the
   folder where Stoa is started. Keys may be written in any case;
3. **the default.**

A value that cannot be used is refused at the start, all of them at once, with a sentence each that names the variable, or
file, line and key. A name that is not known (\`ATHENS_GO_GET_WORKERS\`) is warned about, with the one that was probably meant.

* \`stoa config print\` shows every key, its value and where it came from (\`--json\` for programs). Secrets are masked.
* \`stoa config check\` says what is wrong, and ends with exit code 1 if anything is.

When the file changes, or on SIGHUP, the configuration is read again. The log level, the credentials (NETRCPath,
GithubToken, HostTokens and the GitHub App), the certificate and the policies with their files take effect at once; other changed keys are named in the log
and wait for the next start. If anything in the new configuration is wrong, the log says so and everything stays as it is.

The upstreams are named by \`GOPROXY\`, in the go command's own grammar: URLs separated by \`,\` (go on if it does not exist
there) or \`|\` (go on after any failure), and the words \`direct\` and \`off\`. It is looked for in \`ATHENS_GO_BINARY_ENV_VARS\`,
then in the environment, then in the file that \`go env -w\` writes; without any it is \`https://proxy.golang.org,direct\`.
\`direct\`, and the modules that \`GONOPROXY\` or \`GOPRIVATE\` matches, are fetched from their repositories:
[direct.md](direct.md).
`;

/** The page as Markdown. A test holds docs/configuration.md against it; \`npm run docs\` writes it. */
export function configurationPage(): string {
  const sections = settingSections.flatMap(({ title, settings }) => {
    const rows = Object.values(settings).map(toRow);
    return [
      `## ${title}`,
      "",
      "| in the file | environment | default | kind | meaning |",
      "|---|---|---|---|---|",
      ...rows,
      "",
    ];
  });
  return [
    introduction,
    ...sections,
    "<!-- Made from stoa/src/config/settings.ts by `npm run docs`. -->",
    "",
  ].join("\n");
}

function toRow(setting: Setting<unknown>): string {
  const { name, environment, print, kind, meaning, idle } = setting;
  const names = environment.map((known) => `\`${known}\``).join(", ");
  const standard = print(setting.default);
  const limits = idle === undefined ? "" : ` *Without effect: ${idle}.*`;
  const cells = [
    `\`${name}\``,
    names,
    standard === "" ? "empty" : `\`${standard}\``,
    kind === "" ? "empty" : kind,
    `${meaning}${limits}`,
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}
