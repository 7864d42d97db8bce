// How much a fetch has brought so far, as git says on its error output.
import { ProxyFailure } from "../../domain/proxy-failure.ts";

const units: Readonly<Record<string, number>> = {
  bytes: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** Throws `refused` when it is told of more bytes than may be. Authority: git's progress.c, "Receiving objects". */
export function watchReceivedBytes(mostBytes: number, host: string): (text: string) => void {
  return (text) => {
    const [, number, unit] = /Receiving objects:.*, ([\d.]+) (bytes|KiB|MiB|GiB)/.exec(text) ?? [];
    const bytes = Number(number ?? 0) * (units[unit ?? ""] ?? 0);
    if (bytes <= mostBytes) return;
    throw new ProxyFailure(
      "refused",
      `the repository on ${host} is larger than the ${Math.round(mostBytes / 2 ** 20)} MiB that this proxy fetches`,
    );
  };
}
