package main

import (
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/zip"
)

func init() {
	// Archives and contents are arguments in base64.
	ops["ReadZip"] = readZip
	ops["HashZip"] = hashZip
	ops["CheckFiles"] = checkFiles
	ops["CreateZip"] = createZip
	ops["HashFiles"] = hashFiles

	// Characters.
	ops["LetterRuns"] = func([]json.RawMessage) (any, error) { return runs(unicode.IsLetter), nil }
	ops["FoldPairs"] = func([]json.RawMessage) (any, error) { return foldPairs(), nil }
	ops["EqualFold"] = func(args []json.RawMessage) (any, error) {
		return strings.EqualFold(arg[string](args, 0), arg[string](args, 1)), nil
	}
}

// A zipVerdict says why each function refused, or "", and what the others found.
type zipVerdict struct {
	CheckZip string `json:"checkZip"`
	Unzip    string `json:"unzip"`
	HashZip  string `json:"hashZip"`
	Hash     string `json:"hash"`
}

// readZip reads an archive as a module version: path, version, bytes.
func readZip(args []json.RawMessage) (any, error) {
	m := module.Version{Path: arg[string](args, 0), Version: arg[string](args, 1)}
	folder, err := os.MkdirTemp("", "stoa-gomod-oracle-zip-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "zip")
	if err := os.WriteFile(file, arg[[]byte](args, 2), 0o600); err != nil {
		return nil, err
	}
	var verdict zipVerdict
	_, err = zip.CheckZip(m, file)
	verdict.CheckZip = reason(err)
	verdict.Unzip = reason(zip.Unzip(filepath.Join(folder, "files"), m, file))
	verdict.Hash, err = dirhash.HashZip(file, dirhash.Hash1)
	verdict.HashZip = reason(err)
	return verdict, nil
}

// hashZip hashes an archive: bytes.
func hashZip(args []json.RawMessage) (any, error) {
	file, err := os.CreateTemp("", "stoa-gomod-oracle-zip-")
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if _, err := file.Write(arg[[]byte](args, 0)); err != nil {
		return nil, err
	}
	return dirhash.HashZip(file.Name(), dirhash.Hash1)
}

// A sourceFile is a file that is only said to exist.
type sourceFile struct {
	FilePath string `json:"path"`
	Kind     string `json:"kind"`
	Bytes    int64  `json:"sizeBytes"`
	Content  []byte `json:"content"`
}

func (f sourceFile) Path() string                { return f.FilePath }
func (f sourceFile) Lstat() (os.FileInfo, error) { return f, nil }
func (f sourceFile) Open() (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(f.Content)), nil
}

func (f sourceFile) Name() string       { return f.FilePath }
func (f sourceFile) Size() int64        { return f.Bytes }
func (f sourceFile) ModTime() time.Time { return time.Time{} }
func (f sourceFile) IsDir() bool        { return f.Mode().IsDir() }
func (f sourceFile) Sys() any           { return nil }
func (f sourceFile) Mode() fs.FileMode {
	switch f.Kind {
	case "directory":
		return fs.ModeDir
	case "symlink":
		return fs.ModeSymlink
	case "irregular":
		return fs.ModeNamedPipe
	default:
		return 0
	}
}

// checkFiles sorts out files.
func checkFiles(args []json.RawMessage) (any, error) {
	checked, _ := zip.CheckFiles(sourceFiles(args, 0))
	return map[string]any{
		"keep":       append([]string{}, checked.Valid...),
		"omitted":    pathsOf(checked.Omitted),
		"invalid":    pathsOf(checked.Invalid),
		"isTooLarge": checked.SizeError != nil,
	}, nil
}

// createZip makes the zip of a module and gives its hash: path, version, files.
func createZip(args []json.RawMessage) (any, error) {
	m := module.Version{Path: arg[string](args, 0), Version: arg[string](args, 1)}
	file, err := os.CreateTemp("", "stoa-gomod-oracle-zip-")
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if err := zip.Create(file, m, sourceFiles(args, 2)); err != nil {
		return nil, err
	}
	return dirhash.HashZip(file.Name(), dirhash.Hash1)
}

// hashFiles hashes files by name and content, which are both in base64.
func hashFiles(args []json.RawMessage) (any, error) {
	var names []string
	contents := map[string][]byte{}
	for _, file := range arg[[]struct{ Name, Content []byte }](args, 0) {
		names = append(names, string(file.Name))
		contents[string(file.Name)] = file.Content
	}
	return dirhash.Hash1(names, func(name string) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(contents[name])), nil
	})
}

// foldPairs gives every character that folds together with a smaller one, and the smallest of those.
func foldPairs() [][2]rune {
	var pairs [][2]rune
	for r := rune(0); r <= unicode.MaxRune; r++ {
		smallest := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			smallest = min(smallest, next)
		}
		if smallest != r {
			pairs = append(pairs, [2]rune{r, smallest})
		}
	}
	return pairs
}

func sourceFiles(args []json.RawMessage, i int) []zip.File {
	var files []zip.File
	for _, file := range arg[[]sourceFile](args, i) {
		files = append(files, file)
	}
	return files
}

func pathsOf(failures []zip.FileError) []string {
	paths := []string{}
	for _, failure := range failures {
		paths = append(paths, failure.Path)
	}
	return paths
}

func reason(err error) string {
	if err == nil {
		return ""
	}
	return "error: " + err.Error()
}
