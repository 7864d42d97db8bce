// The keys about the place where a running Athens may keep its modules here.
import { parsePathPrefix } from "../path-prefix.ts";
import { parsedSetting, RefusedValue, textSetting } from "../setting.ts";

export const externalStorageSettings = {
  externalStoragePath: parsedSetting({
    name: "ExternalStoragePath",
    environment: ["STOA_EXTERNAL_STORAGE_PATH"],
    default: "",
    meaning:
      "The path, such as /storage, below which a running Athens may keep its modules here: its ATHENS_EXTERNAL_STORAGE_URL is https://USER:TOKEN@HOST/storage. Empty means nowhere.",
    kind: "path",
    parse: parseStoragePath,
    print: (value) => value,
  }),
  externalStorageUser: textSetting({
    name: "ExternalStorageUser",
    environment: ["STOA_EXTERNAL_STORAGE_USER"],
    default: "athens",
    meaning: "The user name that such an Athens brings.",
  }),
  externalStorageToken: textSetting({
    name: "ExternalStorageToken",
    environment: ["STOA_EXTERNAL_STORAGE_TOKEN"],
    default: "",
    secret: true,
    meaning: "The password that belongs to it; alone, it is taken as a bearer token.",
  }),
} as const;

/** No module has a path like it, for their first elements have a dot; and no page of ours has. */
function parseStoragePath(text: string): string {
  const path = parsePathPrefix(text);
  const [, first = ""] = path.split("/");
  if (!first.includes(".") && !["sumdb", "cached-only", "api"].includes(first)) return path;
  throw new RefusedValue(
    `${JSON.stringify(text)} is in use by the proxy: take another, such as /storage`,
  );
}
