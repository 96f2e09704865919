package addrmap_test

import (
	"testing"

	"pgregory.net/rapid"

	"mmsim/mm/heap/internal/addrmap"
)

// TestAgainstMap compares with Go's own map, with addresses that collide.
func TestAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m addrmap.Map
		want := map[uint64]uint32{}
		var keys []uint64
		for i, k := range rapid.SliceOfN(rapid.Uint64Range(1, 400), 1, 600).Draw(t, "keys") {
			k *= 16
			if want[k] != 0 {
				m.Delete(k)
				delete(want, k)
			} else {
				m.Put(k, uint32(i+1))
				want[k] = uint32(i + 1)
				keys = append(keys, k)
			}
		}
		c := m.Clone()
		for _, k := range keys {
			if m.Get(k) != want[k] || c.Get(k) != want[k] {
				t.Fatalf("address %d: row %d, in the clone %d, want %d", k, m.Get(k), c.Get(k), want[k])
			}
		}
		if m.Len() != len(want) || m.Get(8) != 0 || m.Get(0) != 0 {
			t.Fatalf("%d addresses, want %d", m.Len(), len(want))
		}
	})
}
