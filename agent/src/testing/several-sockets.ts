// A program with several sockets, each of which says which one it is.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, exampleFolder, writeModule } from "./go-programs.ts";

/** Builds it. At each socket it answers with its name, where that listens, and the names of all in their order. */
export function buildSeveral(folder: string, version: string): string {
  const directory = writeModule(folder, "several", source);
  writeFileSync(
    join(directory, "go.mod"),
    `module example.com/several\n\ngo 1.21\n\nrequire stoa.example/drain-go v0.0.0\n\nreplace stoa.example/drain-go => ${exampleFolder}\n`,
  );
  return build(directory, ".", join(folder, `several-${version}`), version);
}

const source = `package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"stoa.example/drain-go/drain"
)

var version string

func serve(name string, listener net.Listener) {
	text := fmt.Sprintf("hello from %s, %s at %s of %s\\n", version, name, listener.Addr(), os.Getenv("LISTEN_FDNAMES"))
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, text) })
	if err := drain.Serve(&http.Server{Handler: handler}, listener, 10*time.Second); err != nil {
		log.Fatal(err)
	}
}

func main() {
	var serving sync.WaitGroup
	for _, name := range strings.Split(os.Getenv("LISTEN_FDNAMES"), ":") {
		listener, err := drain.Listen(name)
		if err != nil {
			log.Fatal(err)
		}
		serving.Add(1)
		go func(name string) {
			defer serving.Done()
			serve(name, listener)
		}(name)
	}
	serving.Wait()
}
`;
