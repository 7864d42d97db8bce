// The door of serving: listening and draining, answers, request ids.
export type { RawHeaders, Sent } from "./answer.ts";
export {
  type Description,
  type PreparedBytes,
  prepareBytes,
  sendBytes,
  sendPrepared,
} from "./bytes-answer.ts";
export { type FileContent, sendFile } from "./file-answer.ts";
export { type GrowingContent, sendGrowing } from "./growing-answer.ts";
export { type Handler, type Listening, type ListenOptions, listen } from "./listen.ts";
export { requestIds } from "./request-id.ts";
export type { Certificate } from "./secure-server.ts";
export { sendText } from "./text-answer.ts";
