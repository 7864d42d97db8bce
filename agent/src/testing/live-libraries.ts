// Go programs with the real libraries for handing over a socket, where the module proxy of this machine has them.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

/** The libraries, and how each of their programs looks that would be written by their own examples. */
export const libraries = {
  "github.com/rcrowley/goagain": { address: "127.0.0.1:0", imports: "", main: goagainMain() },
  "github.com/facebookgo/grace": { address: ":0", imports: "/gracehttp", main: graceMain() },
} as const;
export type Library = keyof typeof libraries;

/** Why a library cannot be had here, or undefined. Asked of whatever `go env GOPROXY` names. */
export function whyNot(library: Library): string | undefined {
  const { error, status, stderr } = spawnSync("go", ["list", "-m", `${library}@latest`], {
    cwd: "/",
    encoding: "utf8",
    timeout: 30_000,
  });
  if (status === 0) return undefined;
  return error?.message ?? stderr.trim().split("\n").slice(0, 2).join(" ");
}

/** Builds such a program. Returns its path. */
export function buildLive(folder: string, library: Library, version: string): string {
  const { main, imports } = libraries[library];
  const directory = join(folder, `live-${library.replaceAll("/", "-")}`);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "go.mod"), "module example.com/live\n\ngo 1.21\n");
  writeFileSync(join(directory, "main.go"), main.replace("LIBRARY", `${library}${imports}`));
  const output = `${directory}-${version}`;
  const words = ["build", "-mod=mod", "-buildvcs=false", "-ldflags", `-X main.version=${version}`];
  const { status, stderr } = spawnSync("go", [...words, "-o", output, "."], {
    cwd: directory,
    encoding: "utf8",
    env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off" },
  });
  if (status !== 0) throw new Error(`go build failed: ${stderr}`);
  return output;
}

function goagainMain(): string {
  return `package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"LIBRARY"
)

var version string

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello from %s, process %d\\n", version, os.Getpid())
	})
	listener, err := goagain.Listener()
	takesOver := err == nil
	if !takesOver {
		if listener, err = net.Listen("tcp", ":"+os.Getenv("PORT")); err != nil {
			log.Fatal(err)
		}
	}
	go http.Serve(listener, nil)
	if takesOver {
		if err := goagain.Kill(); err != nil {
			log.Fatal(err)
		}
	}
	if _, err := goagain.Wait(listener); err != nil {
		log.Fatal(err)
	}
	listener.Close()
	time.Sleep(time.Second)
}
`;
}

function graceMain(): string {
  return `package main

import (
	"fmt"
	"log"
	"net/http"
	"os"

	"LIBRARY"
)

var version string

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello from %s, process %d\\n", version, os.Getpid())
	})
	if err := gracehttp.Serve(&http.Server{Addr: ":" + os.Getenv("PORT")}); err != nil {
		log.Fatal(err)
	}
}
`;
}
