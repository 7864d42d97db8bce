// A download file: which modes and URLs it gives to which modules.
import { InvalidText, modulePatterns, pathMatch } from "@stoa/gomod";
import {
  type DownloadBlock,
  type DownloadMode,
  type DownloadRules,
  downloadModes,
  isDownloadMode,
} from "../../domain/policy/download-rules.ts";
import { PolicyProblems } from "../../domain/policy/policy-problems.ts";
import { parseRedirectBase } from "../../domain/policy/redirect-base.ts";
import { type HclBlock, type HclBody, type HclText, parseHcl } from "./hcl-body.ts";
import { HclProblem, positionAt } from "./hcl-source.ts";

/**
 * Reads the text of a download file. `name` stands in what is said about it. Throws `PolicyProblems`, each with line and
 * column: the first mistake in the syntax, or every one in the meaning. Authority: gomods/athens, pkg/download/mode; the
 * mode of everything is checked like the others, which Athens forgets.
 */
export function parseDownloadFile(text: string, name: string): DownloadRules {
  const reader = new FileReader(text, name);
  try {
    const rules = reader.rules(parseHcl(text));
    reader.finish();
    return rules;
  } catch (failure) {
    if (!(failure instanceof HclProblem)) throw failure;
    throw new PolicyProblems([reader.place(failure)]);
  }
}

/** What stands in a rule, before it is complete. */
interface Settings {
  readonly mode: DownloadMode;
  readonly downloadUrl: string;
}

class FileReader {
  readonly #text: string;
  readonly #name: string;
  readonly #problems: HclProblem[] = [];

  constructor(text: string, name: string) {
    this.#text = text;
    this.#name = name;
  }

  rules(body: HclBody): DownloadRules {
    const blocks: DownloadBlock[] = [];
    for (const block of body.blocks) {
      if (block.type === "download") blocks.push(this.#block(block));
      else
        this.#add(block.at, `${block.type} is no block of a download file; there is only download`);
    }
    const settings = this.#settings(body, { at: 0, needsUrl: true, what: "the file" });
    return { ...settings, source: this.#name, blocks };
  }

  /** Throws all problems that were found, in the order of the file. */
  finish(): void {
    if (this.#problems.length === 0) return;
    const inOrder = this.#problems.toSorted((a, b) => a.offset - b.offset);
    throw new PolicyProblems(inOrder.map((problem) => this.place(problem)));
  }

  /** `rules.hcl:3:8: sentence`. */
  place({ offset, message }: HclProblem): string {
    const { line, column } = positionAt(this.#text, offset);
    return `${this.#name}:${line}:${column}: ${message}`;
  }

  #block(block: HclBlock): DownloadBlock {
    const [label, extra] = block.labels;
    const pattern = label?.value ?? "";
    if (label === undefined)
      this.#add(block.at, 'a download block needs a pattern, such as download "github.com/corp/*"');
    else this.#checkPattern(label);
    if (extra !== undefined) {
      this.#add(
        extra.at,
        `${JSON.stringify(extra.value)} is one pattern too many: a block has one, which may hold commas`,
      );
    }
    for (const { at, type } of block.body.blocks) {
      this.#add(at, `${type} is a block, and inside of download there are none`);
    }
    const what = `download ${JSON.stringify(pattern)}`;
    const settings = this.#settings(block.body, { at: block.at, needsUrl: false, what });
    return {
      ...settings,
      pattern,
      matches: modulePatterns(pattern),
      source: `${this.#name}:${positionAt(this.#text, block.at).line}`,
    };
  }

  #checkPattern({ value, at }: HclText): void {
    for (const glob of value.split(",")) {
      try {
        pathMatch(glob, "");
      } catch (failure) {
        if (!(failure instanceof InvalidText)) throw failure;
        this.#add(
          at,
          `the pattern ${JSON.stringify(glob)} matches nothing: a [ or a \\ in it is not complete`,
        );
      }
    }
  }

  #settings(
    { attributes }: HclBody,
    {
      at,
      needsUrl,
      what,
    }: { readonly at: number; readonly needsUrl: boolean; readonly what: string },
  ): Settings {
    for (const [name, attribute] of attributes) {
      if (name !== "mode" && name !== "downloadURL") {
        this.#add(attribute.at, `${name} is not known here; there are mode and downloadURL`);
      }
    }
    const mode = attributes.get("mode")?.value;
    const url = attributes.get("downloadURL")?.value;
    if (mode === undefined)
      this.#add(at, `${what} has no mode: add mode = "sync", or another of ${modeList}`);
    if (url === undefined && needsUrl)
      this.#add(at, `${what} has no downloadURL: add downloadURL = "", or where redirects lead`);
    return { mode: this.#mode(mode), downloadUrl: this.#url(url) };
  }

  #mode(text: HclText | undefined): DownloadMode {
    if (text === undefined || isDownloadMode(text.value))
      return (text?.value ?? "none") as DownloadMode;
    this.#add(text.at, `${JSON.stringify(text.value)} is no mode; there are ${modeList}`);
    return "none";
  }

  #url(text: HclText | undefined): string {
    try {
      return parseRedirectBase(text?.value ?? "");
    } catch (failure) {
      if (!(failure instanceof SyntaxError)) throw failure;
      this.#add(text?.at ?? 0, failure.message);
      return "";
    }
  }

  #add(offset: number, sentence: string): void {
    this.#problems.push(new HclProblem(offset, sentence));
  }
}

const modeList = downloadModes.join(", ");
