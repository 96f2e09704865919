package slab

import (
	"testing"

	"mmsim/mm/phys"
	"mmsim/mm/vmstat"

	"pgregory.net/rapid"
)

// machine is a memory with a source of pages that can be told to refuse.
type machine struct {
	mem    *phys.Memory
	cpu    int
	refuse func(order int) bool
	asked  []phys.GFP
}

func newMachine(t testing.TB, cpus int) *machine {
	t.Helper()
	mem, err := phys.Build(phys.Config{Arch: phys.X86_64, Nodes: []phys.NodeConfig{{RAM: 128 << 20, CPUs: cpus}}})
	if err != nil {
		t.Fatal(err)
	}
	return &machine{mem: mem}
}

func (m *machine) CPU() int { return m.cpu }

func (m *machine) SlabPages(gfp phys.GFP, order int) phys.PFN {
	m.asked = append(m.asked, gfp)
	if m.refuse != nil && m.refuse(order) {
		return 0
	}
	var ac phys.AllocContext
	flags := m.mem.Prepare(&ac, gfp, m.cpu, 0, nil)
	return m.mem.GetPageFromFreelist(&ac, order, flags)
}

// TestGeometry compares with /proc/slabinfo of Debian's 6.1 with 1, 2 and 4 CPUs (objects per slab, pages per slab).
func TestGeometry(t *testing.T) {
	for _, c := range []struct {
		name          string
		object        int
		flags         Flags
		cpus          int
		size, objs, o int
	}{
		{"radix_tree_node", 576, ReclaimAccount | Constructor, 1, 584, 14, 1},
		{"radix_tree_node", 576, ReclaimAccount | Constructor, 4, 584, 28, 2},
		{"bio-192", 192, HWCacheAlign | TypesafeByRCU, 1, 256, 16, 0},
		{"vm_area_struct", 152, Account, 1, 152, 26, 0},
		{"anon_vma", 96, TypesafeByRCU | Constructor, 1, 104, 39, 0},
		{"anon_vma_chain", 64, Account, 1, 64, 64, 0},
		{"signal_cache", 1112, HWCacheAlign, 1, 1152, 14, 2},
		{"sighand_cache", 2080, HWCacheAlign | TypesafeByRCU | Constructor, 1, 2112, 15, 3},
		{"kmalloc-1k", 1024, 0, 1, 1024, 8, 1},
		{"kmalloc-2k", 2048, 0, 2, 2048, 16, 3},
		{"kmalloc-256", 256, 0, 8, 256, 32, 1},
		{"kmalloc-192", 192, 0, 16, 192, 42, 1},
		{"a size of 700", 700, 0, 4, 704, 23, 2},
	} {
		g := NewGeometry(c.object, c.flags, c.cpus)
		if g.Size != c.size || g.Objects(g.Order) != c.objs || g.Order != c.o {
			t.Errorf("%s with %d CPUs: size %d, %d objects, order %d; want %d, %d, %d", c.name, c.cpus, g.Size, g.Objects(g.Order), g.Order,
				c.size, c.objs, c.o)
		}
	}
	if n := minPartial(704); n != 5 {
		t.Errorf("min_partial is %d, want 5", n)
	}
	if n := cpuPartialSlabs(Geometry{Size: 704, Order: 2}); n != 5 {
		t.Errorf("cpu_partial_slabs is %d, want 5", n)
	}
}

// TestKeptSlabs fills slabs and frees everything: what stays are the CPU's slab, its partial list and the node's least number.
func TestKeptSlabs(t *testing.T) {
	m := newMachine(t, 1)
	s := New(m.mem)
	c := s.Create("radix_tree_node", ReclaimAccount, NewGeometry(576, ReclaimAccount|Constructor, 1))
	var ids []ID
	for range 14 * 60 {
		ids = append(ids, c.Alloc(m, phys.GFPKernel))
	}
	if i := c.Info(); i != (Info{840, 840, 60}) {
		t.Fatalf("60 full slabs are %+v", i)
	}
	for _, id := range ids {
		c.Free(0, id)
	}
	i := c.Info()
	// The list of 8 was moved to the node each time a ninth came; 5 of the node's stay.
	if c.nodes[0].partial != 5 || i.Slabs < 6 || i.Slabs > 1+8+5 {
		t.Errorf("%d slabs on the node, %+v", c.nodes[0].partial, i)
	}
	if c.Used() != 0 {
		t.Errorf("%d objects in use", c.Used())
	}
	if _, err := s.CheckInvariants(); err != nil {
		t.Error(err)
	}
}

// TestSmallerOrder: a slab whose usual block is not to be had comes in the smallest, which is asked for with the caller's flags.
func TestSmallerOrder(t *testing.T) {
	m := newMachine(t, 1)
	c := New(m.mem).Create("radix_tree_node", ReclaimAccount, NewGeometry(576, ReclaimAccount|Constructor, 1))
	m.refuse = func(order int) bool { return order > 0 }
	if c.Alloc(m, phys.GFPKernel) == 0 {
		t.Fatal("no object")
	}
	if i := c.Info(); i.Objects != 7 {
		t.Errorf("a slab of one page has room for %d objects, want 7", i.Objects)
	}
	const first = phys.GFPIO | phys.GFPFS | phys.GFPNowarn | phys.GFPNoretry | phys.GFPNomemalloc | phys.GFPComp | phys.GFPReclaimable
	if len(m.asked) != 2 || m.asked[0] != first || m.asked[1] != phys.GFPKernel|phys.GFPComp|phys.GFPReclaimable {
		t.Errorf("asked with %v", m.asked)
	}
	m.refuse = func(int) bool { return true }
	for range 6 {
		c.Alloc(m, phys.GFPNowait)
	}
	if c.Alloc(m, phys.GFPNowait) != 0 || c.Used() != 7 {
		t.Errorf("an object without pages; %d in use", c.Used())
	}
}

// TestRandom allocates and frees on several CPUs, some requests for pages failing, and checks everything after each step.
func TestRandom(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := newMachine(t, 3)
		s := New(m.mem)
		caches := []*Cache{
			s.Create("small", 0, NewGeometry(96, 0, 3)),
			s.Create("radix_tree_node", ReclaimAccount, NewGeometry(576, ReclaimAccount|Constructor, 3)),
			s.Create("large", 0, NewGeometry(2080, HWCacheAlign, 3)),
		}
		caches[1].Restore(Info{Active: 250, Objects: 266, Slabs: 19})
		caches[2].Restore(Info{Active: 45, Objects: 45, Slabs: 3})
		caches[2].Release(16)
		restored := []int{0, caches[1].Used(), caches[2].Used()}
		held := [3][]ID{}
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			i := rapid.IntRange(0, 2).Draw(rt, "cache")
			m.cpu = rapid.IntRange(0, 2).Draw(rt, "cpu")
			least := rapid.IntRange(0, 4).Draw(rt, "refused from")
			m.refuse = func(order int) bool { return order >= least }
			n := rapid.IntRange(1, 80).Draw(rt, "n")
			if rapid.Bool().Draw(rt, "free") {
				for range min(n, len(held[i])) {
					at := rapid.IntRange(0, len(held[i])-1).Draw(rt, "which")
					caches[i].Free(m.cpu, held[i][at])
					held[i] = append(held[i][:at], held[i][at+1:]...)
				}
			} else {
				for range n {
					if id := caches[i].Alloc(m, phys.GFPNowait); id != 0 {
						held[i] = append(held[i], id)
					}
				}
			}
			pages, err := s.CheckInvariants()
			if err != nil {
				rt.Fatal(err)
			}
			if st := m.mem.Nodes[0].Stat; st[vmstat.NRSlabReclaimable]+st[vmstat.NRSlabUnreclaimable] != int64(pages) {
				rt.Fatalf("%d pages of slabs, the counters say %d and %d", pages, st[vmstat.NRSlabReclaimable], st[vmstat.NRSlabUnreclaimable])
			}
		}
		for i, c := range caches {
			want := len(held[i]) + restored[i]
			if c.Used() != want {
				rt.Fatalf("%s: %d objects in use, %d were handed out", c.Name, c.Used(), want)
			}
		}
	})
}

func BenchmarkAllocFree(b *testing.B) {
	m := newMachine(b, 1)
	c := New(m.mem).Create("radix_tree_node", ReclaimAccount, NewGeometry(576, ReclaimAccount|Constructor, 1))
	b.Run("same", func(b *testing.B) {
		for b.Loop() {
			c.Free(0, c.Alloc(m, phys.GFPKernel))
		}
	})
	b.Run("thousand", func(b *testing.B) {
		ids := make([]ID, 1000)
		for i := 0; i < b.N; i += len(ids) {
			for j := range ids {
				ids[j] = c.Alloc(m, phys.GFPKernel)
			}
			for _, id := range ids {
				c.Free(0, id)
			}
		}
	})
}
