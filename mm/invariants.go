package mm

import (
	"fmt"

	"mmsim/mm/addrspace"
	"mmsim/mm/lru"
	"mmsim/mm/phys"
	"mmsim/mm/swap"
	"mmsim/mm/vmstat"
)

// CheckInvariants computes the state of the machine again from the page tables, the lists and the frame table, and compares it with what is
// kept: mappings, resident sets, list lengths, swap slots, committed memory, counters. It is for tests: it looks at every page.
func (k *Kernel) CheckInvariants() error {
	if err := k.Mem.CheckInvariants(); err != nil {
		return err
	}
	c := checker{k: k, mapped: map[phys.PFN]int32{}, locked: map[phys.PFN]int{}, slots: map[swap.Entry]int{}, tables: map[uint32]bool{}, blocks: map[*tmpfs]int64{}}
	for _, p := range k.processes {
		if p.mm != nil && !k.sharesMM(p) {
			if err := c.process(p); err != nil {
				return fmt.Errorf("process %s: %w", p.name, err)
			}
		}
	}
	for _, s := range k.boot.spaces {
		if err := c.process(&Process{mm: s}); err != nil {
			return fmt.Errorf("boot processes: %w", err)
		}
	}
	c.committed += k.boot.committed + k.leaked
	if err := c.objects(); err != nil {
		return err
	}
	if c.committed != k.committed {
		return fmt.Errorf("Committed_AS is %d pages, the VMAs have %d", k.committed, c.committed)
	}
	if err := c.files(); err != nil {
		return err
	}
	if err := c.pages(); err != nil {
		return err
	}
	if err := c.writeback(); err != nil {
		return err
	}
	if err := c.journal(); err != nil {
		return err
	}
	if err := c.locks(); err != nil {
		return err
	}
	if err := c.slabs(); err != nil {
		return err
	}
	if err := c.tlbs(); err != nil {
		return err
	}
	return c.swap()
}

type checker struct {
	k         *Kernel
	mapped    map[phys.PFN]int32
	locked    map[phys.PFN]int // locked VMAs that map the page
	slots     map[swap.Entry]int
	tables    map[uint32]bool
	committed int64
	blocks    map[*tmpfs]int64 // pages charged to each file system in memory
}

func (c *checker) process(p *Process) error {
	s := p.mm
	c.committed += s.Uncharged
	var total uint64
	var rss [4]int64
	var prev *addrspace.VMA
	for _, v := range s.List() {
		if v.Start >= v.End || v.Start%addrspace.PageSize != 0 || prev != nil && prev.End > v.Start || v.Space != s {
			return fmt.Errorf("VMA %x-%x after %v is misplaced", v.Start, v.End, prev)
		}
		prev = v
		total += v.Pages()
		if v.Flags&addrspace.VMAccount != 0 {
			c.committed += int64(v.Pages())
		}
		for addr := v.Start; addr < v.End; {
			l, base := s.NextLeaf(addr, v.End)
			if l == nil {
				break
			}
			for i := addrspace.Slot(max(addr, base)); i < addrspace.LeafPages && base+uint64(i)<<12 < v.End; i++ {
				if err := c.entry(v, l, i, base+uint64(i)<<12, &rss); err != nil {
					return err
				}
			}
			addr = base + 1<<addrspace.LeafShift
		}
	}
	if err := c.space(s); err != nil {
		return err
	}
	if total != s.TotalVM && !s.WriteLocked {
		return fmt.Errorf("total_vm is %d, the VMAs have %d pages", s.TotalVM, total)
	}
	if rss != s.RSS {
		return fmt.Errorf("RSS is %v, the page tables have %v", s.RSS, rss)
	}
	used := int64(0)
	for addr := uint64(0); ; {
		l, base := s.NextLeaf(addr, s.Layout.TaskSize)
		if l == nil {
			break
		}
		n := int32(0)
		for _, e := range l.PTE {
			if e != 0 {
				n++
			}
		}
		if n != l.Used {
			return fmt.Errorf("leaf at %x uses %d entries and says %d", base, n, l.Used)
		}
		used += int64(n)
		c.tables[l.Frame] = true
		addr = base + 1<<addrspace.LeafShift
	}
	if zero := used - rss[addrspace.RSSAnon] - rss[addrspace.RSSSwap] - rss[addrspace.RSSShmem] - rss[addrspace.RSSFile]; zero < 0 {
		return fmt.Errorf("%d entries are in use, %v are counted", used, rss)
	}
	return nil
}

func (c *checker) entry(v *addrspace.VMA, l *addrspace.Leaf, i uint, addr uint64, rss *[4]int64) error {
	k := c.k
	pte := l.PTE[i]
	present := addrspace.Test(&l.Present, i)
	if !present && (addrspace.Test(&l.Accessed, i) || addrspace.Test(&l.Dirty, i) || addrspace.Test(&l.Writable, i)) {
		return fmt.Errorf("entry at %x is not present and has bits", addr)
	}
	switch {
	case pte == 0 && present:
		return fmt.Errorf("entry at %x is present and none", addr)
	case present && c.access(v, l, i, addr) != nil:
		return c.access(v, l, i, addr)
	case pte == 0 || pte == k.zeroPage && present:
	case !present:
		rss[addrspace.RSSSwap]++
		c.slots[swap.Entry(pte).Slot()]++
	default:
		pfn := phys.PFN(pte)
		if k.Mem.Page(pfn).Kind() == phys.KindZero { // of the vdso
			rss[addrspace.RSSFile]++
			return nil
		}
		c.mapped[pfn]++
		if lockedVMA(v) {
			c.locked[pfn]++
		}
		p := k.Mem.Page(pfn)
		if p.Kind() == phys.KindShmem || p.Kind() == phys.KindFile {
			rss[rssOf(p)]++
			return c.objectEntry(v, l, i, pfn, addr)
		}
		rss[addrspace.RSSAnon]++
		if p.Kind() != phys.KindAnon {
			return fmt.Errorf("entry at %x maps a page of kind %v", addr, p.Kind())
		}
		if addrspace.Test(&l.Writable, i) && !p.Test(phys.FlagExclusive) {
			return fmt.Errorf("entry at %x writes a page that is not exclusive", addr)
		}
		if p.Test(phys.FlagExclusive) && p.Mapcount != 1 {
			return fmt.Errorf("page %d is exclusive and mapped %d times", pfn, p.Mapcount)
		}
		a := k.anons.Get(p.Mapping)
		if a == nil {
			return fmt.Errorf("page %d at %x names no AnonVMA", pfn, addr)
		}
		for _, w := range a.VMAs() {
			if at, ok := w.AddressOf(p.Index); ok && w == v && at == addr {
				return nil
			}
		}
		return fmt.Errorf("reverse mapping of page %d does not find it at %x", pfn, addr)
	}
	return nil
}

// pages compares the lists and batches with the pages that are mapped or cached.
func (c *checker) pages() error {
	k := c.k
	anon := make([]int64, len(k.Mem.Nodes))
	listed := map[phys.PFN]bool{}
	for id, v := range k.lruvecs {
		if v.Gens != nil {
			if err := c.generations(v, listed); err != nil {
				return fmt.Errorf("node %d: %w", id, err)
			}
			continue
		}
		for l := lru.InactiveAnon; l <= lru.ActiveFile; l++ {
			n := int64(0)
			for pfn := v.Head(l); pfn != 0; pfn = k.Mem.Page(pfn).Next {
				p := k.Mem.Page(pfn)
				n++
				if listed[pfn] || !p.Test(phys.FlagLRU) || lru.Of(p) != l || k.zoneOf(p).Node.ID != id {
					return fmt.Errorf("page %d is wrong on list %d", pfn, l)
				}
				listed[pfn] = true
			}
			if stat := k.Mem.Nodes[id].Stat[vmstat.NRInactiveAnon+vmstat.NodeItem(l)]; n != v.Len(l) || n != stat {
				return fmt.Errorf("list %d of node %d has %d pages, its length says %d, the counter %d", l, id, n, v.Len(l), stat)
			}
		}
	}
	for i := range k.batches {
		for _, pfn := range k.batches[i].add.Pages() {
			if listed[pfn] {
				return fmt.Errorf("page %d is on a list and waits to be added to one", pfn)
			}
			listed[pfn] = true
		}
	}
	for _, h := range k.held {
		for _, pfn := range h.pages {
			if p := k.Mem.Page(pfn); listed[pfn] || p.Test(phys.FlagLRU) || !p.Kind().Allocated() {
				return fmt.Errorf("page %d, %v, is kept by reclaim and on a list, or free", pfn, p.Kind())
			}
			listed[pfn] = true
		}
	}
	for pfn, n := range c.mapped {
		p := k.Mem.Page(pfn)
		if p.Mapcount != n {
			return fmt.Errorf("page %d is mapped %d times and says %d", pfn, n, p.Mapcount)
		}
		if !listed[pfn] && !p.Test(phys.FlagUnevictable) {
			return fmt.Errorf("page %d is mapped and on no list", pfn)
		}
		if p.Kind() == phys.KindAnon {
			anon[k.zoneOf(p).Node.ID]++
		}
	}
	for pfn := range listed {
		p := k.Mem.Page(pfn)
		if p.Kind() != phys.KindAnon { // page cache
			if m := k.objects.get(p.Mapping); m != nil && m.tree.Page(uint64(p.Index)) != uint32(pfn) {
				return fmt.Errorf("page %d is on a list, and not at %d of mapping %d", pfn, p.Index, p.Mapping)
			}
			continue
		}
		if p.Mapcount > 0 && c.mapped[pfn] == 0 || p.Mapcount == 0 && !p.Test(phys.FlagSwapCache) {
			return fmt.Errorf("page %d is on a list; it says it is mapped %d times, and %d entries do", pfn, p.Mapcount, c.mapped[pfn])
		}
	}
	for id, n := range anon {
		if got := k.Mem.Nodes[id].Stat[vmstat.NRAnonPages]; got != n {
			return fmt.Errorf("nr_anon_pages of node %d is %d, %d pages are mapped", id, got, n)
		}
	}
	return nil
}

// swap compares the slots with the entries that name them and with the swap cache.
func (c *checker) swap() error {
	k := c.k
	free, cached := 0, int64(0)
	for _, a := range k.swap.Active() {
		if free -= a.Used; !a.Off {
			free += a.Slots
		}
		for o := 1; o <= a.Slots; o++ {
			e := a.Entry(o)
			if got, want := k.swap.Count(e), c.slots[e]; got != want {
				return fmt.Errorf("slot %d of %s counts %d users and has %d", o, a.Name, got, want)
			}
			pfn := k.swap.Cached(e)
			if pfn == 0 {
				continue
			}
			cached++
			p := k.Mem.Page(phys.PFN(pfn))
			if !p.Test(phys.FlagSwapCache) || swap.Entry(k.Mem.Private(phys.PFN(pfn))) != e {
				return fmt.Errorf("slot %d of %s caches page %d, which does not say so", o, a.Name, pfn)
			}
		}
	}
	if free != k.swap.NrFree {
		return fmt.Errorf("%d slots are free, nr_swap_pages is %d", free, k.swap.NrFree)
	}
	if n := k.nodeSums()[vmstat.NRSwapcached]; n != cached {
		return fmt.Errorf("%d pages are in the swap cache, nr_swapcached is %d", cached, n)
	}
	return nil
}
