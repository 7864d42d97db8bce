// stand-in
import { writeSync } from "node:fs";
export interface RequestLine { method: string; path: string; module?: string | undefined; version?: string | undefined; status: number; bytes: number; ms: number; cache?: string | undefined; upstream?: string | undefined; id: string; remote?: string | undefined }
export interface LogOptions { level: string; format: string }
type Fields = Record<string, unknown>;
export interface Log { debug(e: string, f?: Fields): void; info(e: string, f?: Fields): void; warn(e: string, f?: Fields): void; error(e: string, f?: Fields): void; request(l: RequestLine): void; flush(): void }
export function openLog(_o: LogOptions): Log {
  const w = (level: string) => (msg: string, f?: Fields) => { writeSync(1, `${JSON.stringify({ time: new Date().toISOString(), level, msg, ...f, error: f?.["error"] instanceof Error ? String(f["error"].stack) : undefined })}\n`); };
  return { debug: () => {}, info: w("info"), warn: w("warn"), error: w("error"), request: (l) => w("info")("request", l as unknown as Fields), flush: () => {} };
}
