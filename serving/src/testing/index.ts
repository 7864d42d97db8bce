// What tests of other rooms take from here.
export { loopbackCertificate } from "./loopback-certificate.ts";
