package pagemap_test

import (
	"testing"

	"pgregory.net/rapid"

	"mmsim/mm/heap/internal/pagemap"
)

// TestAgainstMap compares with Go's own map, near and far apart.
func TestAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m pagemap.Map
		want := map[uint64]uint32{}
		page := rapid.OneOf(rapid.Uint64Range(0, 3000), rapid.Uint64Range(1<<35-3000, 1<<35))
		for range 50 {
			p := page.Draw(t, "page")
			row := rapid.Uint32().Draw(t, "row")
			m.Set(p, row)
			want[p] = row
			c := m.Clone()
			m.Set(p, 7)
			if c.Get(p) != row {
				t.Fatal("a clone shares rows")
			}
			m.Set(p, row)
			if q := page.Draw(t, "other"); m.Get(q) != want[q] {
				t.Fatalf("page %d has row %d, want %d", q, m.Get(q), want[q])
			}
		}
	})
}
