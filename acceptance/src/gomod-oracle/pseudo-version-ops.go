package main

import (
	"encoding/json"
	"time"

	"golang.org/x/mod/module"
)

func init() {
	ops["IsPseudoVersion"] = truth(module.IsPseudoVersion)
	ops["IsZeroPseudoVersion"] = truth(module.IsZeroPseudoVersion)
	ops["ZeroPseudoVersion"] = text(module.ZeroPseudoVersion)
	ops["PseudoVersionRev"] = attempt(module.PseudoVersionRev)
	ops["PseudoVersionBase"] = attempt(module.PseudoVersionBase)
	// Times are milliseconds since 1970.
	ops["PseudoVersionTime"] = func(args []json.RawMessage) (any, error) {
		t, err := module.PseudoVersionTime(arg[string](args, 0))
		return t.UnixMilli(), err
	}
	ops["PseudoVersion"] = func(args []json.RawMessage) (any, error) {
		t := time.UnixMilli(arg[int64](args, 2))
		return module.PseudoVersion(arg[string](args, 0), arg[string](args, 1), t, arg[string](args, 3)), nil
	}
}
