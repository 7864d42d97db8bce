package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func init() {
	ops["NewVerifier"] = func(args []json.RawMessage) (any, error) {
		verifier, err := note.NewVerifier(arg[string](args, 0))
		if err != nil {
			return nil, err
		}
		return []any{verifier.Name(), verifier.KeyHash()}, nil
	}
	ops["OpenNote"] = openNote
	ops["ParseTree"] = func(args []json.RawMessage) (any, error) {
		tree, err := tlog.ParseTree(arg[[]byte](args, 0))
		return []any{tree.N, tree.Hash}, err
	}
	ops["ParseRecord"] = func(args []json.RawMessage) (any, error) {
		id, text, rest, err := tlog.ParseRecord(arg[[]byte](args, 0))
		return []any{id, text, rest}, err
	}
	ops["ParseTilePath"] = func(args []json.RawMessage) (any, error) {
		t, err := tlog.ParseTilePath(arg[string](args, 0))
		return []any{t.H, t.L, t.N, t.W}, err
	}
	ops["StoredHashIndex"] = func(args []json.RawMessage) (any, error) {
		return tlog.StoredHashIndex(arg[int](args, 0), arg[int64](args, 1)), nil
	}
	ops["SplitStoredHashIndex"] = func(args []json.RawMessage) (any, error) {
		level, n := tlog.SplitStoredHashIndex(arg[int64](args, 0))
		return []any{level, n}, nil
	}
	ops["StoredHashCount"] = func(args []json.RawMessage) (any, error) {
		return tlog.StoredHashCount(arg[int64](args, 0)), nil
	}
	ops["TileForIndex"] = func(args []json.RawMessage) (any, error) {
		t := tlog.TileForIndex(arg[int](args, 0), arg[int64](args, 1))
		return []any{t.H, t.L, t.N, t.W}, nil
	}
	ops["CheckRecord"] = func(args []json.RawMessage) (any, error) {
		return nil, tlog.CheckRecord(arg[[]tlog.Hash](args, 0), arg[int64](args, 1), arg[tlog.Hash](args, 2), arg[int64](args, 3), arg[tlog.Hash](args, 4))
	}
	ops["CheckTree"] = func(args []json.RawMessage) (any, error) {
		return nil, tlog.CheckTree(arg[[]tlog.Hash](args, 0), arg[int64](args, 1), arg[tlog.Hash](args, 2), arg[int64](args, 3), arg[tlog.Hash](args, 4))
	}
	ops["Lookup"] = lookup
}

// openNote gives the text, how many signatures are verified and how many are not.
func openNote(args []json.RawMessage) (any, error) {
	verifier, err := note.NewVerifier(arg[string](args, 1))
	if err != nil {
		panic(badQuestion{err.Error()})
	}
	n, err := note.Open(arg[[]byte](args, 0), note.VerifierList(verifier))
	if err != nil {
		return nil, err
	}
	return []any{n.Text, len(n.Sigs), len(n.UnverifiedSigs)}, nil
}

// A recordedDatabase answers with what a test wrote down, and keeps nothing more than that but the head.
type recordedDatabase struct {
	key     string
	answers map[string]string
	cache   map[string]string
	head    []byte
	forked  bool
}

func (d *recordedDatabase) ReadRemote(path string) ([]byte, error) {
	return read(d.answers, path)
}

func (d *recordedDatabase) ReadCache(path string) ([]byte, error) {
	name, _, _ := strings.Cut(d.key, "+")
	return read(d.cache, strings.TrimPrefix(path, name))
}

func read(files map[string]string, path string) ([]byte, error) {
	content, ok := files[strings.TrimPrefix(path, "/")]
	if !ok {
		return nil, fmt.Errorf("%s: 404 Not Found", path)
	}
	return base64.StdEncoding.DecodeString(content)
}

func (d *recordedDatabase) ReadConfig(file string) ([]byte, error) {
	if file == "key" {
		return []byte(d.key), nil
	}
	return d.head, nil
}

func (d *recordedDatabase) WriteConfig(file string, old, new []byte) error {
	d.head = new
	return nil
}

func (d *recordedDatabase) WriteCache(string, []byte) {}
func (d *recordedDatabase) Log(string)                {}
func (d *recordedDatabase) SecurityError(string)      { d.forked = true }

// lookup runs sumdb.Client, which knows a tree already, on recorded answers. It gives the go.sum lines and the new head.
func lookup(args []json.RawMessage) (any, error) {
	database := &recordedDatabase{
		key:     arg[string](args, 0),
		head:    arg[[]byte](args, 1),
		answers: arg[map[string]string](args, 2),
		cache:   arg[map[string]string](args, 5),
	}
	client := sumdb.NewClient(database)
	zip, err := client.Lookup(arg[string](args, 3), arg[string](args, 4))
	if database.forked {
		return "forked", nil
	}
	if err != nil {
		return nil, err
	}
	mod, err := client.Lookup(arg[string](args, 3), arg[string](args, 4)+"/go.mod")
	return []any{len(zip), len(mod), database.head}, err
}
