package tlb

// A Context is what the kernel keeps of an address space for the sake of buffers (mm_context_t).
type Context struct {
	ID  uint64 // never used again for another (ctx_id); 0: none yet
	Gen uint64 // changes of the page tables that buffers may not know of (tlb_gen)

	// Pages [Start, End) have been taken out of the page tables, or restricted, since the last flush (struct mmu_gather); Pages of them were present.
	Start, End uint64
	Pages      uint64
}

// Gather notes that pages [start, end) have changed, n of which were present (tlb_flush_pte_range).
func (x *Context) Gather(start, end, n uint64) {
	if x.End == 0 {
		x.Start, x.End = start, end
	} else {
		x.Start, x.End = min(x.Start, start), max(x.End, end)
	}
	x.Pages += n
}

// A CPU is one CPU's buffer and what the kernel knows of it (struct tlb_state).
type CPU struct {
	TLB

	Loaded *Context // whose page tables it has; the kernel's own have a Context, too
	ASID   int      // the identifier that goes with them
	Lazy   bool     // a kernel thread or nothing runs (is_lazy)

	// OneFlushes and AllFlushes count pages dropped one by one and flushes of all (nr_tlb_local_flush_one, nr_tlb_local_flush_all); Received counts
	// the interrupts that asked for a flush (nr_tlb_remote_flush_received).
	OneFlushes, AllFlushes, Received uint64

	slots [NrASIDs]slot
	next  int // the identifier to be given next (next_asid)
	pcid  bool
}

// slot is what an identifier stands for (struct tlb_context).
type slot struct{ id, gen uint64 }

// NewCPUs makes the buffers of n CPUs, which have the kernel's own page tables loaded. pcid: entries are tagged with identifiers. Check tells whether the size is
// possible.
func NewCPUs(n, entries, ways int, pcid bool, kernel *Context) []CPU {
	cpus := make([]CPU, n)
	for i := range cpus {
		c := &cpus[i]
		c.init(entries, ways)
		c.Loaded, c.pcid, c.next = kernel, pcid, 1
		c.slots[0] = slot{kernel.ID, kernel.Gen}
	}
	return cpus
}

// Switch loads the page tables of an address space (switch_mm_irqs_off). Entries that it left here stay good unless it has changed since.
func (c *CPU) Switch(to *Context) {
	lazy := c.Lazy
	c.Lazy = false
	flush := false
	if c.Loaded == to {
		if !lazy || c.slots[c.ASID].gen == to.Gen {
			return
		}
		flush = true
	} else {
		c.Loaded = to
		c.ASID, flush = c.choose(to)
	}
	if flush {
		c.slots[c.ASID] = slot{to.ID, to.Gen}
		c.drop()
	}
}

// choose finds the identifier of an address space, or takes the next one in turn, and tells whether its entries are out of date (choose_new_asid).
func (c *CPU) choose(to *Context) (asid int, flush bool) {
	if !c.pcid {
		return 0, true
	}
	for i, s := range c.slots {
		if s.id == to.ID {
			return i, s.gen < to.Gen
		}
	}
	asid = c.next
	c.next++
	if asid >= NrASIDs {
		asid, c.next = 0, 1
	}
	return asid, true
}

func (c *CPU) drop() {
	if c.pcid {
		c.FlushASID(c.ASID)
		return
	}
	c.Flush()
}

// EnterLazy says that a kernel thread or nothing runs from now on: the page tables stay loaded (enter_lazy_tlb).
func (c *CPU) EnterLazy(kernel *Context) {
	if c.Loaded != kernel {
		c.Lazy = true
	}
}

// Invalidate brings the buffer up to date with the page tables that are loaded (flush_tlb_func): pages [start, end), if that is the only change it
// does not know of, else all. What a lazy CPU does instead is to let the page tables go. It returns how many pages it dropped one by one, and whether it
// dropped all; both nothing if there was nothing to do.
func (c *CPU) Invalidate(start, end uint64, all bool, kernel *Context) (one uint64, everything bool) {
	if c.Loaded == kernel {
		return 0, false
	}
	if c.Lazy {
		c.Switch(kernel)
		return 0, false
	}
	s := &c.slots[c.ASID]
	known, gen := s.gen, c.Loaded.Gen
	if known == gen {
		return 0, false
	}
	s.gen = gen
	if all || gen != known+1 {
		c.AllFlushes++
		c.drop()
		return 0, true
	}
	for p := start; p < end; p++ {
		c.FlushPage(c.ASID, p)
	}
	c.OneFlushes += end - start
	return end - start, false
}

// Current tells for an identifier whose entries it has, 0 for nobody's, and at which generation.
func (c *CPU) Current(asid int) (id, gen uint64) { return c.slots[asid].id, c.slots[asid].gen }
