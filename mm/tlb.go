package mm

import (
	"math/bits"

	"mmsim/engine"
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/tlb"
)

// TLBConfig is the size of each CPU's translation lookaside buffer: entries, and how many a set has. The zero value is none: every access then costs
// what one that misses does.
type TLBConfig struct{ Entries, Ways int }

// DefaultTLB is that of current server processors: the second-level buffer of Skylake-SP (Intel 64 and IA-32 Optimization Reference Manual, table 2-18: 1536
// entries for 4 KiB pages, 12 ways).
var DefaultTLB = TLBConfig{Entries: 1536, Ways: 12}

// singlePageFlushCeiling is the most pages that are dropped one by one (tlb_single_page_flush_ceiling).
const singlePageFlushCeiling = 33

// tlbState is the buffers of all CPUs (k.tlb; nil: the machine has none), and what flushing them did and cost.
type tlbState struct {
	cpus   []tlb.CPU
	kernel tlb.Context // of the kernel's own page tables (init_mm)
	lastID uint64

	shootdowns uint64        // flushes that interrupted other CPUs (nr_tlb_remote_flush)
	owed       []engine.Time // by CPU: work of flushes that whoever runs there spends with the next work
}

func (k *Kernel) initTLB() error {
	n := len(k.nodeOfCPU)
	if n > 1 {
		k.unmapped = &unmapBatch{cpus: make([]bool, n)}
	}
	c := k.cfg.TLB
	if c == (TLBConfig{}) {
		return nil
	}
	if err := tlb.Check(c.Entries, c.Ways); err != nil {
		return &ConfigError{Field: "tlb", Reason: err.Error()}
	}
	s := &tlbState{kernel: tlb.Context{ID: 1}, lastID: 1, owed: make([]engine.Time, n)}
	s.cpus = tlb.NewCPUs(n, c.Entries, c.Ways, k.Mem.Arch == phys.X86_64, &s.kernel)
	k.tlb = s
	t := k.Sim.Trace()
	before := t.Switch
	t.Switch = func(at engine.Time, cpu int, prev, next *engine.Proc) {
		before(at, cpu, prev, next)
		if next != nil {
			if p, ok := next.UserData.(*Process); ok && p.mm != nil {
				k.tlb.load(cpu, p.mm)
				return
			}
		}
		s.cpus[cpu].EnterLazy(&s.kernel)
	}
	return nil
}

// load gives a CPU the page tables of an address space.
func (s *tlbState) load(cpu int, mm *addrspace.Space) *tlb.CPU {
	x := &mm.Context
	if x.ID == 0 {
		s.lastID++
		x.ID = s.lastID
	}
	c := &s.cpus[cpu]
	c.Switch(x)
	return c
}

// lazyTLB says that the process that runs lets its address space go, whose page tables stay loaded until another is (exit_mm).
func (k *Kernel) lazyTLB(s *addrspace.Space) {
	if k.tlb == nil {
		return
	}
	if c := &k.tlb.cpus[k.thisCPU()]; c.Loaded == &s.Context {
		c.EnterLazy(&k.tlb.kernel)
	}
}

// translate makes n accesses to pages that are mapped, in order, and returns how much less they cost than as many that miss.
func (p *Process) translate(addr, n uint64) engine.Time {
	s := p.k.tlb
	if s == nil {
		return 0
	}
	c := &s.cpus[p.cpu()]
	if c.Loaded != &p.mm.Context || c.Lazy {
		c = s.load(p.cpu(), p.mm)
	}
	page := addr >> addrspace.PageShift
	if n == 1 {
		if c.Access(c.ASID, page) {
			return p.k.cost.PageWalk
		}
		return 0
	}
	return engine.Time(n-c.Run(c.ASID, page, n)) * p.k.cost.PageWalk
}

// dropFaulting makes the processor forget the translation that it faulted on: a page fault does.
func (p *Process) dropFaulting(addr uint64) {
	if s := p.k.tlb; s != nil {
		c := s.load(p.cpu(), p.mm)
		c.FlushPage(c.ASID, addr>>addrspace.PageShift)
	}
}

// flushCopied drops a page that was copied on a write (ptep_clear_flush in wp_page_copy). The local part is in the cost of the fault.
func (k *Kernel) flushCopied(cpu int, s *addrspace.Space, addr uint64) {
	if k.tlb == nil {
		return
	}
	owed := k.tlb.owed[cpu]
	k.flushTLBPage(cpu, s, addr)
	k.tlb.owed[cpu] = owed
}

// thisCPU is the CPU on which the kernel runs; what is no process of the machine counts as being on the first.
func (k *Kernel) thisCPU() int {
	if p := k.Sim.Current(); p != nil {
		return max(p.CPU(), 0)
	}
	return 0
}

// gather notes that the entries [from, to) of a leaf are about to go: those that are present must be flushed (tlb_remove_tlb_entry).
func (k *Kernel) gather(s *addrspace.Space, l *addrspace.Leaf, base uint64, from, to uint) {
	if k.tlb == nil {
		return
	}
	for w := from / 64; w*64 < to; w++ {
		k.gatherWord(s, base, w, l.Present[w]&^l.ProtNone[w]&addrspace.WordMask(w, from, to))
	}
}

// gatherWord notes that the entries of a word of a leaf's bitmaps have changed.
func (k *Kernel) gatherWord(s *addrspace.Space, base uint64, w uint, m uint64) {
	if k.tlb == nil || m == 0 {
		return
	}
	first := base>>addrspace.PageShift + uint64(w)*64
	s.Context.Gather(first+uint64(bits.TrailingZeros64(m)), first+64-uint64(bits.LeadingZeros64(m)), uint64(bits.OnesCount64(m)))
}

// finishGather flushes what was gathered of an address space (tlb_finish_mmu). freed: page tables were freed, too.
func (k *Kernel) finishGather(s *addrspace.Space, freed bool) {
	if k.tlb == nil || s.Context.End == 0 && !freed {
		return
	}
	x := &s.Context
	start, end, n := x.Start, x.End, x.Pages
	x.Start, x.End, x.Pages = 0, 0, 0
	for most := k.gatherMax(); n > most; n -= most {
		k.flushTLB(k.thisCPU(), s, start, end, false, false)
	}
	k.flushTLB(k.thisCPU(), s, start, end, start == end, freed)
}

// flushTLBPage flushes one page (flush_tlb_page).
func (k *Kernel) flushTLBPage(cpu int, s *addrspace.Space, addr uint64) {
	if k.tlb != nil {
		page := addr >> addrspace.PageShift
		k.flushTLB(cpu, s, page, page+1, false, false)
	}
}

// flushTLBMM flushes all of an address space (flush_tlb_mm, exit_mmap).
func (k *Kernel) flushTLBMM(s *addrspace.Space, freed bool) {
	if k.tlb != nil {
		s.Context.Start, s.Context.End, s.Context.Pages = 0, 0, 0
		k.flushTLB(k.thisCPU(), s, 0, 0, true, freed)
	}
}

// flushTLB makes every CPU that has an address space loaded forget pages [start, end) of it, or all (flush_tlb_mm_range). CPUs in lazy mode are not interrupted
// unless page tables were freed: they look when they come back.
func (k *Kernel) flushTLB(cpu int, s *addrspace.Space, start, end uint64, all, freed bool) {
	t := k.tlb
	if all = all || end-start > singlePageFlushCeiling; all {
		start, end = 0, 0
	}
	x := &s.Context
	x.Gen++
	sent := false
	for i := range t.cpus {
		c := &t.cpus[i]
		if c.Loaded != x || i != cpu && c.Lazy && !freed {
			continue
		}
		if i != cpu {
			sent = true
		}
		t.invalidate(k, i, i != cpu, start, end, all)
	}
	t.sent(k, cpu, sent)
}

// invalidate brings one CPU's buffer up to date, and charges it.
func (t *tlbState) invalidate(k *Kernel, cpu int, interrupt bool, start, end uint64, all bool) {
	one, everything := t.cpus[cpu].Invalidate(start, end, all, &t.kernel)
	d := engine.Time(one) * k.cost.InvalidatePage
	if everything {
		d += k.cost.FlushTLB
	}
	if interrupt {
		t.cpus[cpu].Received++
		d += k.cost.ShootdownReceive
		if k.Sim.CPUStat(cpu).Running == 0 { // it is idle: nobody loses anything
			d = 0
		}
	}
	t.owed[cpu] += d
}

// sent charges a flush that interrupted other CPUs: the sender waits for the last of them.
func (t *tlbState) sent(k *Kernel, cpu int, sent bool) {
	if sent {
		t.shootdowns++
		t.owed[cpu] += k.cost.ShootdownSend
	}
}

// flushUnmapped flushes a page that reclaim has unmapped from one address space: with the batch if other CPUs have it loaded, else at once (should_defer_flush,
// set_tlb_ubc_flush_pending).
func (k *Kernel) flushUnmapped(s *addrspace.Space, addr uint64, dirty bool) {
	t := k.tlb
	if t == nil {
		return
	}
	cpu, others := k.thisCPU(), false
	for i := range t.cpus {
		others = others || i != cpu && t.cpus[i].Loaded == &s.Context
	}
	if !others {
		k.flushTLBPage(cpu, s, addr)
		return
	}
	s.Context.Gen++
	for i := range t.cpus {
		if t.cpus[i].Loaded == &s.Context {
			k.unmapped.mark(i, dirty)
		}
	}
}

// flushBatch flushes everything on the CPUs that may have translations of the pages that reclaim has unmapped (try_to_unmap_flush); dirtyOnly: if one of those
// may still be written to (try_to_unmap_flush_dirty).
func (k *Kernel) flushBatch(dirtyOnly bool) {
	b := k.unmapped
	if b == nil || !b.required || dirtyOnly && !b.writable {
		return
	}
	if k.tlb != nil {
		k.tlb.flushBatch(k, b)
	} else {
		b.interrupt(k)
	}
	clear(b.cpus)
	b.required, b.writable = false, false
}

// flushBatch makes the CPUs of a batch forget everything, but those that look when they come back.
func (t *tlbState) flushBatch(k *Kernel, b *unmapBatch) {
	cpu, sent := k.thisCPU(), false
	for i, wanted := range b.cpus {
		if !wanted || i != cpu && t.cpus[i].Lazy {
			continue
		}
		sent = sent || i != cpu
		t.invalidate(k, i, i != cpu, 0, 0, true)
	}
	t.sent(k, cpu, sent)
}

// takeOwed is the work of flushes that a CPU has not spent yet.
func (t *tlbState) takeOwed(cpu int) engine.Time {
	if cpu < 0 { // what is no process of the machine takes no time
		return 0
	}
	d := t.owed[cpu]
	t.owed[cpu] = 0
	return d
}

// flushMapping flushes the page at an index of what a VMA maps (ptep_clear_flush).
func (k *Kernel) flushMapping(v *addrspace.VMA, index uint32) {
	if k.tlb == nil {
		return
	}
	if addr, ok := v.AddressOf(index); ok {
		k.flushTLBPage(k.thisCPU(), v.Space, addr)
	}
}

// flushMoved flushes the entries that mremap moves, by the tables of both sides (move_page_tables).
func (p *Process) flushMoved(from, to, n uint64) {
	k, s := p.k, p.mm
	if k.tlb == nil {
		return
	}
	for done := uint64(0); done < n; {
		at := from + done
		m := min(n-done, 1<<addrspace.LeafShift-at&(1<<addrspace.LeafShift-1), 1<<addrspace.LeafShift-(to+done)&(1<<addrspace.LeafShift-1))
		if l := s.Leaf(at); l != nil && l.PresentIn(addrspace.Slot(at), addrspace.Slot(at)+uint(m>>addrspace.PageShift)) > 0 {
			k.flushTLB(k.thisCPU(), s, at>>addrspace.PageShift, (at+m)>>addrspace.PageShift, false, false)
		}
		done += m
	}
}
