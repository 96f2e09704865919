package xarray

import (
	"testing"

	"pgregory.net/rapid"
)

// wanted computes the number of nodes and the height of a tree from its entries alone, for trees that never were higher.
func wanted(entries map[uint64]bool) (nodes, height int) {
	top := uint64(0)
	for i := range entries {
		top = max(top, i)
	}
	if len(entries) == 0 || top == 0 {
		return 0, 0
	}
	height = heightFor(top)
	for level := 1; level <= height; level++ {
		seen := map[uint64]bool{}
		for i := range entries {
			seen[i>>(level*chunkShift)] = true
		}
		nodes += len(seen)
	}
	return nodes, height
}

func TestGrows(t *testing.T) {
	for _, c := range []struct {
		name          string
		base, size    uint64
		store         []uint64
		nodes, height int
	}{
		{"one entry at 0 needs none", 0, 1 << 14, []uint64{0}, 0, 0},
		{"a leaf", 0, 1 << 14, []uint64{5}, 1, 1},
		{"0 moves into a leaf", 0, 1 << 14, []uint64{0, 5}, 1, 1},
		{"0 moves down twice", 0, 1 << 14, []uint64{0, 4096}, 5, 3},
		{"a leaf below a new top", 0, 1 << 14, []uint64{5, 100}, 3, 2},
		{"far from the start", 0, 1 << 14, []uint64{16383}, 3, 3},
		{"64 MiB of swap, the second", 1 << 14, 1 << 14, []uint64{16384, 16447, 16448}, 4, 3},
		{"beyond 1 GiB there is one more level", 1 << 18, 1 << 14, []uint64{1 << 18}, 4, 4},
	} {
		tr := New(c.base, c.size)
		next := uint32(0)
		for _, i := range c.store {
			if !tr.Reserve(i, func() uint32 { next++; return next }, nil) {
				t.Fatal(c.name)
			}
			tr.Store(i)
		}
		if tr.Nodes() != c.nodes || tr.height != c.height {
			t.Errorf("%s: %d nodes, height %d; want %d, %d", c.name, tr.Nodes(), tr.height, c.nodes, c.height)
		}
		for _, i := range c.store {
			tr.Erase(i, func(uint32) { next-- })
		}
		if tr.Nodes() != 0 || next != 0 {
			t.Errorf("%s: %d nodes are left, %d were not freed", c.name, tr.Nodes(), next)
		}
	}
}

// TestRandom stores and erases with an allocator that fails now and then, and compares the nodes with those that the entries need.
func TestRandom(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		base := rapid.SampledFrom([]uint64{0, 1 << 14, 1 << 18}).Draw(rt, "base")
		tr := New(base, 1<<14)
		entries := map[uint64]bool{}
		live := map[uint32]bool{}
		next := uint32(0)
		free := func(o uint32) {
			if !live[o] {
				rt.Fatalf("object %d is freed and was not in use", o)
			}
			delete(live, o)
		}
		index := rapid.OneOf(rapid.Uint64Range(0, 3), rapid.Uint64Range(0, 130), rapid.Uint64Range(0, 1<<14-1))
		for range rapid.IntRange(1, 80).Draw(rt, "steps") {
			i := base + index.Draw(rt, "index")
			if entries[i] {
				tr.Erase(i, free)
				delete(entries, i)
			} else {
				left := rapid.IntRange(0, 6).Draw(rt, "objects")
				ok := tr.Reserve(i, func() uint32 {
					if left--; left < 0 {
						return 0
					}
					next++
					live[next] = true
					return next
				}, free)
				if ok {
					tr.Store(i)
					entries[i] = true
				}
			}
			nodes, height := wanted(entries)
			// Only slot 0 of the top makes a tree lower again.
			if tr.Nodes() < nodes || tr.height < height || tr.Nodes() != len(live) {
				rt.Fatalf("%d nodes (%d objects) of height %d, the entries need %d of %d", tr.Nodes(), len(live), tr.height, nodes, height)
			}
			if got := tr.Nodes() - (tr.height - height); base != 0 && tr.height > 0 && got != nodes {
				rt.Fatalf("%d nodes, the entries need %d", got, nodes)
			}
			if tr.height == height && tr.Nodes() != nodes {
				rt.Fatalf("%d nodes of height %d, the entries need %d", tr.Nodes(), height, nodes)
			}
		}
		for i := range entries {
			tr.Erase(i, free)
		}
		if len(live) > 0 {
			rt.Fatalf("%d objects are left", len(live))
		}
	})
}

func BenchmarkStoreErase(b *testing.B) {
	tr := New(1<<14, 1<<14)
	free := func(uint32) {}
	for i := range uint64(64) {
		tr.Reserve(1<<14+i, func() uint32 { return 1 }, free)
		tr.Store(1<<14 + i)
	}
	for b.Loop() {
		tr.Erase(1<<14+7, free)
		if tr.Ready(1<<14 + 7) {
			tr.Store(1<<14 + 7)
		}
	}
}
