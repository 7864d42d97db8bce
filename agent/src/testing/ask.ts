// Asks services over connections of their own: one that is kept alive would lead to the process that drains.
import { get } from "node:http";

/** The body of an answer, over a new connection. */
export function textOf(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      let body = "";
      response.on("data", (chunk) => {
        body += String(chunk);
      });
      response.on("end", () => resolve(body));
      response.on("error", reject);
    }).on("error", reject);
  });
}

/** Waits until something holds; fails after two minutes. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 120_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error("it did not happen within two minutes");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
