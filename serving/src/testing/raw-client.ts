// A client that sends what it is told, well-formed or not, and keeps every byte that comes back.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { TestContext } from "node:test";

/** Whatever the server answers, as text with one character per byte. */
export class RawClient {
  readonly socket: Socket;
  received = "";
  /** What ended the connection, if it was not the server in good order. */
  failure: Error | undefined;
  readonly #closed: Promise<void>;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      this.received += text;
    });
    socket.on("error", (failure) => {
      this.failure = failure;
    });
    this.#closed = new Promise((resolve) => {
      socket.once("close", () => resolve());
    });
  }

  /** A connection that ends with the test at the latest. */
  static async connect(t: TestContext, port: number): Promise<RawClient> {
    const socket = connect({ port, host: "127.0.0.1" });
    t.after(() => socket.destroy());
    const client = new RawClient(socket);
    await once(socket, "connect");
    return client;
  }

  send(text: string): void {
    this.socket.write(text, "latin1");
  }

  /** Waits until what was received matches. Fails if the connection closes first. */
  async receive(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.received)) {
      if (this.socket.closed || this.socket.readableEnded) {
        throw new Error(`closed before ${pattern}: ${JSON.stringify(this.received.slice(0, 500))}`);
      }
      await Promise.race([once(this.socket, "data"), this.#closed]);
    }
    return this.received;
  }

  /** Everything that was received, once the connection is closed. */
  async untilClosed(): Promise<string> {
    await this.#closed;
    return this.received;
  }
}

/** Sends one text on a new connection and returns everything that comes back until the server closes it. */
export async function exchange(t: TestContext, port: number, text: string): Promise<string> {
  const client = await RawClient.connect(t, port);
  client.send(text);
  return client.untilClosed();
}
