package macie2

import (
	"fmt"
	"strings"
)

// Coverage returns docs/coverage.md: every operation of the contract, and
// whether r has it.
func Coverage(r *Registry) string {
	var rows strings.Builder
	built := 0
	for _, op := range operations {
		mark := "—"
		if r.Bound(op.Name) {
			mark = "yes"
			built++
		}
		fmt.Fprintf(&rows, "| %s | `%s %s` | %s |\n", op.Name, op.Method, op.URI, mark)
	}
	return fmt.Sprintf(`# Coverage

Which operations of the Macie API this server does. Generated from what is bound; do not edit.

%d of %d operations are built. One that is not is authenticated, throttled and authorised like any
other, then answers 501 with NotImplementedException and its name.

| operation | route | built |
|---|---|---|
%s`, built, len(operations), rows.String())
}
