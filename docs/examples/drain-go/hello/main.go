// Hello is a service that can be replaced under load without a failed request.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"stoa.example/drain-go/drain"
)

var version = "unknown" // set by the linker: -X main.version=1.2

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if pause, err := time.ParseDuration(r.URL.Query().Get("pause")); err == nil {
			time.Sleep(min(pause, time.Minute))
		}
		fmt.Fprintf(w, "hello from %s, process %d\n", version, os.Getpid())
	})
	http.HandleFunc("/healthz", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "Good")
	})
	listener, err := drain.Listen("http")
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("%s listens on %s", version, listener.Addr())
	if err := drain.Serve(&http.Server{}, listener, 20*time.Second); err != nil {
		log.Fatal(err)
	}
	log.Printf("%s is done", version)
}
