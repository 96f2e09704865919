package plots

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"mmsim/internal/suggest"
)

// pageSize is what a page counts for where pages and bytes share an axis. All supported machines have 4 KiB.
const pageSize = 4096

// quantity is what the values of a sampled name measure.
type quantity int

const (
	counts quantity = iota
	bytes
	pages
	blocks // of the buddy allocator
)

// measure tells from a sampled name what its values are, and for blocks of which order.
func measure(name string) (quantity, int) {
	group, rest, _ := strings.Cut(name, ".")
	switch group {
	case "meminfo":
		if strings.HasPrefix(rest, "HugePages_") {
			return counts, 0
		}
		return bytes, 0
	case "process", "cgroup":
		return bytes, 0
	case "zone":
		return pages, 0
	case "buddy":
		if order, err := strconv.Atoi(rest[strings.LastIndexByte(rest, '.')+1:]); err == nil && order >= 0 && order < 32 {
			return blocks, order
		}
	case "vmstat":
		if strings.HasPrefix(rest, "nr_") {
			return pages, 0
		}
	}
	return counts, 0
}

// converted is the factor from what a name measures to the unit of the axis.
func converted(q quantity, order int, to quantity) float64 {
	inPages := 1.0
	if q == blocks {
		inPages = float64(int64(1) << order)
	}
	switch {
	case to == pages && q == bytes:
		return 1.0 / pageSize
	case to == pages && q == blocks:
		return inPages
	case to == bytes && (q == pages || q == blocks):
		return inPages * pageSize
	}
	return 1
}

// commonUnit is the unit of an axis that all of these names share: bytes if bytes and pages meet, counts if
// nothing else fits.
func commonUnit(names []string) quantity {
	var seen [4]bool
	for _, name := range names {
		q, _ := measure(name)
		seen[q] = true
	}
	switch {
	case seen[counts] || len(names) == 0:
		return counts
	case seen[bytes]:
		return bytes
	case seen[pages]:
		return pages
	}
	return blocks
}

func parseUnit(unit string, names []string) quantity {
	switch unit {
	case "bytes":
		return bytes
	case "pages":
		return pages
	case "count":
		return counts
	}
	return commonUnit(names)
}

// expand gives the names that a pattern matches: itself, or for one with a "*" all that fit, in natural order.
func expand(pattern string, names []string) ([]string, error) {
	if slices.Contains(names, pattern) {
		return []string{pattern}, nil
	}
	if !strings.Contains(pattern, "*") {
		return nil, fmt.Errorf("%q was not sampled%s", pattern, didYouMean(pattern, names))
	}
	var found []string
	for _, name := range names {
		if ok, err := path.Match(quoteMeta(pattern), name); err == nil && ok {
			found = append(found, name)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%q matches no sampled name", pattern)
	}
	slices.SortFunc(found, natural)
	return found, nil
}

// didYouMean gives the nearest of the valid names as the end of an error, or nothing if none is near.
func didYouMean(got string, valid []string) string {
	if near := suggest.Nearest(got, valid); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

// quoteMeta leaves "*" as the only special character: names such as "Active(anon)" or "a[1]" mean themselves.
func quoteMeta(pattern string) string {
	return strings.NewReplacer(`\`, `\\`, `?`, `\?`, `[`, `\[`).Replace(pattern)
}

// natural orders names so that numbers within them count as numbers: order 2 before order 10.
func natural(a, b string) int {
	for a != "" && b != "" {
		da, db := digits(a), digits(b)
		if da > 0 && db > 0 {
			x, y := strings.TrimLeft(a[:da], "0"), strings.TrimLeft(b[:db], "0")
			if len(x) != len(y) {
				return len(x) - len(y)
			}
			if c := strings.Compare(x, y); c != 0 {
				return c
			}
			a, b = a[da:], b[db:]
			continue
		}
		if a[0] != b[0] {
			return int(a[0]) - int(b[0])
		}
		a, b = a[1:], b[1:]
	}
	return len(a) - len(b)
}

func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// labels makes the shortest labels that still tell the names apart: what all names begin with is left out.
func labels(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = plainLabel(name)
	}
	if len(names) > 1 && allBuddy(names) {
		return out
	}
	seen := map[string]bool{}
	for i, label := range out {
		if seen[label] { // two nodes' zones, say
			copy(out, names)
			return out
		}
		seen[out[i]] = true
	}
	return out
}

// allBuddy reports whether the names are of one zone's orders, and so need no more than the order.
func allBuddy(names []string) bool {
	stem := ""
	for _, name := range names {
		q, _ := measure(name)
		cut := name[:strings.LastIndexByte(name, '.')+1]
		if q != blocks || stem != "" && cut != stem {
			return false
		}
		stem = cut
	}
	return true
}

func plainLabel(name string) string {
	group, rest, found := strings.Cut(name, ".")
	if !found {
		return name
	}
	last := strings.LastIndexByte(rest, '.')
	switch group {
	case "meminfo", "vmstat":
		return rest
	case "zone":
		if node, tail, ok := strings.Cut(rest, "."); ok {
			if zone, item, ok := strings.Cut(tail, "."); ok {
				if node == "0" {
					return zone + " " + item
				}
				return "node " + node + " " + zone + " " + item
			}
		}
	case "buddy":
		if last >= 0 {
			return "order " + rest[last+1:]
		}
	case "process":
		if last >= 0 {
			return rest[:last] + " " + rest[last+1:]
		}
	case "cgroup", "slab", "psi":
		return strings.Replace(rest, ".", " ", 1)
	}
	return name
}

// eventLabels are the words for the kernel's tracepoints.
var eventLabels = map[string]string{
	"mm_vmscan_kswapd_wake":          "kswapd woken",
	"mm_vmscan_kswapd_sleep":         "kswapd asleep",
	"mm_vmscan_wakeup_kswapd":        "kswapd called",
	"mm_vmscan_direct_reclaim_begin": "direct reclaim",
	"mm_vmscan_direct_reclaim_end":   "direct reclaim done",
	"oom_kill":                       "OOM kill",
	"mark_victim":                    "OOM kill",
	"mm_compaction_begin":            "compaction",
}

func eventLabel(name string) string {
	if label, ok := eventLabels[name]; ok {
		return label
	}
	return name
}
