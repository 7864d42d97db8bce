// A Go program that replaces itself on SIGUSR2, as goagain, grace and their kind do; and those that fail at it.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, exampleFolder, writeModule } from "./go-programs.ts";

/**
 * - `good`: it starts its own path again; the new process serves, and ends the old one.
 * - `quiet`: the new process serves, and leaves the old one to others.
 * - `crashing`: it ends when it is to take over from another one.
 * - `deaf`: it catches SIGUSR2 and does nothing.
 * - `stuck`: it starts the file that it executes, and not the path by which it was started.
 */
export type Manner = "good" | "quiet" | "crashing" | "deaf" | "stuck";

/** Builds it. It takes its first socket as it is given one, or binds `$PORT` and knows of no other way. */
export function buildReplacing(
  folder: string,
  version: string,
  { manner = "good", binds = false }: { readonly manner?: Manner; readonly binds?: boolean } = {},
): string {
  const directory = writeModule(folder, "replacing", source);
  writeFileSync(
    join(directory, "go.mod"),
    `module example.com/replacing\n\ngo 1.21\n\nrequire stoa.example/drain-go v0.0.0\n\nreplace stoa.example/drain-go => ${exampleFolder}\n`,
  );
  const output = join(folder, `replacing-${version}-${manner}-${binds}`);
  return build(directory, ".", output, version, `-X main.manner=${manner} -X main.binds=${binds}`);
}

const source = `package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"stoa.example/drain-go/drain"
)

var version, manner, binds string

const passed = "REPLACING_FD=3"

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if pause, err := time.ParseDuration(r.URL.Query().Get("pause")); err == nil {
			time.Sleep(pause)
		}
		fmt.Fprintf(w, "hello from %s, process %d\\n", version, os.Getpid())
	})
	listener, takesOver, err := listen()
	if err != nil {
		log.Fatal(err)
	}
	if takesOver && manner == "crashing" {
		log.Fatalf("%s cannot take over", version)
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR2)
	go func() {
		for range signals {
			if manner != "deaf" {
				replace(listener.(*net.TCPListener))
			}
		}
	}()
	if takesOver && manner != "quiet" {
		syscall.Kill(os.Getppid(), syscall.SIGTERM)
	}
	if err := drain.Serve(&http.Server{}, listener, 20*time.Second); err != nil {
		log.Fatal(err)
	}
}

func listen() (net.Listener, bool, error) {
	if os.Getenv("REPLACING_FD") != "" {
		listener, err := net.FileListener(os.NewFile(3, ""))
		return listener, true, err
	}
	if binds == "true" {
		listener, err := net.Listen("tcp", ":"+os.Getenv("PORT"))
		return listener, false, err
	}
	listener, err := drain.Listen("http")
	return listener, false, err
}

func replace(listener *net.TCPListener) {
	path := os.Args[0]
	if manner == "stuck" {
		path, _ = os.Executable()
	}
	socket, err := listener.SyscallConn()
	if err != nil {
		log.Fatal(err)
	}
	// Not by os.StartProcess: that would make the socket blocking for both processes.
	socket.Control(func(descriptor uintptr) {
		_, err = syscall.ForkExec(path, os.Args, &syscall.ProcAttr{
			Env:   append(os.Environ(), passed),
			Files: []uintptr{0, 1, 2, descriptor},
		})
	})
	if err != nil {
		log.Print(err)
	}
}
`;
