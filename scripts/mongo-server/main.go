// A server that speaks MongoDB's protocol, for tests: FerretDB over SQLite files. Its own program cannot be built as a
// dependency (it wants files that its release process writes); its package for embedding can.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	if len(os.Args) != 3 {
		slog.Error("usage: mongo-server ADDRESS FOLDER")
		os.Exit(2)
	}
	level := &slog.HandlerOptions{Level: slog.LevelError}
	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: os.Args[1]},
		Handler:   "sqlite",
		SQLiteURL: "file:" + os.Args[2] + "/",
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, level)),
	})
	if err == nil {
		err = server.Run(context.Background())
	}
	if err != nil {
		slog.Error(err.Error())
		os.Exit(1)
	}
}
