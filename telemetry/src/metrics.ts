// stand-in
type V = { labels: Record<string, string>; value: number };
export interface Metrics { collected(n: string, h: string, t: "counter" | "gauge", v: () => V[]): void; histogram(n: string, h: string, b: readonly number[], l: readonly string[]): { observe(labels: Record<string, string>, value: number): void }; text(): Promise<string>; contentType: string }
export function openMetrics(): Metrics {
  return { collected: () => {}, histogram: () => ({ observe: () => {} }), text: async () => "", contentType: "text/plain" };
}
