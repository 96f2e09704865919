package mm

import (
	"fmt"
	"strings"
	"testing"

	"mmsim/engine"
	"mmsim/mm/addrspace"
	"mmsim/mm/mglru"
	"mmsim/mm/phys"
	"mmsim/mm/swap"
)

// TestGenerationsUnderPressure runs a machine with generations beyond its RAM: pages age, go out and come back, and what is used all the time stays.
func TestGenerationsUnderPressure(t *testing.T) {
	for _, m := range []testMachine{
		{swap: []SwapConfig{{Size: 256 << 20, Device: "ssd", Priority: -1}}},
		{swap: []SwapConfig{{Size: 256 << 20, Device: "disk", Priority: -1}}, cpus: 2},
		{swap: []SwapConfig{{Size: 256 << 20, Device: "zram", Priority: -1}}, cpus: 2},
		{swap: []SwapConfig{{Size: 256 << 20, Device: "ssd", Priority: -1}}, arch: "i386", ram: 128 << 20},
		{swap: []SwapConfig{{Size: 256 << 20, Device: "ssd", Priority: -1}}, sys: []Sysctl{{"vm.swappiness", "200"}}},
		{swap: []SwapConfig{{Size: 256 << 20, Device: "ssd", Priority: -1}}, sys: []Sysctl{{"vm.swappiness", "1"}}},
	} {
		m.lru = "mglru"
		k := m.boot(t)
		g := k.lruvecs[0].Gens
		k.spawn(t, "p", func(p *Process) {
			const hot, cold = 4 * mib, 150 * mib
			h, c := p.mustMmap(t, hot), p.mustMmap(t, cold)
			p.write(h, hot)
			for a := c; a < c+cold; a += mib {
				p.write(a, mib)
				p.read(h, hot)
			}
			k.check(t)
			if n, _ := p.Mincore(h, hot); n < int64(hot/4096)*9/10 {
				t.Errorf("%+v: %d of %d pages in constant use are in memory", m, n, hot/4096)
			}
			p.read(c, cold)
			k.check(t)
			p.Touch(TouchArgs{Addr: c, Len: cold, Write: true, Order: TouchRandom, N: 3000})
			k.check(t)
		})
		k.run(t)
		if g.MaxSeq < 6 || g.MinSeq[mglru.Anon] == 0 || k.vm(t, "pswpout") == 0 || k.vm(t, "pswpin") == 0 || k.vm(t, "pgrefill") == 0 {
			t.Errorf("%+v: generations %d to %d, pswpout %d, pswpin %d, pgrefill %d", m, g.MinSeq[mglru.Anon], g.MaxSeq, k.vm(t, "pswpout"),
				k.vm(t, "pswpin"), k.vm(t, "pgrefill"))
		}
		scan, steal := k.vm(t, "pgscan_kswapd")+k.vm(t, "pgscan_direct"), k.vm(t, "pgsteal_kswapd")+k.vm(t, "pgsteal_direct")
		if scan < steal || scan != k.vm(t, "pgscan_anon")+k.vm(t, "pgscan_file") || steal != k.vm(t, "pgsteal_anon")+k.vm(t, "pgsteal_file") {
			t.Errorf("%+v: scanned %d, stolen %d", m, scan, steal)
		}
	}
}

// TestMinTTL has a process killed rather than pages evicted that were used in the last minute.
func TestMinTTL(t *testing.T) {
	k := testMachine{lru: "mglru", swap: []SwapConfig{{Size: 256 << 20, Device: "ssd", Priority: -1}}}.boot(t)
	k.SetMinTTL(60 * engine.Second)
	p := k.spawn(t, "p", func(p *Process) {
		for range 200 {
			p.write(p.mustMmap(t, mib), mib)
			p.Sleep(10 * engine.Millisecond)
		}
	})
	k.run(t)
	if !p.status.OOM {
		t.Errorf("the process ended with %+v, pswpout is %d", p.status, k.vm(t, "pswpout"))
	}
}

// walkOnce has a walk for a node's accessed pages made by nobody, and returns how many entries it looked at and how many pages it found.
func (k *Kernel) walkOnce() (entries, pages int) {
	w := &lruGenWalk{canSwap: true, k: k, n: k.Mem.Nodes[0], g: k.lruvecs[0].Gens}
	w.iterate()
	w.g.IncMaxSeq(true, int64(k.Sim.Now()))
	return w.entries, w.pages
}

// TestWalk walks page tables: at first every table, later those that were used and had many accessed pages the time before, and only of processes that
// ran.
func TestWalk(t *testing.T) {
	k := testMachine{lru: "mglru", swap: []SwapConfig{{Size: 256 << 20, Device: "ssd", Priority: -1}}}.boot(t)
	const table = addrspace.LeafPages
	k.spawn(t, "p", func(p *Process) {
		a := (p.mustMmap(t, 8*mib) + 2*mib - 1) &^ (2*mib - 1)
		p.write(a, 6*mib)
		k.lruAddDrain(0)
		step := func(what string, entries, pages int) {
			t.Helper()
			if e, n := k.walkOnce(); n != pages || e < entries || e > entries+table/2 { // the stack's table has a small VMA
				t.Errorf("%s: %d pages behind %d entries, want %d behind %d", what, n, e, pages, entries)
			}
			k.check(t)
		}
		e, n := k.walkOnce()
		if n < 3*table || e < 3*table {
			t.Errorf("the first walk found %d pages behind %d entries, want at least %d", n, e, 3*table)
		}
		p.Sleep(engine.Millisecond)
		step("nothing was used", 0, 0)
		p.Sleep(engine.Millisecond)
		p.read(a, 6*mib)
		step("everything was used, but the walk before found nothing", 0, 0)
		for i := range uint64(3) {
			k.lruvecs[0].Gens.Filter[k.lruvecs[0].Gens.MaxSeq%2].Add(tableKey(p.mm.Leaf(a + i*2*mib)))
		}
		step("the process has not been switched to", 0, 0)
		p.Sleep(engine.Millisecond)
		for i := range uint64(2) {
			k.lruvecs[0].Gens.Filter[k.lruvecs[0].Gens.MaxSeq%2].Add(tableKey(p.mm.Leaf(a + i*2*mib)))
		}
		p.read(a, mib/2)
		step("the filter has two tables, of which one was used since", table, table)
		p.Sleep(engine.Millisecond)
		p.read(a, mib/8)
		step("its table had many accessed pages", table, 32)
		p.Sleep(engine.Millisecond)
		p.read(a, mib)
		step("its table had few", 0, 0)
	})
	k.run(t)
}

// TestWindow is the part of a page table that is looked at around an address.
func TestWindow(t *testing.T) {
	k := testMachine{lru: "mglru"}.boot(t)
	const table = 2 * mib
	for name, c := range map[string]struct{ start, end, at, from, to uint64 }{
		"in the middle":     {0, 4 * mib, table + 100*4096, 68, 132},
		"at the start":      {0, 4 * mib, table + 31*4096, 0, 64},
		"at the end":        {0, 4 * mib, 2*table - 4096, 448, 512},
		"small mapping":     {table + 10*4096, table + 20*4096, table + 15*4096, 10, 20},
		"mapping begins":    {table + 90*4096, 4 * mib, table + 100*4096, 90, 154},
		"mapping ends":      {0, table + 110*4096, table + 100*4096, 46, 110},
		"half a batch away": {table, 4 * mib, table + 32*4096, 0, 64},
	} {
		v := &addrspace.VMA{Start: c.start, End: c.end}
		if from, to := k.window(v, c.at); uint64(from) != c.from || uint64(to) != c.to {
			t.Errorf("%s: entries %d to %d, want %d to %d", name, from, to, c.from, c.to)
		}
	}
}

// TestLookAround looks at the neighbours of an accessed page: without a walk a few become active one by one, many at once; of those that were
// not accessed nothing changes.
func TestLookAround(t *testing.T) {
	for _, c := range []struct {
		used, active int64
		walk         bool
		filter       bool
	}{{used: 5, active: 5}, {used: 40, active: 0, filter: true}, {used: 5, walk: true}} {
		k := testMachine{lru: "mglru", swap: []SwapConfig{{Size: 256 << 20, Device: "ssd", Priority: -1}}}.boot(t)
		k.spawn(t, "p", func(p *Process) {
			g := k.lruvecs[0].Gens
			a := (p.mustMmap(t, 4*mib) + 2*mib - 1) &^ (2*mib - 1)
			p.write(a, mib)
			k.lruAddDrain(0)
			l := p.mm.Leaf(a)
			k.walkOnce()
			k.walkOnce()
			g.Filter[g.MaxSeq%2].Reset()
			p.read(a+8*4096, uint64(c.used)*4096)
			sc := scanControl{t: &p.task}
			if c.walk {
				sc.walk = &lruGenWalk{canSwap: true}
			}
			before, slot := k.vm(t, "pgactivate"), mglru.Slot(g.MaxSeq)
			sc.lookAround(p.mm.Find(a), l, a, k.Mem.Nodes[0])
			if sc.walk != nil {
				g.Count(&sc.walk.moved)
			}
			k.lruAddDrain(0)
			for i := range int64(64) {
				if young := k.lruGen.column.Gen(phys.PFN(l.PTE[i])) == slot; young != (i >= 8 && i < 8+c.used) {
					t.Errorf("%d used: page %d is of the youngest generation: %t", c.used, i, young)
				}
			}
			if n := k.vm(t, "pgactivate") - before; n != c.active {
				t.Errorf("%d used: %d were made active, want %d", c.used, n, c.active)
			}
			if g.Filter[g.MaxSeq%2].Has(tableKey(l)) != c.filter {
				t.Errorf("%d used: the next walk will look at the table: %t", c.used, !c.filter)
			}
			k.check(t)
		})
		k.run(t)
	}
}

// TestEvictionAndRefault packs a page's generation and accesses in its shadow: coming back from the oldest generation it counts, later it does not.
func TestEvictionAndRefault(t *testing.T) {
	k := testMachine{lru: "mglru"}.boot(t)
	k.spawn(t, "p", func(p *Process) {
		g := k.lruvecs[0].Gens
		pfn := p.allocPage(gfpAnon)
		page := k.Mem.Page(pfn)
		for uses, want := range map[int][4]uint64{1: {1}, 2: {0, 1}, 3: {0, 0, 1}, 4: {0, 0, 1}, 7: {0, 0, 0, 1}} {
			g.Tiers[mglru.File] = mglru.Tiers{}
			page.SetFlags(0)
			for range uses {
				k.markAccessed(0, pfn)
			}
			s := k.lruGenEviction(pfn, page)
			page.SetFlags(0)
			refaults, restored := k.vm(t, "workingset_refault_file"), k.vm(t, "workingset_restore_file")
			k.lruGenRefault(pfn, s, false)
			if tiers := g.Tiers[mglru.File]; tiers.Evicted != want || tiers.Refaulted != want {
				t.Errorf("after %d uses evicted %v and refaulted %v, want %v", uses, tiers.Evicted, tiers.Refaulted, want)
			}
			back := int64(0)
			if uses >= 4 { // three accesses beyond the first
				back = 1
			}
			if n := k.vm(t, "workingset_restore_file") - restored; n != back || page.Test(phys.FlagWorkingset) != (back == 1) {
				t.Errorf("after %d uses %d pages are restored, want %d", uses, n, back)
			}
			g.MinSeq[mglru.File]++
			if k.lruGenRefault(pfn, s, true); k.vm(t, "workingset_refault_file") != refaults+1 {
				t.Errorf("after %d uses: %d refaults, want 1: the generation has gone", uses, k.vm(t, "workingset_refault_file")-refaults)
			}
			g.MinSeq[mglru.File]--
		}
		page.SetFlags(0)
		k.Mem.FreePage(0, pfn)
	})
	k.run(t)
}

// TestBadLRU names the choices.
func TestBadLRU(t *testing.T) {
	_, err := New(engine.New(engine.Options{CPUs: 1}), Config{Nodes: []NodeConfig{{RAM: 96 << 20, CPUs: 1}}, LRU: "mgrlu"})
	if want := `machine: lru: unknown lru "mgrlu"; did you mean "mglru"?`; err == nil || err.Error() != want {
		t.Errorf("the error is %v", err)
	}
}

// TestLRUGenFiles reads the files of a machine with generations and of one without.
func TestLRUGenFiles(t *testing.T) {
	read := func(k *Kernel, path string) string {
		text, ok := k.ProcFile(path)
		if !ok {
			t.Errorf("there is no %s", path)
		}
		return text
	}
	k := testMachine{lru: "mglru"}.boot(t)
	k.SetMinTTL(1500 * engine.Millisecond)
	k.spawn(t, "p", func(p *Process) {
		p.write(p.mustMmap(t, 4*mib), 4*mib)
		k.lruAddDrain(0)
		before := k.vm(t, "nr_inactive_file")
		k.walkOnce()
		k.walkOnce()
		p.Sleep(100 * engine.Millisecond)
		want := fmt.Sprintf("memcg     1 /\n node     0\n          2 %10d %10d  %10d \n", 100, 0, before)
		if got := read(k, "/sys/kernel/debug/lru_gen"); !strings.HasPrefix(got, want) || strings.Count(got, "\n") != 6 {
			t.Errorf("the generations are\n%s\nwant at first\n%s", got, want)
		}
	})
	k.run(t)
	if on, ttl := read(k, "/sys/kernel/mm/lru_gen/enabled"), read(k, "/sys/kernel/mm/lru_gen/min_ttl_ms"); on != "0x0007\n" || ttl != "1500\n" {
		t.Errorf("enabled is %q, min_ttl_ms is %q", on, ttl)
	}
	k = testMachine{}.boot(t)
	if on, ttl := read(k, "/sys/kernel/mm/lru_gen/enabled"), read(k, "/sys/kernel/mm/lru_gen/min_ttl_ms"); on != "0x0000\n" || ttl != "0\n" {
		t.Errorf("with classic lists enabled is %q, min_ttl_ms is %q", on, ttl)
	}
}

// TestPageoutIsNotActive writes pages out on request: while they are under way they are of the generation before the youngest, although they were of
// the youngest.
func TestPageoutIsNotActive(t *testing.T) {
	k := testMachine{lru: "mglru", swap: []SwapConfig{{Size: 256 << 20, Device: "disk", Priority: -1}}}.boot(t)
	k.spawn(t, "p", func(p *Process) {
		a := p.mustMmap(t, mib)
		p.write(a, mib)
		if e := p.Madvise(a, mib, MadvPageout); e != 0 {
			t.Fatal(e)
		}
		k.lruAddDrain(0)
		g, writing := k.lruvecs[0].Gens, 0
		for at := a; at < a+mib; at += addrspace.PageSize {
			pfn := phys.PFN(k.swap.Cached(swap.Entry(p.mm.Leaf(at).PTE[addrspace.Slot(at)])))
			if pfn == 0 || !k.Mem.Page(pfn).Test(phys.FlagWriteback) {
				continue
			}
			writing++
			if gen := g.Column().Gen(pfn); gen != mglru.Slot(g.MaxSeq-1) {
				t.Fatalf("a page under writeback is in slot %d, want that of generation %d", gen, g.MaxSeq-1)
			}
		}
		if writing == 0 {
			t.Error("no page is under writeback")
		}
		k.check(t)
	})
	k.run(t)
}
