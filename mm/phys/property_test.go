package phys

import (
	"flag"
	"os"
	"testing"

	"pgregory.net/rapid"
)

// TestMain keeps the random walks short unless the command line asks for more.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "25"); err != nil {
		panic(err)
	}
	flag.Parse()
	os.Exit(m.Run())
}

var testMachines = map[string]Config{
	"tiny 64 MiB": {Nodes: []NodeConfig{{RAM: 64 << 20, CPUs: 2}}},
	"i386":        {Arch: I386, Nodes: []NodeConfig{{RAM: 1100 << 20, CPUs: 2}}},
	"numa":        {Nodes: []NodeConfig{{RAM: 96 << 20, CPUs: 2}, {RAM: 64 << 20, CPUs: 1}, {CPUs: 1}}},
	"movable":     {Nodes: []NodeConfig{{RAM: 128 << 20, CPUs: 1}}, MovableCore: CoreSize{Percent: 40}},
	"cma":         {Nodes: []NodeConfig{{RAM: 128 << 20, CPUs: 1}}, CMA: 16 << 20},
	"1 TiB":       {Nodes: []NodeConfig{{RAM: 512 << 30, CPUs: 1}, {RAM: 512 << 30, CPUs: 1}}, THP: true},
}

var testGFPs = []GFP{
	GFPKernel, GFPKernel | GFPReclaimable, GFPHighuserMovable, GFPHighuser, GFPAtomic, GFPNowait, GFPKernel | GFPDma, GFPTranshuge,
	GFPHighuserMovable | GFPThisnode, GFPHighuserMovable | GFPWrite,
}

type held struct {
	pfn   PFN
	order int
}

// walker is a machine under random use.
type walker struct {
	m    *Memory
	held []held
	// reserved tells that the highatomic reserve was used: its pageblocks do not merge again.
	reserved bool
	isolated []PFN
	types    []Migratetype
}

func (w *walker) alloc(t *rapid.T) {
	gfp := rapid.SampledFrom(testGFPs).Draw(t, "gfp")
	cpu := rapid.IntRange(0, w.m.CPUs()-1).Draw(t, "cpu")
	node := rapid.IntRange(0, len(w.m.Nodes)-1).Draw(t, "node")
	order := rapid.IntRange(0, MaxOrder-1).Draw(t, "order")
	n := rapid.IntRange(1, 1+600>>order).Draw(t, "n")
	var ac AllocContext
	flags := w.m.Prepare(&ac, gfp, cpu, node, nil)
	if rapid.Bool().Draw(t, "slow") {
		flags = w.m.SlowFlags(&ac, order, false)
		w.reserved = w.reserved || flags&AllocHighatomic != 0
	}
	kind := rapid.SampledFrom([]Kind{KindKernel, KindAnon, KindFile}).Draw(t, "kind")
	for range n {
		pfn := w.m.GetPageFromFreelist(&ac, order, flags)
		if pfn == 0 {
			return
		}
		if uint64(pfn)&(1<<order-1) != 0 {
			t.Fatalf("block %d of order %d is not aligned", pfn, order)
		}
		if got := w.m.AllocatedOrder(pfn); got != order {
			t.Fatalf("block of order %d says %d", order, got)
		}
		if z := w.m.ZoneOf(pfn); z.Type > ac.HighestZone || gfp&GFPThisnode != 0 && z.Node.ID != node {
			t.Fatalf("%s on node %d got zone %s of node %d", gfp, node, z.Name(), z.Node.ID)
		}
		p := w.m.Page(pfn)
		if p.Flags() != 0 || p.Mapping != 0 || p.Mapcount != 0 {
			t.Fatalf("new page is not clean: %+v", *p)
		}
		p.SetKind(kind)
		if kind != KindKernel {
			p.Set(FlagLRU | FlagReferenced)
			p.Mapping, p.Index, p.Mapcount = 7, 8, 9
		}
		w.held = append(w.held, held{pfn, order})
	}
}

func (w *walker) free(t *rapid.T) {
	if len(w.held) == 0 {
		return
	}
	cpu := rapid.IntRange(0, w.m.CPUs()-1).Draw(t, "cpu")
	step := rapid.IntRange(1, 7).Draw(t, "step")
	at := rapid.IntRange(0, len(w.held)-1).Draw(t, "at")
	for range rapid.IntRange(1, 400).Draw(t, "n") {
		if len(w.held) == 0 {
			return
		}
		i := (at + step) % len(w.held)
		h := w.held[i]
		w.held[i] = w.held[len(w.held)-1]
		w.held = w.held[:len(w.held)-1]
		w.m.FreePages(cpu, h.pfn, h.order)
		at = i
	}
}

func (w *walker) other(t *rapid.T) {
	m := w.m
	z := m.zones[rapid.IntRange(0, len(m.zones)-1).Draw(t, "zone")]
	switch rapid.IntRange(0, 9).Draw(t, "what") {
	case 0:
		m.DrainAll(nil)
	case 1:
		m.DrainCPU(rapid.IntRange(0, m.CPUs()-1).Draw(t, "cpu"))
	case 2:
		var ac AllocContext
		m.Prepare(&ac, GFPKernel, 0, 0, nil)
		m.UnreserveHighatomic(&ac, rapid.Bool().Draw(t, "force"))
	case 3:
		if err := m.SetMinFreeKbytes(rapid.IntRange(0, 20000).Draw(t, "kb")); err != nil {
			t.Fatal(err)
		}
	case 4:
		m.SetTHP(rapid.Bool().Draw(t, "thp"))
	case 5:
		z.Flags ^= ZoneReclaimActive
	case 6: // split a block into pages
		if len(w.held) > 0 {
			h := w.held[len(w.held)-1]
			w.held = w.held[:len(w.held)-1]
			m.SplitBlock(h.pfn, h.order)
			for i := PFN(0); i < 1<<h.order; i++ {
				w.held = append(w.held, held{h.pfn + i, 0})
			}
		}
	case 7: // isolate the first free block of some order and take or return it
		for o := range MaxOrder {
			pfn := z.free[o].lists[MigrateMovable].Tail
			if pfn == 0 || z.virgin.holds(pfn) {
				continue
			}
			order, ok := m.IsolateFreePage(pfn)
			if !ok {
				return
			}
			if rapid.Bool().Draw(t, "take") {
				m.TakeIsolated(pfn)
				for i := PFN(0); i < 1<<order; i++ {
					w.held = append(w.held, held{pfn + i, 0})
				}
			} else {
				m.PutIsolated(pfn)
			}
			return
		}
	case 8:
		w.isolate(t, z)
	case 9:
		for i, pfn := range w.isolated {
			m.UnsetIsolate(pfn, w.types[i])
		}
		w.isolated, w.types = nil, nil
	}
}

func (w *walker) isolate(t *rapid.T, z *Zone) {
	block := uint64(1) << w.m.pageblockOrder
	first, last := (z.StartPFN+block-1)/block, z.EndPFN/block
	if first >= last {
		return
	}
	pfn := PFN(rapid.Uint64Range(first, last-1).Draw(t, "block") * block)
	if w.m.owner(uint64(pfn)) != z || w.m.owner(uint64(pfn)+block-1) != z {
		return
	}
	if old, ok := w.m.SetIsolate(pfn); ok {
		w.isolated, w.types = append(w.isolated, pfn), append(w.types, old)
	}
}

// Any sequence of allocations, frees and what else moves blocks keeps the invariants, and freeing everything gives the boot state back.
func TestRandomWalk(t *testing.T) {
	for name, c := range testMachines {
		t.Run(name, func(t *testing.T) {
			boot := mustBuild(t, c)
			if err := boot.CheckInvariants(); err != nil {
				t.Fatal(err)
			}
			rapid.Check(t, func(t *rapid.T) {
				m, err := Build(c)
				if err != nil {
					t.Fatal(err)
				}
				w := &walker{m: m}
				for range rapid.IntRange(1, 40).Draw(t, "steps") {
					switch rapid.IntRange(0, 4).Draw(t, "op") {
					case 0, 1:
						w.alloc(t)
					case 2, 3:
						w.free(t)
					default:
						w.other(t)
					}
					if name == "tiny 64 MiB" || name == "cma" {
						w.check(t)
					}
				}
				w.check(t)
				w.finish(t, boot)
			})
		})
	}
}

func (w *walker) check(t *rapid.T) {
	if err := w.m.CheckInvariants(); err != nil {
		t.Fatal(err)
	}
}

func (w *walker) finish(t *rapid.T, boot *Memory) {
	m := w.m
	for i, pfn := range w.isolated {
		m.UnsetIsolate(pfn, w.types[i])
	}
	for i, h := range w.held {
		m.FreePages(i%m.CPUs(), h.pfn, h.order)
	}
	m.DrainAll(nil)
	w.check(t)
	for i, z := range m.zones {
		if z.FreePages() != int64(z.Managed) {
			t.Fatalf("%s/%d: %d pages free of %d", z.Name(), z.Node.ID, z.FreePages(), z.Managed)
		}
		for o := range MaxOrder {
			if want := boot.zones[i].NrFree(o); !w.reserved && z.NrFree(o) != want {
				t.Fatalf("%s/%d: %d free blocks of order %d, %d at boot", z.Name(), z.Node.ID, z.NrFree(o), o, want)
			}
		}
	}
}
