// Texts of checksum databases to be damaged.
import type { TextMaterial } from "./mutated-texts.ts";

const key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const hash = "nND/nri/U0xuHUrYSy0HtMeal2vzD9V4k/BO79C+QeI=";
const signature =
  "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
const text =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const strange = [
  "\u00a0",
  "\u2003",
  "\ufeff",
  "\ufffd",
  "\u0085",
  "\u007f",
  "\u0000",
  "\t",
  "\r",
  "é",
];

/** Verifier keys. The first is that of the notes below. */
export const verifierKeyTexts: TextMaterial = {
  corpus: [key, "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"],
  pieces: ["+", "++", "=", "==", " ", "\n", "-", "A", "/", "0", "c74f20a3", "C74F20A3", ...strange],
};

/** Signed notes. */
export const noteTexts: TextMaterial = {
  corpus: [
    `${text}\n— PeterNeumann ${signature}\n`,
    `${text}\n— enigma x08go+abc=\n— PeterNeumann ${signature}\n— PeterNeumann ${signature}\n`,
    `a\n\nb\n\n— PeterNeumann ${signature}\n`,
  ],
  pieces: [
    "\n",
    "\n\n",
    "— ",
    "—",
    " ",
    "=",
    "A",
    "PeterNeumann",
    `— other ${signature}\n`,
    ...strange,
  ],
};

/** Texts of tree heads. */
export const treeHeadTexts: TextMaterial = {
  corpus: [
    `go.sum database tree\n2\n${hash}\n`,
    `go.sum database tree\n0\n${hash}\nmore\n`,
    `go.sum database tree\n1125899906842624\n${hash}\n`,
  ],
  pieces: ["\n", "0", "1", "9", "-", "+", "=", " ", "A", "\r", "_", "x", ...strange],
};

/** Answers to lookups, and what may be taken for them. */
export const recordTexts: TextMaterial = {
  corpus: [
    "0\nexample.com/m v1.0.0 h1:a=\nexample.com/m v1.0.0/go.mod h1:b=\n\ngo.sum database tree\n",
    "17\nx\n\n",
    "1\n\nx\n\n",
  ],
  pieces: ["\n", "\n\n", "0", "1", "+", "-", "_", " ", "99999999", ...strange],
};

/** Paths of tiles. */
export const tilePathTexts: TextMaterial = {
  corpus: [
    "tile/8/0/000",
    "tile/8/data/x001/234",
    "tile/8/1/x001/x234/567.p/17",
    "tile/30/63/999",
    "tile/1/0/001.p/1",
  ],
  pieces: [
    "/",
    "x",
    "0",
    "00",
    "1",
    "9",
    ".p",
    ".p/",
    "-",
    "+",
    "data",
    "tile",
    "_",
    "256",
    "\n",
    "é",
  ],
};
