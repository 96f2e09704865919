package ptmalloc

import (
	"fmt"
	"math"
	"strings"
)

// Parameters are the names that Mallopt knows, in glibc's order.
var Parameters = []string{
	"MXFAST", "TRIM_THRESHOLD", "TOP_PAD", "MMAP_THRESHOLD", "MMAP_MAX", "CHECK_ACTION", "PERTURB", "ARENA_TEST", "ARENA_MAX",
}

// Mallopt sets a parameter (__libc_mallopt). It empties the fast bins first, whatever the parameter.
func (h *Heap) Mallopt(name string, value int64) (bool, error) {
	known := false
	for _, p := range Parameters {
		known = known || p == name
	}
	switch {
	case !known:
		return false, fmt.Errorf("unknown mallopt option %q; one of %s", name, strings.Join(Parameters, " "))
	case value < math.MinInt32 || value > math.MaxInt32:
		return false, fmt.Errorf("mallopt %s: %d does not fit an int; it goes from %d to %d", name, value, math.MinInt32, math.MaxInt32)
	}
	h.begin()
	h.consolidate()
	v := h.g.wrap(uint64(value)) // a negative int becomes a very large size
	switch name {
	case "MXFAST":
		if v > h.g.maxMxfast {
			return false, nil
		}
		h.setMaxFast(v)
	case "TRIM_THRESHOLD":
		h.trimThreshold, h.fixedThresholds = v, true
	case "TOP_PAD":
		h.topPad, h.fixedThresholds = v, true
	case "MMAP_THRESHOLD":
		h.mmapThreshold, h.fixedThresholds = v, true
	case "MMAP_MAX":
		h.mmapsMax, h.fixedThresholds = value, true
	case "PERTURB":
		h.perturb = int32(value)
	}
	return true, nil
}

// UsableSize is the number of bytes of a block (musable).
func (h *Heap) UsableSize(ptr uint64) (uint64, error) {
	if ptr == 0 {
		return 0, nil
	}
	i := h.find(ptr - h.g.hdr)
	if i == 0 || h.c[i].bk != 0 || h.c[i].size&binned != 0 {
		return 0, h.notLive("malloc_usable_size()", ptr, i)
	}
	h.begin()
	h.rdSize(i)
	if h.c[i].size&mmapped == 0 {
		h.rdSize(h.c[i].next)
	}
	return h.usable(i), nil
}
