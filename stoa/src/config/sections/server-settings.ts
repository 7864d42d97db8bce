// The keys about the server: where it listens, whom it lets in, which pages it shows, how it ends.
import { parseListenAddress, printListenAddress } from "../listen-address.ts";
import { parsePathPrefix } from "../path-prefix.ts";
import { numberSetting, parsedSetting, switchSetting, textOf, textSetting } from "../setting.ts";

export const serverSettings = {
  port: parsedSetting({
    name: "Port",
    environment: ["ATHENS_PORT", "PORT"],
    emptyIsUnset: true,
    default: { host: undefined, port: 3000 },
    meaning: "Where to listen: a port, or host:port to listen on one address only.",
    kind: "port or host:port",
    parse: parseListenAddress,
    fromFile: (value) => parseListenAddress(typeof value === "number" ? `${value}` : textOf(value)),
    print: printListenAddress,
  }),
  unixSocket: textSetting({
    name: "UnixSocket",
    environment: ["ATHENS_UNIX_SOCKET"],
    default: "",
    meaning:
      "The path of a unix socket to listen on instead of a port. One that a dead process left behind is replaced.",
  }),
  pathPrefix: parsedSetting({
    name: "PathPrefix",
    environment: ["ATHENS_PATH_PREFIX"],
    default: "",
    meaning: "The path under which the proxy is found, such as /go. Empty means the root.",
    kind: "path",
    parse: parsePathPrefix,
    print: (value) => value,
  }),
  tlsCertFile: textSetting({
    name: "TLSCertFile",
    environment: ["ATHENS_TLSCERT_FILE"],
    default: "",
    meaning: "The certificate and its chain, as PEM. With TLSKeyFile, HTTPS is served.",
  }),
  tlsKeyFile: textSetting({
    name: "TLSKeyFile",
    environment: ["ATHENS_TLSKEY_FILE"],
    default: "",
    meaning: "The certificate's private key, as PEM.",
  }),
  forceSsl: switchSetting({
    name: "ForceSSL",
    environment: ["PROXY_FORCE_SSL"],
    default: false,
    meaning:
      "Send clients that come without TLS to https. A proxy in front says X-Forwarded-Proto: https.",
  }),
  basicAuthUser: textSetting({
    name: "BasicAuthUser",
    environment: ["BASIC_AUTH_USER"],
    default: "",
    meaning:
      "The user name that every request must bring, with BasicAuthPass. /healthz and /readyz are open to all.",
  }),
  basicAuthPass: textSetting({
    name: "BasicAuthPass",
    environment: ["BASIC_AUTH_PASS"],
    default: "",
    secret: true,
    meaning: "The password that belongs to BasicAuthUser.",
  }),
  homeTemplatePath: textSetting({
    name: "HomeTemplatePath",
    environment: ["ATHENS_HOME_TEMPLATE_PATH"],
    default: "/var/lib/athens/home.html",
    meaning:
      "A page to show at the root instead of our own, if the file is there. {{ .Host }} and {{ .NoSumPatterns }} are filled in.",
  }),
  robotsFile: textSetting({
    name: "RobotsFile",
    environment: ["ATHENS_ROBOTS_FILE"],
    default: "robots.txt",
    meaning:
      "What /robots.txt answers, if the file is there; otherwise all robots are asked to stay away.",
  }),
  shutdownTimeoutSeconds: numberSetting({
    name: "ShutdownTimeout",
    environment: ["ATHENS_SHUTDOWN_TIMEOUT"],
    default: 60,
    unit: "seconds",
    meaning: "How long running requests may take to finish after SIGTERM.",
  }),
  goEnv: textSetting({
    name: "GoEnv",
    environment: ["GO_ENV"],
    default: "development",
    meaning:
      "production: refuse to start if others may write the configuration file or the filter file (mode & 033).",
  }),
} as const;
