// npm run draw: draws the rooms and floors, and what imports what, into ARCHITECTURE.md.
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type FloorPlan, readFloorPlan } from "./floor-plan.ts";

/** A Mermaid graph: a box per room, per floor in a product, and an arrow where files of one import files of the other. */
export function drawFloorPlan(plan: FloorPlan): string {
  const counts = new Map<string, number>();
  const places = new Map<string, number>();
  for (const file of plan.files.filter(isProduct)) {
    places.set(placeOf(file), (places.get(placeOf(file)) ?? 0) + 1);
  }
  for (const { from, to } of plan.imports.filter(({ from }) => isProduct(from))) {
    const arrow = `${idOf(placeOf(from))} --> ${idOf(placeOf(to))}`;
    if (placeOf(from) !== placeOf(to)) counts.set(arrow, (counts.get(arrow) ?? 0) + 1);
  }
  const boxes = [...places].map(
    ([place, files]) => `  ${idOf(place)}["${place} (${files} ${files === 1 ? "file" : "files"})"]`,
  );
  const arrows = [...counts.keys()].sort().map((arrow) => `  ${arrow}`);
  return ["```mermaid", "graph TD", ...boxes.sort(), ...arrows, "```"].join("\n");
}

/** The page with its drawing replaced, or put where there is none so far. Throws where the page has no place for one. */
export function withDrawing(page: string, drawing: string): string {
  const place = /<!-- floor plan -->\n[\s\S]*?<!-- end of floor plan -->/;
  if (!place.test(page)) {
    throw new Error("the page has no lines <!-- floor plan --> and <!-- end of floor plan -->");
  }
  return page.replace(place, () => `<!-- floor plan -->\n${drawing}\n<!-- end of floor plan -->`);
}

/** `proxy/src/http/x.ts` lies in `proxy/http`, `gomod/src/x.ts` in `gomod`, the composition of a product in `proxy`. */
function placeOf(file: string): string {
  const [room = "", , floor = ""] = file.split("/");
  return room === "proxy" && !floor.includes(".") ? `${room}/${floor}` : room;
}

function isProduct(file: string): boolean {
  return !/[.]test[.]ts$|\/testing\/|^(acceptance|bench)\//.test(file);
}

function idOf(place: string): string {
  return place.replaceAll("/", "_");
}

// Not the named import of argv: run.mjs replaces the array.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const page = readFileSync("ARCHITECTURE.md", "utf8");
  writeFileSync("ARCHITECTURE.md", withDrawing(page, drawFloorPlan(readFloorPlan())));
}
