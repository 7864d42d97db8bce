// What tests of other rooms take from here.
export { loopbackCertificate } from "./loopback-certificate.ts";
export { privateAuthority } from "./private-authority.ts";
