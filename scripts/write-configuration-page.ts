// npm run docs: writes docs/configuration.md.
import { writeFileSync } from "node:fs";
import { configurationPage } from "../stoa/src/config/configuration-page.ts";

writeFileSync("docs/configuration.md", configurationPage());
