// A collector of traces: OTLP over gRPC without TLS, as far as reading what has come in.
import { once } from "node:events";
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";

/** A span that came in. Ids are in hex; a span without a parent has an empty one. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string | number>;
  readonly isError: boolean;
}

/** Starts a collector on a free port, or on the one that is named. */
export async function traceCollector(port = 0) {
  const spans: CollectedSpan[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
  });
  server.on("stream", async (stream: ServerHttp2Stream) => {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    // gRPC: one byte for compression, four for the length, the message.
    spans.push(...spansIn(Buffer.concat(chunks).subarray(5)));
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.respond({ "content-type": "application/grpc" }, { waitForTrailers: true });
    stream.end(Buffer.alloc(5));
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const { port: taken } = server.address() as AddressInfo;
  return {
    spans,
    port: taken,
    url: `http://127.0.0.1:${taken}`,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** opentelemetry-proto, trace/v1/trace.proto: request 1 → resource spans 2 → scope spans 2 → spans. */
function spansIn(request: Buffer): CollectedSpan[] {
  return messages(request, 1)
    .flatMap((resource) => messages(resource, 2))
    .flatMap((scope) => messages(scope, 2))
    .map((span) => ({
      traceId: messages(span, 1)[0]?.toString("hex") ?? "",
      spanId: messages(span, 2)[0]?.toString("hex") ?? "",
      parentId: messages(span, 4)[0]?.toString("hex") ?? "",
      name: messages(span, 5)[0]?.toString() ?? "",
      attributes: new Map(messages(span, 9).map(attributeIn)),
      isError: messages(span, 15).some((status) => numbers(status, 3)[0] === 2),
    }));
}

function attributeIn(bytes: Buffer): [string, string | number] {
  const [value = Buffer.alloc(0)] = messages(bytes, 2);
  const text = messages(value, 1)[0]?.toString();
  return [messages(bytes, 1)[0]?.toString() ?? "", text ?? numbers(value, 3)[0] ?? ""];
}

function messages(bytes: Buffer, wanted: number): Buffer[] {
  return fields(bytes).flatMap(([number, value]) =>
    number === wanted && typeof value !== "number" ? [value] : [],
  );
}

function numbers(bytes: Buffer, wanted: number): number[] {
  return fields(bytes).flatMap(([number, value]) =>
    number === wanted && typeof value === "number" ? [value] : [],
  );
}

/** The fields of a protobuf message: numbers for varints, bytes for everything else. */
function fields(bytes: Buffer): [number: number, value: number | Buffer][] {
  const found: [number, number | Buffer][] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(at);
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(value);
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const kind = tag & 7;
    if (kind === 0) {
      found.push([tag >> 3, varint()]);
      continue;
    }
    const length = kind === 2 ? varint() : kind === 1 ? 8 : 4;
    found.push([tag >> 3, bytes.subarray(at, at + length)]);
    at += length;
  }
  return found;
}
