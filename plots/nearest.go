package plots

import (
	"strings"

	"github.com/agnivade/levenshtein"
)

// didYouMean gives `; did you mean "x"?` for the nearest of the valid names, or nothing if none is near.
func didYouMean(got string, valid []string) string {
	best, distance := "", 1+max(len(got), 3)/2
	for _, name := range valid {
		if d := levenshtein.ComputeDistance(strings.ToLower(got), strings.ToLower(name)); d < distance {
			best, distance = name, d
		}
	}
	if best == "" {
		return ""
	}
	return `; did you mean "` + best + `"?`
}
