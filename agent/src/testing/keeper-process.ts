// A keeper in a process of its own: node keeper-process.ts ROOT
import process from "node:process";
import { openKeeper } from "../keeper.ts";

await openKeeper(process.argv[2] ?? "");
