package scripting

import (
	"fmt"
	"strings"

	"mmsim/internal/suggest"
)

// nearest gives the name that is the most like the given one, or "" if none is like it.
func nearest(name string, names []string) string {
	const longest = 100
	if len(name) > longest {
		return ""
	}
	return suggest.Nearest(name, names)
}

// didYouMean gives "; did you mean 'x'?", or nothing if no name is near.
func didYouMean(name string, names []string) string {
	if n := nearest(name, names); n != "" {
		return "; did you mean '" + n + "'?"
	}
	return ""
}

// unknown is the message for a name that is not one of names.
func unknown(what, name string, names []string) string {
	return fmt.Sprintf("unknown %s '%s'%s", what, clip(name), didYouMean(name, names))
}

// clip keeps a message readable when the value in it is not.
func clip(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:77], "") + "..."
	}
	return s
}
