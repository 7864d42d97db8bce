// The floor plan of the house. Each rule's comment says what to do when it fires.
const vocabulary = "gomod|deployment";
const mechanisms = "blobs|serving|telemetry";
const products = "proxy|control|agent|dashboard";
const rooms = `${vocabulary}|${mechanisms}|${products}|stoa|acceptance|bench`;
const test = "[.]test[.]ts$|/src/testing/";
const io =
  "^(node:)?(fs|fs/promises|http|http2|https|net|tls|dgram|dns|child_process|worker_threads|cluster)$";

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    {
      name: "no-cycles",
      severity: "error",
      comment: "Two files import each other. Move what they share into a third both may know.",
      from: {},
      to: { circular: true },
    },
    {
      name: "vocabulary-stands-alone",
      severity: "error",
      comment: "A vocabulary room imports nothing of ours but itself.",
      from: { path: `^(${vocabulary})/src/` },
      to: { path: `^(${rooms})/`, pathNot: "^$1/" },
    },
    {
      name: "mechanisms-know-no-product",
      severity: "error",
      comment: "A mechanism that needs a product word belongs in the product.",
      from: { path: `^(${mechanisms})/src/` },
      to: { path: `^(${products}|${vocabulary}|stoa|acceptance|bench)/` },
    },
    {
      name: "products-are-strangers",
      severity: "error",
      comment: "Products meet over the wire, or in stoa/, which composes them.",
      from: { path: `^(${products})/src/` },
      to: { path: `^(${products}|stoa|acceptance|bench)/`, pathNot: "^$1/" },
    },
    {
      name: "domain-is-pure",
      severity: "error",
      comment:
        "Domain imports domain and vocabulary. Declare an interface; implement it in adapters.",
      from: { path: `^(${products})/src/domain/`, pathNot: test },
      to: { pathNot: `^$1/src/domain/|^(${vocabulary})/`, dependencyTypesNot: ["core"] },
    },
    {
      name: "io-only-in-adapters",
      severity: "error",
      comment: "Only adapters, mechanisms and the program touch disks, sockets and processes.",
      from: {
        path: `^(${vocabulary})/src/|^(${products})/src/(domain|application|http|pages)/`,
        pathNot: test,
      },
      to: { path: io, dependencyTypesNot: ["type-only"] },
    },
    {
      name: "application-looks-down-only",
      severity: "error",
      comment: "Application must not know who calls it nor what implements its interfaces.",
      from: { path: `^(${products})/src/application/`, pathNot: test },
      to: { path: "^$1/src/(http|adapters)/|^serving/" },
    },
    {
      name: "http-never-reaches-adapters",
      severity: "error",
      comment: "Pass the dependency in from the product's composition.",
      from: { path: `^(${products})/src/(http|pages)/`, pathNot: test },
      to: { path: "^$1/src/adapters/" },
    },
    {
      name: "adapters-look-inward",
      severity: "error",
      comment: "An adapter implements a domain interface and calls nobody above it.",
      from: { path: `^(${products})/src/adapters/`, pathNot: test },
      to: { path: "^$1/src/(http|application)/" },
    },
    {
      name: "adapters-are-strangers",
      severity: "error",
      comment: "One adapter folder may not import another; combine them in the composition.",
      from: { path: `^(${products})/src/adapters/([^/]+)/`, pathNot: test },
      to: { path: "^$1/src/adapters/([^/]+)/", pathNot: "^$1/src/adapters/$2/" },
    },
    {
      name: "only-the-program-reads-config",
      severity: "error",
      comment: "Pass the value, not the configuration. The program takes it apart.",
      from: { path: "/src/", pathNot: `^stoa/src/|${test}` },
      to: { path: "^stoa/src/config/" },
    },
    {
      name: "nobody-imports-main",
      severity: "error",
      comment: "main composes; it offers nothing.",
      from: {},
      to: { path: "/src/main[.]ts$" },
    },
    {
      name: "only-tests-import-testing",
      severity: "error",
      comment: "Fakes stay out of the product.",
      from: { pathNot: `${test}|^acceptance/|^bench/` },
      to: { path: test, pathNot: "node_modules" },
    },
    {
      name: "no-attic",
      severity: "error",
      comment: "Name the file for the thing it knows.",
      from: {},
      to: {
        path: [
          "/src/.*(utils?|helpers?|common|misc|shared)(/|[.]ts$)",
          "/src/.*(lib|types|interfaces|constants)(/|[.]ts$)",
        ],
        pathNot: "node_modules",
      },
    },
    {
      name: "nothing-unresolved",
      severity: "error",
      comment: "The import points at nothing, or at a package the room does not declare.",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "no-orphans",
      severity: "error",
      comment: "No file imports this one and it is not an entry. Delete it or use it.",
      from: {
        orphan: true,
        pathNot: "[.]test[.]ts$|/main[.]ts$|/index[.]ts$|[.]d[.]ts$|-worker[.]ts$|^scripts/",
      },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
    },
  },
};
