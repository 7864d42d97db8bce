import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { privateAuthority } from "@stoa/serving/testing";
import { type MysqlServer, noMysql, startMysql } from "../../testing/mysql-server.ts";
import { noPostgres, type PostgresServer, startPostgres } from "../../testing/postgres-server.ts";
import { openAthensIndex } from "./athens-index.ts";
import { postgresEncryption } from "./index-encryption.ts";
import type { IndexServer } from "./index-table.ts";

const untrusted = /self-signed certificate|unable to (verify|get)|not trusted/i;

describe("MySQL that wants to be spoken to over TLS", { skip: noMysql }, () => {
  let running: MysqlServer;
  before(async () => {
    running = await startMysql(privateAuthority);
  });
  after(() => running[Symbol.asyncDispose]());

  test("is not reached without, whatever the parameters are", async () => {
    for (const tls of [undefined, "false"]) {
      await assert.rejects(open({ port: running.port, tls }), { message: /Access denied/ });
    }
  });

  test("is reached over TLS that checks nothing", async () => {
    for (const tls of ["skip-verify", "preferred"]) {
      await using index = await open({ port: running.port, tls });
      assert.deepEqual(await index.since(0, 1), []);
    }
  });

  test("must be who the certificate says, once its authority is known", async () => {
    const known = getCACertificates("default");
    await assert.rejects(open({ port: running.port, tls: "true" }), { message: untrusted });
    setDefaultCACertificates([...known, privateAuthority.authority, elsewhere.cert]);
    try {
      await using index = await open({ port: running.port, tls: "true" });
      assert.deepEqual(await index.since(0, 1), []);
      await using namesake = await startMysql(elsewhere);
      await assert.rejects(open({ port: namesake.port, tls: "true" }), {
        message: /does not match|altnames/i,
      });
      await using chain = await open({ port: namesake.port, tls: "skip-verify" });
      assert.deepEqual(await chain.since(0, 1), []);
    } finally {
      setDefaultCACertificates(known);
    }
  });

  test("and one without TLS is spoken to without, if that is merely preferred", async () => {
    await using plain = await startMysql();
    await using index = await open({ port: plain.port, tls: "preferred" });
    assert.deepEqual(await index.since(0, 1), []);
    await assert.rejects(open({ port: plain.port, tls: "skip-verify" }), {
      message: /does not support secure connection/i,
    });
  });

  test("a mode that Athens' driver does not know is refused with those it does", async () => {
    await assert.rejects(open({ port: running.port, tls: "sure" }), {
      message: /its parameter tls is sure: true, false, skip-verify or preferred.*Index\.MySQL/,
    });
  });

  test("an address is refused where the name is checked", async () => {
    await assert.rejects(open({ port: running.port, tls: "true", host: "127.0.0.1" }), {
      message: /name its host, certificates are for names/,
    });
  });

  function open({ port, tls, host = "localhost" }: Record<"tls", string | undefined> & Where) {
    const params = new Map(tls === undefined ? [] : [["tls", tls] as const]);
    const account = { user: "athens", password: "secret", database: "athens" };
    return openAthensIndex({ engine: "mysql", protocol: "tcp", host, port, params, ...account });
  }
});

describe("PostgreSQL over TLS", { skip: noPostgres }, () => {
  let running: PostgresServer;
  let folder: string;
  let authority: string;
  before(async () => {
    running = await startPostgres(privateAuthority);
    folder = await mkdtemp(join(tmpdir(), "stoa-authority-"));
    authority = join(folder, "authority.pem");
    await writeFile(authority, privateAuthority.authority);
  });
  after(async () => {
    await running[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  test("checks as much as sslmode says, by the authority that sslrootcert names", async () => {
    const named = { sslrootcert: authority };
    const works: readonly [Record<string, string>, string?][] = [
      [{ sslmode: "require" }],
      [{ sslmode: "require", ...named }],
      [{ sslmode: "verify-ca", ...named }],
      [{ sslmode: "verify-ca", ...named }, "127.0.0.1"],
      [{ sslmode: "verify-full", ...named }],
    ];
    for (const [params, host] of works) {
      await using _ = await open(params, host);
      const sessions = "pg_stat_ssl JOIN pg_stat_activity USING (pid)";
      const query = `SELECT bool_and(ssl) FROM ${sessions} WHERE application_name = 'stoa'`;
      assert.equal(await running.run(query), "true", JSON.stringify(params));
    }
    for (const sslmode of ["verify-ca", "verify-full"]) {
      await assert.rejects(open({ sslmode }), { message: untrusted });
    }
  });

  test("a file that is not there is named with its parameter", async () => {
    await assert.rejects(open({ sslmode: "verify-full", sslrootcert: "/absent.pem" }), {
      message: /its parameter sslrootcert names \/absent\.pem, which cannot be read/,
    });
  });

  test("the name is checked by verify-full alone", async () => {
    const full = await postgresEncryption(new Map([["sslmode", "verify-full"]]));
    const chain = await postgresEncryption(new Map([["sslmode", "verify-ca"]]));
    assert.ok(full !== false && chain !== false);
    assert.equal(full.checkServerIdentity, undefined);
    assert.equal(full.rejectUnauthorized, true);
    assert.equal(typeof chain.checkServerIdentity, "function");
    assert.equal(chain.rejectUnauthorized, true);
  });

  function open(params: Record<string, string>, host = "localhost") {
    const port = Number(new URL(running.url).port);
    const account = { user: "stoa", password: "", database: "postgres" };
    const server: IndexServer = {
      engine: "postgres",
      protocol: "tcp",
      host,
      port,
      params: new Map(Object.entries(params)),
      ...account,
    };
    return openAthensIndex(server);
  }
});

interface Where {
  readonly port: number;
  readonly host?: string;
}

/** For the name elsewhere.example; signed by itself, with a key that is no secret. */
const elsewhere = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgOe8nYWMWw8qyRffT
RaTOD9kl0X/JlVUPrx5EfMQt1jGhRANCAARuo8omKg2wDDjcHq9TZU3daQBLQoiu
CaLCWdNng/3eqwtijGT8dTghkxyGUdjAW11jX0/KgziTQ+V+4gyh2AEX
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBnjCCAUOgAwIBAgIUAdpkmW2MIst1QZ91fV6hSahR+B0wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJRWxzZXdoZXJlMCAXDTI2MTEyMTE3MjQzNloYDzIxMjYxMDI4
MTcyNDM2WjAUMRIwEAYDVQQDDAlFbHNld2hlcmUwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARuo8omKg2wDDjcHq9TZU3daQBLQoiuCaLCWdNng/3eqwtijGT8dTgh
kxyGUdjAW11jX0/KgziTQ+V+4gyh2AEXo3EwbzAdBgNVHQ4EFgQU4WRVfKyk/OpL
dNhB5hMRDXkNwb0wHwYDVR0jBBgwFoAU4WRVfKyk/OpLdNhB5hMRDXkNwb0wDwYD
VR0TAQH/BAUwAwEB/zAcBgNVHREEFTATghFlbHNld2hlcmUuZXhhbXBsZTAKBggq
hkjOPQQDAgNJADBGAiEAyPR6THaAZiKEQ1mvNcWkTlFq9aMUAV+MLE7/yPNuT/YC
IQCAczqHZzbznD+1MZdt+o8iA0OMhbeoy0+4rUfZk9Av1g==
-----END CERTIFICATE-----
`,
};
