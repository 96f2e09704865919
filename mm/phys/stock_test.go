package phys

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// pagesOf are the pages of a list, in order from the head.
func pagesOf(m *Memory, l List) (out []PFN) {
	for pfn := l.Head; pfn != 0; pfn = m.Page(pfn).Next {
		if out = append(out, pfn); pfn == l.Tail {
			break
		}
	}
	return out
}

// member is one block of a stock.
type member struct {
	pfn PFN
	mt  Migratetype
}

// blocks are those of a stock of one order, from the head on.
func (s *stock) blocks(order int) (out []member) {
	for i := range s.len {
		for j := range s.at(i).n {
			out = append(out, member{s.at(i).first + PFN(j)<<order, s.at(i).mt})
		}
	}
	return out
}

// TestStockIsAList puts blocks on a stock and takes them from it, at both ends, and compares it with a plain list.
func TestStockIsAList(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		order := rapid.IntRange(0, 3).Draw(rt, "order")
		var s stock
		var plain []member
		for range rapid.IntRange(1, 200).Draw(rt, "steps") {
			// Few places, so that blocks meet, also at the border of two sections, where runs end.
			n := rapid.IntRange(1, 5).Draw(rt, "n")
			pfn := PFN(sectionPages + (rapid.IntRange(-12, 11).Draw(rt, "at")&^3)<<order)
			if pfn < sectionPages && pfn+PFN(n)<<order > sectionPages {
				n = int((sectionPages - pfn) >> order)
			}
			mt := rapid.SampledFrom([]Migratetype{MigrateMovable, MigrateHighAtomic}).Draw(rt, "type")
			var blocks []member
			for i := range n {
				blocks = append(blocks, member{pfn + PFN(i)<<order, mt})
			}
			switch rapid.IntRange(0, 4).Draw(rt, "what") {
			case 0:
				s.push(pfn, order, n, mt)
				plain = append(blocks, plain...)
			case 1:
				s.pushTail(pfn, order, n, mt)
				plain = append(plain, blocks...)
			case 2:
				if len(plain) > 0 {
					if got := s.pop(order); got != plain[0].pfn {
						rt.Fatalf("took block %d from the head, not %d", got, plain[0].pfn)
					}
					plain = plain[1:]
				}
			case 3:
				if len(plain) > 0 {
					r := s.first()
					n = min(n, int(r.n))
					s.drop(r, order, n)
					plain = plain[n:]
				}
			case 4:
				if len(plain) > 0 {
					r := s.last()
					n = min(n, int(r.n))
					s.dropTail(r, n)
					plain = plain[:len(plain)-n]
				}
			}
			if got := s.blocks(order); !slices.Equal(got, plain) {
				rt.Fatalf("the stock has %v, the list %v", got, plain)
			}
			for i := range s.len {
				r := *s.at(i)
				if last := r.first + PFN(r.n-1)<<order; r.n == 0 || r.first>>sectionShift != last>>sectionShift {
					rt.Fatalf("run %+v is empty or leaves its section", r)
				}
			}
		}
	})
}

// TestFreeTailIsTheSame gives pages back on two equal machines, by freeBulk and one by one, and compares every free list, also while pageblocks are isolated or
// somebody waits for a block.
func TestFreeTailIsTheSame(t *testing.T) {
	together, captured := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		gfp := rapid.SampledFrom([]GFP{GFPHighuserMovable, GFPKernel}).Draw(rt, "gfp")
		build := func() (*Memory, *Zone, []PFN) {
			m, err := Build(Config{Nodes: []NodeConfig{{RAM: 64 << 20, CPUs: 1}}})
			if err != nil {
				t.Fatal(err)
			}
			pages := takePages(t, m, gfp, 600)
			z := m.ZoneOf(pages[0])
			z.DrainPCP(0)
			return m, z, pages
		}
		a, za, pages := build()
		b, zb, same := build()
		if !slices.Equal(pages, same) {
			rt.Fatal("the machines differ from the start")
		}
		left := slices.Clone(pages)
		for len(left) > 0 && rapid.IntRange(0, 20).Draw(rt, "more") > 0 {
			at := rapid.IntRange(0, len(left)-1).Draw(rt, "at")
			n := min(rapid.SampledFrom([]int{1, 2, 7, 31, 64, 200}).Draw(rt, "n"), len(left)-at)
			run := slices.Clone(left[at : at+n])
			left = slices.Delete(left, at, at+n)
			if rapid.Bool().Draw(rt, "reverse") {
				slices.Reverse(run)
			}
			for _, pfn := range run {
				a.FreePage(0, pfn)
				b.FreePage(0, pfn)
			}
			switch last := run[0] | (1<<a.pageblockOrder - 1); {
			case !rapid.Bool().Draw(rt, "special"):
			case gfp == GFPKernel:
				order := rapid.IntRange(1, 5).Draw(rt, "order")
				a.Capture, b.Capture = &Capture{Zone: za, Order: order}, &Capture{Zone: zb, Order: order}
			case za.Spans(last): // else its free pages would stay where they are
				a.SetIsolate(run[0])
				b.SetIsolate(run[0])
			}
			back := za.pcp[0].Count
			if rapid.Bool().Draw(rt, "some") {
				back = rapid.IntRange(0, back).Draw(rt, "back")
			}
			before := za.free[0].nrFree
			za.freeBulk(&za.pcp[0], back, 0)
			if back > 8 && za.free[0].nrFree < before+uint64(back)/2 {
				together++
			}
			c := &zb.pcp[0]
			for i, left := 0, back; left > 0; i++ {
				for s := &c.lists[i%nrPCPLists]; s.len > 0 && left > 0; left-- {
					r := s.last()
					pfn, mt := r.first+PFN(r.n-1), r.mt
					s.dropTail(r, 1)
					c.Count--
					if zb.NrIsolatedBlocks > 0 {
						mt = b.BlockType(pfn)
					}
					zb.freeOne(pfn, 0, mt, false)
				}
			}
			if x, y := a.Capture, b.Capture; x != nil {
				if x.Page != y.Page {
					rt.Fatalf("block %d of order %d was captured, one by one %d", x.Page, x.Order, y.Page)
				}
				if a.Capture, b.Capture = nil, nil; x.Page != 0 {
					captured++
					a.TakeCaptured(x)
					b.TakeCaptured(y)
				}
			}
			for order := range za.free {
				for mt := range za.free[order].lists {
					if x, y := pagesOf(a, za.free[order].lists[mt]), pagesOf(b, zb.free[order].lists[mt]); !slices.Equal(x, y) {
						rt.Fatalf("free blocks of order %d are %v, one by one %v", order, x, y)
					}
				}
				if za.free[order].nrFree != zb.free[order].nrFree {
					rt.Fatalf("%d free blocks of order %d, one by one %d", za.free[order].nrFree, order, zb.free[order].nrFree)
				}
			}
			for i := range c.lists {
				if x, y := za.pcp[0].lists[i].blocks(a.pindexOrder(i)), c.lists[i].blocks(b.pindexOrder(i)); !slices.Equal(x, y) || za.pcp[0].Count != c.Count {
					rt.Fatalf("the stock's list %d is %v, one by one %v", i, x, y)
				}
			}
		}
		if za.Stat != zb.Stat {
			rt.Fatal("the counters differ")
		}
		if err := a.CheckInvariants(); err != nil {
			rt.Fatal(err)
		}
	})
	if captured == 0 {
		t.Error("no block was captured")
	}
	if together == 0 {
		t.Error("no run of neighbours was given back")
	}
}

// TestRefillAfterFallback: a list is filled from a large block, then from a smaller one that comes from another type.
func TestRefillAfterFallback(t *testing.T) {
	m := mustBuild(t, Config{Nodes: []NodeConfig{{RAM: 128 << 20, CPUs: 1}}})
	var ac AllocContext
	flags := m.Prepare(&ac, GFPHighuserMovable, 0, 0, nil)
	var z *Zone
	blocks := map[PFN]int{} // allocated pages of each pageblock of the first zone
	for {
		pfn := m.GetPageFromFreelist(&ac, 0, flags|AllocNoWatermarks)
		if pfn == 0 {
			break
		}
		if z == nil {
			z = m.ZoneOf(pfn)
		}
		if m.ZoneOf(pfn) == z {
			blocks[pfn>>m.pageblockOrder]++
		}
	}
	var whole []PFN
	for b, n := range blocks {
		if n == 1<<m.pageblockOrder {
			whole = append(whole, b<<m.pageblockOrder)
		}
	}
	slices.Sort(whole)
	if len(whole) < 2 {
		t.Fatalf("all pages of %d pageblocks could be allocated: %v", len(whole), blocks)
	}
	movable, other := whole[0], whole[1]
	m.setBlockType(movable, MigrateMovable)
	m.setBlockType(other, MigrateUnmovable)
	for i := range PFN(8) {
		m.FreePage(0, movable+i)
	}
	m.FreePage(0, other)
	m.FreePage(0, other+1)
	z.DrainPCP(0)
	c := &z.pcp[0]
	c.Batch = 12
	s := &c.lists[pindex(0, MigrateMovable)]
	z.refill(c, s, 0, MigrateMovable, flags)
	var got []PFN
	for _, x := range s.blocks(0) {
		got = append(got, x.pfn)
	}
	want := []PFN{movable, movable + 1, movable + 2, movable + 3, movable + 4, movable + 5, movable + 6, movable + 7, other, other + 1}
	if !slices.Equal(got, want) {
		t.Errorf("the list has %v, want %v", got, want)
	}
}
