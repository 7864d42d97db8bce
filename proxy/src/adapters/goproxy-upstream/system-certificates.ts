// Whom connections to upstreams trust: as the go command does, whom this machine trusts.
import { getCACertificates, setDefaultCACertificates } from "node:tls";

let isDone = false;

/**
 * Adds the certificate authorities of the operating system (SSL_CERT_FILE and SSL_CERT_DIR included) to those that Node
 * brings along: a company's own authority is known to the machine and not to Node. For the whole process; takes some 60 ms
 * the first time and nothing later.
 */
export function trustSystemCertificates(): void {
  if (isDone) return;
  isDone = true;
  const known = getCACertificates("default");
  setDefaultCACertificates([...new Set([...known, ...getCACertificates("system")])]);
}
