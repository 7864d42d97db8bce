// A CodeDeploy user's own bundle, word for word: files, scripts, migrations and the check that Consul would make. Authority:
// "Deploying Go Microservices With AWS CodeDeploy".
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { holds } from "./testing/bounded-wait.ts";
import { type Delivery, startDelivery } from "./testing/delivery.ts";
import { freePort } from "./testing/free-port.ts";
import { goIsMissing } from "./testing/go-command.ts";
import { ownSystem, ownSystemIsMissing } from "./testing/own-system.ts";

test("a published appspec.yml works word for word: install, migrate, start, validate, and back when it does not hold", {
  skip: goIsMissing() || ownSystemIsMissing(),
}, async () => {
  await using system = await ownSystem();
  await using delivery = await startDelivery();
  const port = await freePort();
  writeFileSync(join(system.programs, "systemctl"), systemctl);
  chmodSync(join(system.programs, "systemctl"), 0o755);
  await delivery.join("web-1", "role=web", { inside: system.inside });
  const deploy = async (version: string, migrations: number, database = "Good") => {
    await makeBundle(delivery, { version, migrations, database, port });
    return delivery.stoa("deploy", "go_app.zip", "--service", "go-service", "--label", version);
  };
  const has = (path: string): boolean => existsSync(system.outside(path));

  const first = await deploy("1.213", 1);
  assert.equal(first.code, 0, first.stderr);
  assert.deepEqual(await statusOf(port), {
    Database: "Good",
    "Status for SQS queue": "Healthy",
    version: "1.213",
  });
  for (const path of [
    "/opt/go_binary/go_binary",
    "/usr/lib/systemd/system/go_service.service",
    "/etc/consul.d/config/go_service.json",
    "/opt/go_service/migrations/001.sql",
  ]) {
    assert.ok(has(path), `${path} is missing`);
  }

  const second = await deploy("1.214", 2);
  assert.equal(second.code, 0, second.stderr);
  assert.equal((await statusOf(port))["version"], "1.214");
  const applied = (): readonly string[] =>
    readFileSync(system.outside("/opt/go_service/database"), "utf8").trim().split("\n");
  assert.deepEqual(applied(), ["001.sql", "002.sql"]);

  const third = await deploy("1.215", 3, "Bad");
  assert.equal(third.code, 1);
  assert.equal(third.stdout, "");
  assert.match(third.stderr, /ValidateService: check_service.sh ended with exit code 1/);
  assert.match(third.stderr, /\[stdout\]critical: 503/);
  assert.match(third.stderr, /went back/);
  assert.equal((await statusOf(port))["version"], "1.214");
  assert.deepEqual(readdirSync(system.outside("/opt/go_service/migrations")).filter(isListed), [
    "001.sql",
    "002.sql",
  ]);
  assert.deepEqual(applied(), ["001.sql", "002.sql", "003.sql"], "migrations are not undone");

  const whole = ["BeforeInstall", "AfterInstall", "ApplicationStart", "ValidateService"];
  const again = ["ApplicationStop", ...whole];
  const expected = [...whole, ...again, ...again, ...again];
  // What a machine says reaches the store in its own time; the way back is told last.
  await holds(async () => {
    const log = await delivery.succeed("logs", "go-service", "--since", "1h");
    assert.match(log, /critical: 503/);
    const events = [...log.matchAll(/LifecycleEvent - (\w+)\n/g)].map(([, event]) => event);
    assert.deepEqual(events, expected);
  });
});

/** The appspec of the document, as it stands there. */
const appspec = `version: 0.0
os: linux
files:
  - source: go_binary
    destination: /opt/go_binary
  - source: go_service.service
    destination: /usr/lib/systemd/system/
  - source: go_service.json
    destination: /etc/consul.d/config
  - source: migrations/
    destination: /opt/go_service/migrations/
hooks:
  BeforeInstall:
    - location: stop_server.sh
      timeout: 300
      runas: root
  AfterInstall:
    - location: setup_db.sh
    - location: start_server.sh
      timeout: 180
      runas: root
  ValidateService:
    - location: check_service.sh
      timeout: 180
      runas: root
`;

interface BundleWish {
  readonly version: string;
  readonly migrations: number;
  readonly database: string;
  readonly port: number;
}

/** Builds the program with the number of its build, and zips everything that lies in the folder, folders kept. */
async function makeBundle(delivery: Delivery, wish: BundleWish): Promise<void> {
  const { version, migrations, database, port } = wish;
  const folder = join(delivery.project, version);
  const numbers = Array.from({ length: migrations }, (_, at) => String(at + 1).padStart(3, "0"));
  const files: Record<string, string> = {
    "appspec.yml": appspec,
    "go.mod": "module example.com/go_service\n\ngo 1.21\n",
    "main.go": program,
    "go_service.service": `[Unit]\nDescription=Go service\n\n[Service]\nEnvironment=PORT=${port}\nExecStart=/opt/go_binary/go_binary\nRestart=on-failure\n`,
    "go_service.json": JSON.stringify({
      service: {
        name: "go_service",
        port,
        check: { http: `http://127.0.0.1:${port}/status`, interval: "1s" },
      },
    }),
    "stop_server.sh": "#!/bin/sh\nsystemctl stop go_service || true\n",
    "setup_db.sh": `#!/bin/sh -e
cd /opt/go_service
touch database
for file in migrations/*.sql; do
  name=$(basename $file)
  grep -qx $name database || { echo "applying $name"; echo $name >> database; }
done
`,
    "start_server.sh": "#!/bin/sh -e\nsystemctl daemon-reload\nsystemctl start go_service\n",
    "check_service.sh": `#!/bin/sh
url=$(sed -n 's/.*"http":"\\([^"]*\\)".*/\\1/p' /etc/consul.d/config/go_service.json)
for try in $(seq 1200); do
  said=$(/opt/go_binary/go_binary -check $url) && { echo "passing: $said"; exit 0; }
  [ "$said" = 503 ] && break
  sleep 0.1
done
echo "critical: $said"
exit 1
`,
  };
  for (const number of numbers) files[`migrations/${number}.sql`] = `-- ${number}\n`;
  await delivery.write(
    Object.fromEntries(Object.entries(files).map(([name, text]) => [`${version}/${name}`, text])),
  );
  for (const name of Object.keys(files).filter((path) => path.endsWith(".sh")))
    chmodSync(join(folder, name), 0o755);
  const stamp = `-X main.version=${version} -X main.database=${database}`;
  run(folder, "go", ["build", "-ldflags", stamp, "-o", "go_binary", "."]);
  run(folder, "git", ["init", "--quiet"]);
  run(folder, "git", ["add", "--all"]);
  run(folder, "git", ["commit", "--quiet", "--message", version]);
  run(folder, "git", ["archive", "--format=zip", "--output", "../go_app.zip", "HEAD"]);
}

const program = `package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
)

var version, database string

func main() {
	check := flag.String("check", "", "ask this URL")
	flag.Parse()
	if *check != "" {
		answer, err := http.Get(*check)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(answer.StatusCode)
		if answer.StatusCode/100 != 2 {
			os.Exit(1)
		}
		return
	}
	http.HandleFunc("/status", func(w http.ResponseWriter, r *http.Request) {
		if database != "Good" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		json.NewEncoder(w).Encode(map[string]string{
			"Database": database, "Status for SQS queue": "Healthy", "version": version,
		})
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
`;

/** As much of systemctl as the scripts use, where systemd is not the first process. */
const systemctl = `#!/bin/sh
unit=/usr/lib/systemd/system/$2.service
pid=/opt/$2.pid
case "$1" in
start)
  environment=$(sed -n 's/^Environment=//p' $unit)
  setsid env $environment $(sed -n 's/^ExecStart=//p' $unit) > /opt/$2.log 2>&1 &
  echo $! > $pid ;;
stop)
  [ -f $pid ] && kill $(cat $pid)
  while kill -0 $(cat $pid) 2> /dev/null; do sleep 0.05; done
  rm -f $pid ;;
esac
`;

async function statusOf(port: number): Promise<Record<string, string>> {
  return (await (await fetch(`http://127.0.0.1:${port}/status`)).json()) as Record<string, string>;
}

/** What an overlay keeps of a removed file is a device. */
function isListed(name: string): boolean {
  return name.endsWith(".sql");
}

function run(cwd: string, command: string, args: readonly string[]): void {
  const identity = { NAME: "Ann", EMAIL: "ann@example.com" };
  const env = {
    ...process.env,
    CGO_ENABLED: "0",
    GOWORK: "off",
    ...Object.fromEntries(
      ["AUTHOR", "COMMITTER"].flatMap((who) =>
        Object.entries(identity).map(([what, value]) => [`GIT_${who}_${what}`, value]),
      ),
    ),
  };
  const { status, stderr } = spawnSync(command, args, { cwd, env, encoding: "utf8" });
  assert.equal(status, 0, `${command} ${args.join(" ")}: ${stderr}`);
}
