// What git gets to see of the machine that it runs on.

type Variables = Readonly<Record<string, string>>;
/** Names and values, as `git -c` takes them. */
export type GitConfig = readonly (readonly [name: string, value: string])[];

/** Nothing asks, nothing waits, nothing is fetched unasked, and complaints are in English. */
const always: Variables = {
  LC_ALL: "C",
  GIT_TERMINAL_PROMPT: "0",
  GIT_OPTIONAL_LOCKS: "0",
  GIT_NO_REPLACE_OBJECTS: "1",
  GIT_NO_LAZY_FETCH: "1",
  GIT_LITERAL_PATHSPECS: "1",
  GCM_INTERACTIVE: "never",
  SSH_ASKPASS_REQUIRE: "never",
};
const alwaysConfig: GitConfig = [
  ["core.hooksPath", "/dev/null"],
  ["core.attributesFile", "/dev/null"],
  ["core.fsmonitor", "false"],
  ["gc.auto", "0"],
  ["maintenance.auto", "false"],
  // A mirror can be fetched again: one that a power failure has torn is found out when it is read, and made anew.
  ["core.fsync", "none"],
  // For whoever packs again what is here, which nobody does.
  ["pack.writeReverseIndex", "false"],
];
const noConfiguration: Variables = {
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_SYSTEM: "/dev/null",
  GIT_CONFIG_GLOBAL: "/dev/null",
};

/**
 * For commands that read what is on this machine: nothing of anybody's configuration, for what a module contains must
 * not depend on it (golang.org/issue/27153).
 */
export function readingEnvironment(
  base: Variables,
  folder: string,
  config: GitConfig = [],
): Variables {
  const plain = Object.entries(base).filter(([name]) => !name.startsWith("GIT_"));
  return withConfig(
    {
      ...Object.fromEntries(plain),
      ...always,
      ...noConfiguration,
      GIT_ATTR_NOSYSTEM: "1",
      HOME: folder,
      XDG_CONFIG_HOME: folder,
      GIT_DIR: folder,
    },
    [...alwaysConfig, ...config],
  );
}

/** What of git's own variables decides about connections and credentials, and may come from whoever runs the program. */
const connectionVariables =
  /^GIT_(SSH|ASKPASS|ALLOW_PROTOCOL|CONFIG|SSL|HTTP|PROXY|CURL)(_|$)|^GIT_SSH/;

/** For commands that go to another machine. */
export function networkEnvironment(options: {
  readonly base: Variables;
  readonly folder: string;
  /** Whether the configuration of the user and of the machine counts: credential helpers, `insteadOf`. */
  readonly readsUserConfiguration: boolean;
  readonly isInsecure: boolean;
  readonly config: GitConfig;
}): Variables {
  const { base, folder, readsUserConfiguration, isInsecure, config } = options;
  const kept = Object.entries(base).filter(
    ([name]) => !name.startsWith("GIT_") || connectionVariables.test(name),
  );
  const variables: Variables = {
    // Nobody is there who could be asked for a name or for trust in a host key (cmd/go/main does likewise).
    GIT_ASKPASS: "",
    ...(base["GIT_SSH"] ? {} : { GIT_SSH_COMMAND: "ssh -o ControlMaster=no -o BatchMode=yes" }),
    GIT_ALLOW_PROTOCOL: isInsecure ? "https:http:ssh" : "https:ssh",
    ...(readsUserConfiguration ? {} : noConfiguration),
    ...Object.fromEntries(kept),
    ...always,
    GIT_DIR: folder,
  };
  return withConfig(variables, [...alwaysConfig, ...config]);
}

/** Configuration through variables: it needs no file, and other users cannot see it as they see arguments. */
function withConfig(variables: Variables, config: GitConfig): Variables {
  const count = Number(variables["GIT_CONFIG_COUNT"]) || 0;
  const pairs = config.flatMap(([name, value], index) => [
    [`GIT_CONFIG_KEY_${count + index}`, name],
    [`GIT_CONFIG_VALUE_${count + index}`, value],
  ]);
  return {
    ...variables,
    ...Object.fromEntries(pairs),
    GIT_CONFIG_COUNT: String(count + config.length),
  };
}
