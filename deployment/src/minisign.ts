// The door for who only signs and verifies: minisign's keys and signatures, without the words of delivery.
export {
  makeSecretKey,
  type PublicKey,
  parsePublicKey,
  parseSecretKey,
  publicKeyLine,
  type SecretKey,
  secretKeyFile,
} from "./minisign-key.ts";
export { parseSignature, signText, verifiesText } from "./minisign-signature.ts";
