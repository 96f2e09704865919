package pagecache

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestAgainstMap compares a tree with a map under random changes.
func TestAgainstMap(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		type entry struct {
			e     uint64
			value bool
			tags  [nrTags]bool
		}
		var shadows ShadowList
		tree := Tree{Shadows: &shadows}
		want := map[uint64]entry{}
		index := rapid.OneOf(rapid.Uint64Range(0, 200), rapid.Uint64Range(500, 530), rapid.Uint64Range(1<<18-3, 1<<18+3), rapid.Uint64Range(1<<20, 1<<20+70))
		steps := rapid.OneOf(rapid.Just(uint64(0)), rapid.Just(uint64(1)), rapid.Just(uint64(1)<<12), rapid.Just(^uint64(0)), rapid.Just(uint64(1)<<31), rapid.Uint64())
		// Of the values at an index some are in a row over all indices, so that some groups hold one and some do not.
		value := func(i uint64) *rapid.Generator[uint64] {
			return rapid.OneOf(rapid.Just(i<<12|2), rapid.Just(i<<12|2), rapid.Just(i+7), rapid.Uint64Range(1, 99), rapid.Uint64Min(1))
		}
		var order []uint64 // groups of values only
		only := func(g uint64) bool {
			n := 0
			for i := g << 6; i < g<<6+64; i++ {
				if e := want[i]; e.e != 0 && !e.value {
					return false
				} else if e.value {
					n++
				}
			}
			return n > 0
		}
		for range rapid.IntRange(1, 80).Draw(rt, "steps") {
			i := index.Draw(rt, "index")
			w := want[i]
			switch rapid.IntRange(0, 11).Draw(rt, "what") {
			case 0, 1:
				if w.e != 0 && !w.value {
					break
				}
				if old := tree.Set(i, uint32(i)+1); old != w.e {
					rt.Fatalf("Set(%d) gave %d, not %d", i, old, w.e)
				}
				want[i] = entry{e: i + 1}
			case 2:
				v := value(i).Draw(rt, "value")
				tree.SetValue(i, v)
				want[i] = entry{e: v, value: true}
			case 3:
				tree.Delete(i)
				delete(want, i)
			case 4:
				tag := Tag(rapid.IntRange(0, int(nrTags)-1).Draw(rt, "tag"))
				page := w.e != 0 && !w.value
				if got := tree.SetTag(i, tag); got != (page && !w.tags[tag]) {
					rt.Fatalf("SetTag(%d) gave %v", i, got)
				}
				if page {
					w.tags[tag] = true
					want[i] = w
				}
			case 5:
				tag := Tag(rapid.IntRange(0, int(nrTags)-1).Draw(rt, "tag"))
				if got := tree.ClearTag(i, tag); got != w.tags[tag] {
					rt.Fatalf("ClearTag(%d) gave %v", i, got)
				}
				if w.e != 0 {
					w.tags[tag] = false
					want[i] = w
				}
			case 7, 8, 9:
				if page, ok := tree.Next(i, i+100); ok {
					i = page
				}
				run := make([]uint32, rapid.IntRange(0, 150).Draw(rt, "evict"))
				values := make([]uint64, tree.Run(i, run))
				first, step := value(i).Draw(rt, "first"), steps.Draw(rt, "step")
				odd := rapid.IntRange(0, 300).Draw(rt, "odd") // one that is not in the row, if there are as many
				for j := range values {
					values[j] = max(first+uint64(j)*step, 1)
					if j == odd {
						values[j] += 3
					}
					want[i+uint64(j)] = entry{e: values[j], value: true}
				}
				if stepOf, same := stepOf(values); same && rapid.Bool().Draw(rt, "row") {
					if len(values) > 0 {
						tree.EvictRun(i, uint64(len(values)), values[0], stepOf)
					}
				} else {
					tree.Evict(i, values)
				}
			case 6, 10, 11:
				end := tree.NextMiss(i, i)
				for end < i+rapid.Uint64Range(1, 150).Draw(rt, "run") && (want[end].e == 0 || want[end].value) {
					end++
				}
				pages, old := make([]uint32, end-i), make([]uint64, end-i)
				for j := range pages {
					pages[j], old[j] = uint32(i)+uint32(j)+1, 77
				}
				any := tree.SetRun(i, pages, old)
				if !any {
					for _, v := range old {
						if v != 77 {
							rt.Fatalf("SetRun(%d) changed %v and found nothing", i, old)
						}
					}
					clear(old)
				}
				for j := range pages {
					w := want[i+uint64(j)]
					if old[j] != w.e {
						rt.Fatalf("SetRun(%d) gave %d at %d, not %d", i, old[j], j, w.e)
					}
					want[i+uint64(j)] = entry{e: uint64(pages[j])}
				}
				if len(old) > 0 && any != (slices.Max(old) > 0) {
					rt.Fatalf("SetRun(%d) said %v of %v", i, any, old)
				}
			}
			if page := w.e != 0 && !w.value; page && rapid.IntRange(0, 5).Draw(rt, "replace") == 0 {
				if now := want[i]; now.e != 0 && !now.value {
					tree.Replace(i, uint32(i)+2)
					now.e = i + 2
					want[i] = now
				}
			}
			if err := tree.Check(); err != nil {
				rt.Fatal(err)
			}
			for i, w := range want {
				if e, value := tree.Get(i); e != w.e || value != w.value {
					rt.Fatalf("%d holds %#x, %v; want %#x, %v", i, e, value, w.e, w.value)
				}
			}
			order = slices.DeleteFunc(order, func(g uint64) bool { return !only(g) })
			for g := i >> 6; g <= i>>6+3; g++ {
				if only(g) && !slices.Contains(order, g) {
					order = append(order, g)
				}
			}
			if shadows.Len() != len(order) || tree.ShadowNodes() != len(order) {
				rt.Fatalf("%d groups have values only, listed are %d", len(order), shadows.Len())
			}
			if rapid.IntRange(0, 9).Draw(rt, "reclaim") == 0 {
				if got := shadows.Reclaim(); (got == nil) != (len(order) == 0) {
					rt.Fatalf("Reclaim gave %v of %v", got, order)
				}
				if len(order) > 0 {
					for i := order[0] << 6; i < order[0]<<6+64; i++ {
						delete(want, i)
						if e, _ := tree.Get(i); e != 0 {
							rt.Fatalf("Reclaim left %d, the first of %v", i, order)
						}
					}
					order = order[1:]
				}
			}
		}
		from := index.Draw(rt, "from")
		end := from + rapid.Uint64Range(0, 600).Draw(rt, "len")
		first := func(ok func(entry) bool) (uint64, bool) {
			for i := from; i < end; i++ {
				if ok(want[i]) {
					return i, true
				}
			}
			return 0, false
		}
		same := func(what string, got uint64, ok bool, pick func(entry) bool) {
			if w, found := first(pick); found != ok || ok && w != got {
				rt.Fatalf("%s in [%d, %d) is %d, %v; want %d, %v", what, from, end, got, ok, w, found)
			}
		}
		i, ok := tree.Next(from, end)
		same("the next page", i, ok, func(e entry) bool { return e.e != 0 && !e.value })
		i, ok = tree.NextEntry(from, end)
		same("the next entry", i, ok, func(e entry) bool { return e.e != 0 })
		i, ok = tree.NextValue(from, end)
		same("the next value", i, ok, func(e entry) bool { return e.value })
		for tag := range nrTags {
			i, ok = tree.NextTagged(tag, from, end)
			same("the next tagged page", i, ok, func(e entry) bool { return e.tags[tag] })
		}
		miss := tree.NextMiss(from, end)
		same("the next hole", miss, miss < end, func(e entry) bool { return e.e == 0 || e.value })
		pages := uint64(0)
		for i := from; i < end; i++ {
			if e := want[i]; e.e != 0 && !e.value {
				pages++
			}
		}
		if n := tree.Count(from, end); n != pages {
			rt.Fatalf("[%d, %d) has %d pages, counted %d", from, end, pages, n)
		}
		out := make([]uint32, 20)
		n := tree.Run(from, out)
		for i := range n {
			if out[i] != tree.Page(from+uint64(i)) || out[i] == 0 {
				rt.Fatalf("the run at %d is %v", from, out[:n])
			}
		}
		if n < len(out) && tree.Page(from+uint64(n)) != 0 {
			rt.Fatalf("the run at %d ends after %d pages", from, n)
		}
		if got := tree.Match(from, out); got != n {
			rt.Fatalf("%d pages at %d match themselves, of %d", got, from, n)
		}
		if n > 0 {
			odd := rapid.IntRange(0, n-1).Draw(rt, "odd")
			out[odd]++
			if got := tree.Match(from, out); got != odd {
				rt.Fatalf("%d pages at %d match, not %d", got, from, odd)
			}
		}
		dirty := tree.Tagged(Dirty)
		if n := tree.TagRange(0, MaxIndex+1, Dirty, Towrite); n != dirty {
			rt.Fatalf("%d pages are dirty, %d were tagged", dirty, n)
		}
		if err := tree.Check(); err != nil {
			rt.Fatal(err)
		}
	})
}

// TestValueBlocks tells which values need a block, and that it goes when they do.
func TestValueBlocks(t *testing.T) {
	pages := func(tree *Tree, at, n uint64) {
		run, old := make([]uint32, n), make([]uint64, n)
		for i := range run {
			run[i] = uint32(i) + 1
		}
		tree.SetRun(at, run, old)
	}
	const step = 1 << 12
	for _, c := range []struct {
		name        string
		do          func(tree *Tree)
		block, high bool
	}{
		{"both halves in a row", func(tree *Tree) {
			pages(tree, 0, 64)
			tree.EvictRun(0, 32, 1<<20|2, step)
			tree.EvictRun(32, 32, 1<<20|2+32*step, step)
		}, false, false},
		{"halves in two rows", func(tree *Tree) {
			pages(tree, 0, 64)
			tree.EvictRun(0, 32, 1<<20|2, step)
			tree.EvictRun(32, 32, 1<<20|2+33*step, step)
		}, true, false},
		{"halves of two steps", func(tree *Tree) {
			pages(tree, 0, 64)
			tree.EvictRun(0, 32, 32, 1)
			tree.EvictRun(32, 32, 64, 2)
		}, true, false},
		{"backwards, one by one", func(tree *Tree) {
			for i := range uint64(64) {
				tree.SetValue(63-i, i+1)
			}
		}, false, false},
		{"one, then those before it", func(tree *Tree) {
			pages(tree, 0, 64)
			tree.EvictRun(63, 1, 2+63*step, step)
			tree.EvictRun(0, 63, 2, step)
		}, false, false},
		{"two that fall, a gap between", func(tree *Tree) {
			tree.SetValue(3, 10)
			tree.SetValue(5, 6)
			tree.SetValue(4, 8)
		}, false, false},
		{"two of no whole step", func(tree *Tree) {
			tree.SetValue(3, 10)
			tree.SetValue(5, 13)
		}, true, false},
		{"two of a step that is too long", func(tree *Tree) {
			tree.SetValue(3, 1)
			tree.SetValue(4, 1<<31+1)
		}, true, false},
		{"two of the step that stands for none", func(tree *Tree) {
			tree.SetValue(3, 1<<32)
			tree.SetValue(4, 1<<31)
		}, true, true},
		{"all the same", func(tree *Tree) {
			pages(tree, 0, 64)
			values := make([]uint64, 64)
			for i := range values {
				values[i] = 5
			}
			tree.Evict(0, values)
		}, false, false},
		{"one is changed", func(tree *Tree) {
			tree.SetValue(3, 1)
			tree.SetValue(4, 2)
			tree.SetValue(5, 3)
			tree.SetValue(4, 7)
		}, true, false},
		{"what did not fit was overwritten", func(tree *Tree) {
			tree.SetValue(3, 1)
			tree.SetValue(4, 2)
			tree.SetValue(6, 3)
			pages(tree, 3, 4)
			pages(tree, 0, 3)
			tree.EvictRun(0, 7, 9, 1)
		}, false, false},
		{"upper halves that differ", func(tree *Tree) {
			pages(tree, 0, 64)
			tree.Evict(10, []uint64{5, 1, 3<<32 | 9})
			tree.Evict(0, []uint64{2<<32 | 1, 2<<32 | 5, 2<<32 | 1})
			tree.EvictRun(13, 51, 7, 1)
			tree.EvictRun(3, 7, 7, 1)
		}, true, true},
		{"upper halves that do not", func(tree *Tree) {
			pages(tree, 0, 64)
			tree.Evict(0, []uint64{2<<32 | 1, 2<<32 | 5, 2<<32 | 1})
			tree.EvictRun(3, 61, 2<<32|7, 1)
		}, true, false},
	} {
		var shadows ShadowList
		tree := Tree{Shadows: &shadows}
		c.do(&tree)
		if err := tree.Check(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		g, want := tree.groupAt(0), 0
		if c.block {
			want = 1
			if c.high {
				want = 2
			}
		}
		got := 0
		if g.low != nil {
			got++
		}
		if g.high != nil {
			got++
		}
		if got != want {
			t.Errorf("%s: %d blocks, not %d", c.name, got, want)
		}
		if shadows.Reclaim() != &tree || tree.Values() != 0 || tree.Nodes() != 0 {
			t.Errorf("%s: %d values are left, %d nodes", c.name, tree.Values(), tree.Nodes())
		}
		if given := len(shadows.blocks.free); given < want {
			t.Errorf("%s: %d blocks were given back, not %d", c.name, given, want)
		}
	}
}

// TestStreamReuses reads on through a file with a cache of a fixed size: what it lets go is what it needs next.
func TestStreamReuses(t *testing.T) {
	const window, cached, nodes = 32, 4096, 64
	var shadows ShadowList
	tree := Tree{Shadows: &shadows}
	var run [window]uint32
	var old [window]uint64
	for i := range run {
		run[i] = 1
	}
	i := uint64(0)
	read := func(to uint64) {
		for ; i < to; i += window {
			tree.SetRun(i, run[:], old[:])
			if i >= cached {
				tree.EvictRun(i-cached, window/2, i, 1) // two rows in each window: a block for values
				tree.EvictRun(i-cached+window/2, window/2, i, 1)
			}
			for tree.ShadowNodes() > nodes {
				shadows.Reclaim()
			}
		}
	}
	read(1 << 16)
	if n := testing.AllocsPerRun(1, func() { read(i + 1<<16) }); n > 0 {
		t.Errorf("%v allocations for a piece of the file like that before it", n)
	}
	for i := range uint64(2 * maxSpare) {
		tree.Set(1<<20+64*i, 1)
	}
	for i := range uint64(2 * maxSpare) {
		tree.Delete(1<<20 + 64*i)
	}
	if n := len(shadows.blocks.free); n != maxSpare {
		t.Errorf("%d blocks are kept, not %d", n, maxSpare)
	}
}

// TestNodes compares the numbers of nodes with those of the kernel's xarray.
func TestNodes(t *testing.T) {
	for _, c := range []struct {
		pages []uint64
		want  int
	}{
		{nil, 0},
		{[]uint64{0}, 0}, // in the head itself
		{[]uint64{1}, 1},
		{[]uint64{0, 63}, 1},
		{[]uint64{0, 64}, 3},      // two groups and the node above
		{[]uint64{64}, 2},         // one group and the node above
		{[]uint64{0, 4096}, 5},    // two groups, two nodes above, one above those
		{[]uint64{1 << 18}, 4},    // four levels
		{[]uint64{0, 1 << 18}, 7}, // two of each of three levels, and one above
	} {
		var tree Tree
		for _, i := range c.pages {
			tree.Set(i, 1)
		}
		if got := tree.Nodes(); got != c.want {
			t.Errorf("pages %v need %d nodes, counted %d", c.pages, c.want, got)
		}
	}
}
