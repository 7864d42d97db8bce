package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

func init() {
	// Files are arguments in base64, for they need not be UTF-8.
	ops["ModulePath"] = func(args []json.RawMessage) (any, error) {
		return modfile.ModulePath(arg[[]byte](args, 0)), nil
	}
	ops["ParseLax"] = parseLax
	ops["ReadInfo"] = readInfo
	ops["WriteInfo"] = writeInfo
	ops["ProxyList"] = proxyList
}

type retraction struct {
	Low       string `json:"low"`
	High      string `json:"high"`
	Rationale string `json:"rationale"`
}

type goMod struct {
	Module      *string      `json:"module"`
	Deprecated  string       `json:"deprecated"`
	Go          *string      `json:"go"`
	Retractions []retraction `json:"retractions"`
}

func parseLax(args []json.RawMessage) (any, error) {
	file, err := modfile.ParseLax("go.mod", arg[[]byte](args, 0), nil)
	if err != nil {
		return nil, err
	}
	said := goMod{Retractions: []retraction{}}
	if file.Module != nil {
		said.Module = &file.Module.Mod.Path
		said.Deprecated = file.Module.Deprecated
	}
	if file.Go != nil {
		said.Go = &file.Go.Version
	}
	for _, r := range file.Retract {
		said.Retractions = append(said.Retractions, retraction{r.Low, r.High, r.Rationale})
	}
	return said, nil
}

// A revInfo has the shape of RevInfo in cmd/go/internal/modfetch, which no other program can import.
type revInfo struct {
	Version string
	Time    time.Time
	Origin  *origin `json:",omitempty"`
}

// An origin has the shape of Origin in cmd/go/internal/modfetch/codehost.
type origin struct {
	VCS       string `json:",omitempty"`
	URL       string `json:",omitempty"`
	Subdir    string `json:",omitempty"`
	Hash      string `json:",omitempty"`
	TagPrefix string `json:",omitempty"`
	TagSum    string `json:",omitempty"`
	Ref       string `json:",omitempty"`
	RepoSum   string `json:",omitempty"`
}

// readInfo reads a .info document and writes it again.
func readInfo(args []json.RawMessage) (any, error) {
	var info revInfo
	if err := json.Unmarshal(arg[[]byte](args, 0), &info); err != nil {
		return nil, err
	}
	if info.Version == "" || module.CanonicalVersion(info.Version) != info.Version {
		return nil, errors.New("version is not canonical")
	}
	text, err := json.Marshal(info)
	if err != nil {
		// Offsets of a day or more can be read but not written.
		info.Time = info.Time.UTC()
		text, err = json.Marshal(info)
	}
	return map[string]any{
		"version":      info.Version,
		"milliseconds": info.Time.UnixMilli(),
		"text":         string(text),
	}, err
}

// writeInfo writes a .info document from the version, the time in milliseconds, and the origin or null.
func writeInfo(args []json.RawMessage) (any, error) {
	text, err := json.Marshal(revInfo{
		Version: arg[string](args, 0),
		Time:    time.UnixMilli(arg[int64](args, 1)).UTC(),
		Origin:  arg[*origin](args, 2),
	})
	return string(text), err
}

type proxyEntry struct {
	URL             string `json:"url"`
	FallBackOnError bool   `json:"fallBackOnError"`
}

// proxyList follows the grammar of proxyList in cmd/go/internal/modfetch, which no other program can call.
func proxyList(args []json.RawMessage) (any, error) {
	entries := []proxyEntry{}
	rest := arg[string](args, 0)
	for more := true; more; {
		end := strings.IndexAny(rest, ",|")
		word, fallBack := rest, false
		if more = end >= 0; more {
			word, fallBack, rest = rest[:end], rest[end] == '|', rest[end+1:]
		}
		word = strings.TrimSpace(word)
		if word == "" {
			continue
		}
		if word == "direct" || word == "off" {
			entries = append(entries, proxyEntry{URL: word})
			break
		}
		if strings.ContainsAny(word, ".:/") && !strings.Contains(word, ":/") && !path.IsAbs(word) {
			word = "https://" + word
		}
		if err := checkProxyURL(word); err != nil {
			return nil, err
		}
		entries = append(entries, proxyEntry{word, fallBack})
	}
	if len(entries) == 0 {
		return nil, errors.New("no entries")
	}
	return entries, nil
}

// checkProxyURL makes the checks of newProxyRepo in cmd/go/internal/modfetch with the real net/url.
func checkProxyURL(text string) error {
	base, err := url.Parse(text)
	if err != nil {
		return err
	}
	switch base.Scheme {
	case "http", "https":
		return nil
	case "file":
		if *base != (url.URL{Scheme: base.Scheme, Path: base.Path, RawPath: base.RawPath}) {
			return errors.New("file URL with more than a path")
		}
		return nil
	default:
		return fmt.Errorf("unknown scheme %q", base.Scheme)
	}
}
