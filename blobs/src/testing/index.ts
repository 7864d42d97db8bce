// The doors of what tests with object stores need.
export { type S3Server, startS3Server } from "./s3-server.ts";
