package scripting

import (
	"slices"
	"testing"
)

// The counters of the buffers are those of the declared size: a working set of twice the reach misses always, one of half of it once.
func TestTLB(t *testing.T) {
	for decl, want := range map[string]string{
		"{ entries = 64, ways = 4 }":  "obs a misses=384",
		"{ entries = 256, ways = 4 }": "obs a misses=0",
		"true":                        "obs a misses=0",
	} {
		m, _, err := run1(t, `local m = machine { ram = "128MiB", thp = "never", tlb = `+decl+` }
			sample { "tlb.hits", "tlb.cpu0.misses" }
			process("a", function(p)
				local a = p:mmap(128 * PAGE_SIZE)
				p:touch(a, 128 * PAGE_SIZE, "write")
				local before = m:tlb("misses")
				p:touch(a, 128 * PAGE_SIZE, "read", { loops = 3 })
				p:record("misses", m:tlb("cpu0.misses") - before)
			end)`)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(m.lines, want) {
			t.Errorf("tlb = %s: %v, want %s", decl, m.lines, want)
		}
		if !slices.Equal(m.columns, []string{"tlb.hits", "tlb.cpu0.misses"}) || m.rows[len(m.rows)-1][1] < 128 {
			t.Errorf("tlb = %s: sampled %v %v", decl, m.columns, m.rows)
		}
	}
}
