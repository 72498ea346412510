package operation

import (
	_ "embed"
	"slices"
	"strings"
)

//go:embed unbuilt.txt
var unbuilt string

// Built reports whether a server of this version does the operation. `go generate ./internal/server` writes the list of those that it
// does not, from what is bound.
func Built(operation string) bool { return !slices.Contains(strings.Fields(unbuilt), operation) }
