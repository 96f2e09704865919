// Package suggest words the error for a name that is not known, with the nearest one that is.
package suggest

import (
	"fmt"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Nearest returns the known name with the least edit distance to name, upper and lower case being alike, or "" if none is near: at
// most 3 edits, or half of the name's length if that is more. The first of equally near ones wins.
func Nearest(name string, known []string) string {
	best, d := "", max(3, len(name)/2)
	for _, k := range known {
		if e := levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(k)); e < d {
			best, d = k, e
		}
	}
	return best
}

// Unknown is the error for an unknown name of some kind: it names the offending one and the nearest, or, where none is near and there
// are few, all of them.
func Unknown(kind, name string, known []string) error {
	if n := Nearest(name, known); n != "" {
		return fmt.Errorf("unknown %s %q; did you mean %q?", kind, name, n)
	}
	if len(known) > 0 && len(known) <= 12 {
		return fmt.Errorf("unknown %s %q; known are %s", kind, name, strings.Join(known, ", "))
	}
	return fmt.Errorf("unknown %s %q", kind, name)
}
