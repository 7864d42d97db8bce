package main

import (
	"encoding/json"
	"path"
	"unicode"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

func init() {
	// Paths.
	ops["CheckPath"] = check(module.CheckPath)
	ops["CheckImportPath"] = check(module.CheckImportPath)
	ops["CheckFilePath"] = check(module.CheckFilePath)
	ops["EscapePath"] = attempt(module.EscapePath)
	ops["UnescapePath"] = attempt(module.UnescapePath)
	ops["EscapeVersion"] = attempt(module.EscapeVersion)
	ops["UnescapeVersion"] = attempt(module.UnescapeVersion)
	ops["SplitPathVersion"] = splitPathVersion
	ops["PathMajorPrefix"] = text(module.PathMajorPrefix)
	ops["MatchPathMajor"] = func(args []json.RawMessage) (any, error) {
		return module.MatchPathMajor(arg[string](args, 0), arg[string](args, 1)), nil
	}
	ops["Check"] = func(args []json.RawMessage) (any, error) {
		return nil, module.Check(arg[string](args, 0), arg[string](args, 1))
	}
	ops["ModuleSort"] = func(args []json.RawMessage) (any, error) {
		list := arg[[]module.Version](args, 0)
		module.Sort(list)
		return list, nil
	}

	// Versions.
	ops["CanonicalVersion"] = text(module.CanonicalVersion)
	ops["IsValid"] = truth(semver.IsValid)
	ops["Canonical"] = text(semver.Canonical)
	ops["Major"] = text(semver.Major)
	ops["MajorMinor"] = text(semver.MajorMinor)
	ops["Prerelease"] = text(semver.Prerelease)
	ops["Build"] = text(semver.Build)
	ops["Compare"] = func(args []json.RawMessage) (any, error) {
		return semver.Compare(arg[string](args, 0), arg[string](args, 1)), nil
	}
	ops["Sort"] = func(args []json.RawMessage) (any, error) {
		list := arg[[]string](args, 0)
		semver.Sort(list)
		return list, nil
	}

	// Patterns.
	ops["MatchPrefixPatterns"] = func(args []json.RawMessage) (any, error) {
		return module.MatchPrefixPatterns(arg[string](args, 0), arg[string](args, 1)), nil
	}
	ops["PathMatch"] = func(args []json.RawMessage) (any, error) {
		return path.Match(arg[string](args, 0), arg[string](args, 1))
	}

	// Characters: the version of Unicode, and the bounds of every run of characters of a kind.
	ops["UnicodeVersion"] = func([]json.RawMessage) (any, error) { return unicode.Version, nil }
	ops["SpaceRuns"] = func([]json.RawMessage) (any, error) { return runs(unicode.IsSpace), nil }
	ops["PrintableRuns"] = func([]json.RawMessage) (any, error) { return runs(unicode.IsPrint), nil }
}

func check(f func(string) error) op {
	return func(args []json.RawMessage) (any, error) { return nil, f(arg[string](args, 0)) }
}

func attempt(f func(string) (string, error)) op {
	return func(args []json.RawMessage) (any, error) { return f(arg[string](args, 0)) }
}

func text(f func(string) string) op {
	return func(args []json.RawMessage) (any, error) { return f(arg[string](args, 0)), nil }
}

func truth(f func(string) bool) op {
	return func(args []json.RawMessage) (any, error) { return f(arg[string](args, 0)), nil }
}

func splitPathVersion(args []json.RawMessage) (any, error) {
	prefix, pathMajor, ok := module.SplitPathVersion(arg[string](args, 0))
	if !ok {
		return nil, nil
	}
	return map[string]string{"prefix": prefix, "pathMajor": pathMajor}, nil
}

func runs(holds func(rune) bool) [][2]rune {
	var found [][2]rune
	for r := rune(0); r <= unicode.MaxRune; r++ {
		switch last := len(found) - 1; {
		case !holds(r):
		case last >= 0 && found[last][1] == r-1:
			found[last][1] = r
		default:
			found = append(found, [2]rune{r, r})
		}
	}
	return found
}
