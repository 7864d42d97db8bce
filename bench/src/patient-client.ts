// One client that asks one thing after the other, over a connection that stays open.
import { Agent, get } from "node:http";

/** To be disposed of when it has asked all. */
export class PatientClient implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  /** The answer's bytes. Throws if it is not 200, or breaks off. */
  ask(url: string): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      get(url, { agent: this.#agent }, (response) => {
        const pieces: Buffer[] = [];
        response.on("data", (piece: Buffer) => pieces.push(piece));
        response.once("error", reject);
        response.once("end", () => {
          const bytes = Buffer.concat(pieces);
          if (response.statusCode === 200) resolve(bytes);
          else
            reject(new Error(`status ${response.statusCode}: ${bytes.toString().slice(0, 200)}`));
        });
      }).once("error", reject);
    });
  }

  /** How long each answer took to its last byte, in milliseconds. */
  async milliseconds(urls: Iterable<string>): Promise<readonly number[]> {
    const taken: number[] = [];
    for (const url of urls) {
      const began = performance.now();
      await this.ask(url);
      taken.push(performance.now() - began);
    }
    return taken;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}
