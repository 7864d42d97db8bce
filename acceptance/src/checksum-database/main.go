// Checksum-database is a real checksum database on a loopback port, made of golang.org/x/mod/sumdb, that lies on command.
//
// It takes its records from the module proxy that its argument names, and prints one line of JSON when it listens:
// {"key":"…","url":"…"}. Below /control/ tests tell it what to do.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/sumdb/note"
)

// The name has a path in it, as those in cmd/go's own tests.
const name = "sum.test/db"

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "checksum-database:", err)
		os.Exit(1)
	}
}

func run(proxy string) error {
	signer, verifier, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	db := &database{proxy: proxy, signer: signer}
	db.begin()
	ready := map[string]string{"key": verifier, "url": "http://" + listener.Addr().String()}
	if err := json.NewEncoder(os.Stdout).Encode(ready); err != nil {
		return err
	}
	go func() {
		// The test that started it has ended.
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	return http.Serve(listener, db)
}

// A database answers as sumdb.Server does, unless it was told to lie.
type database struct {
	proxy  string
	signer string

	// said holds go.sum lines by module@version.
	said sync.Map

	mu       sync.Mutex
	tree     *sumdb.TestServer
	lie      string
	requests []string
}

// begin starts a history without records.
func (db *database) begin() {
	db.tree = sumdb.NewTestServer(db.signer, db.goSum)
}

func (db *database) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if command, ok := strings.CutPrefix(r.URL.Path, "/control/"); ok {
		if err := db.control(w, r, command); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
		return
	}
	db.mu.Lock()
	db.requests = append(db.requests, r.URL.Path)
	tree, lie := db.tree, db.lie
	db.mu.Unlock()

	answer := &recorder{header: http.Header{}, status: http.StatusOK}
	sumdb.NewServer(tree).ServeHTTP(answer, r)
	body := answer.body.Bytes()
	if answer.status == http.StatusOK {
		body = told(lie, r.URL.Path, body)
	}
	for key, values := range answer.header {
		w.Header()[key] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(answer.status)
	w.Write(body)
}

// told is what a liar makes of an answer.
func told(lie, path string, body []byte) []byte {
	isLookup := strings.HasPrefix(path, "/lookup/")
	switch {
	case lie == "forged-tiles" && strings.HasPrefix(path, "/tile/"):
		forged := bytes.Clone(body)
		forged[len(forged)-1] ^= 1
		return forged
	case lie == "wrong-record" && isLookup:
		return bytes.Replace(body, []byte(" h1:"), []byte(" h1:AAAA"), 1)
	case lie == "wrong-number" && isLookup:
		_, rest, _ := bytes.Cut(body, []byte("\n"))
		return append([]byte("0\n"), rest...)
	case lie == "truncated-note" && isLookup:
		return body[:len(body)-20]
	case lie == "unsigned-note" && isLookup:
		return body[:bytes.LastIndex(body, []byte("\n\n"))+2]
	}
	return body
}

func (db *database) control(w io.Writer, r *http.Request, command string) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	query := r.URL.Query()
	switch command {
	case "requests":
		return json.NewEncoder(w).Encode(db.requests)
	case "lie":
		db.lie = query.Get("how")
		return nil
	case "say":
		// Another record than the proxy's for a version, in the histories to come or to be continued.
		body, err := io.ReadAll(r.Body)
		db.said.Store(query.Get("module"), body)
		return err
	case "begin":
		db.begin()
		return nil
	case "grow":
		count, err := strconv.Atoi(query.Get("by"))
		for i := 0; err == nil && i < count; i++ {
			m := module.Version{Path: "filler.test/" + query.Get("kind"), Version: fmt.Sprintf("v0.%d.0", i)}
			db.said.Store(m.String(), fmt.Appendf(nil, "%s %s h1:filler=\n", m.Path, m.Version))
			_, err = db.tree.Lookup(context.Background(), m)
		}
		return err
	}
	return fmt.Errorf("there is no command %q", command)
}

// goSum makes the go.sum lines of a version from what the proxy serves.
func (db *database) goSum(path, version string) ([]byte, error) {
	if lines, ok := db.said.Load(path + "@" + version); ok {
		return lines.([]byte), nil
	}
	mod, err := db.read(path, version, "mod")
	if err != nil {
		return nil, err
	}
	modHash, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(mod)), nil
	})
	if err != nil {
		return nil, err
	}
	zip, err := db.read(path, version, "zip")
	if err != nil {
		return nil, err
	}
	zipHash, err := hashZip(zip)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "%s %s %s\n%s %s/go.mod %s\n", path, version, zipHash, path, version, modHash), nil
}

func hashZip(content []byte) (string, error) {
	file, err := os.CreateTemp("", "checksum-database-")
	if err != nil {
		return "", err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if _, err := file.Write(content); err != nil {
		return "", err
	}
	return dirhash.HashZip(file.Name(), dirhash.Hash1)
}

func (db *database) read(path, version, kind string) ([]byte, error) {
	escapedPath, err := module.EscapePath(path)
	if err != nil {
		return nil, err
	}
	escapedVersion, err := module.EscapeVersion(version)
	if err != nil {
		return nil, err
	}
	answer, err := http.Get(fmt.Sprintf("%s/%s/@v/%s.%s", db.proxy, escapedPath, escapedVersion, kind))
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, &fs.PathError{Op: "not found", Path: path + "@" + version, Err: fs.ErrNotExist}
	}
	return io.ReadAll(answer.Body)
}

// A recorder holds an answer so that it can be changed.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header            { return r.header }
func (r *recorder) WriteHeader(status int)         { r.status = status }
func (r *recorder) Write(part []byte) (int, error) { return r.body.Write(part) }
