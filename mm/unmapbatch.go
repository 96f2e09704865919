package mm

import "mmsim/mm/addrspace"

// unmapBatch is what reclaim has unmapped and not flushed, on a machine of several CPUs (struct tlbflush_unmap_batch). Where translation lookaside buffers are not
// modelled, no access depends on the flush, but the CPUs that run what was unmapped are interrupted, and the one that reclaims waits for them.
type unmapBatch struct {
	cpus     []bool // those that ran an address space with such a page
	required bool
	writable bool // an entry was dirty
}

// mark notes that a CPU may have used a page that is unmapped (set_tlb_ubc_flush_pending).
func (b *unmapBatch) mark(cpu int, dirty bool) {
	b.cpus[cpu], b.required = true, true
	b.writable = b.writable || dirty
}

// add notes a page that is unmapped from an address space, where buffers are not modelled. A process has one thread, so that only one CPU can use what is its.
func (b *unmapBatch) add(k *Kernel, s *addrspace.Space, dirty bool) {
	here := k.thisCPU()
	for i := range b.cpus {
		if i != here && k.runs(i, s) {
			b.mark(i, dirty)
		}
	}
}

// interrupt interrupts the CPUs of the batch but those that are idle or run a kernel thread, which look when they come back (try_to_unmap_flush).
func (b *unmapBatch) interrupt(k *Kernel) {
	sent := false
	for i, wanted := range b.cpus {
		if wanted && k.runs(i, nil) {
			sent = true
			k.Sim.Interrupt(i, k.cost.ShootdownReceive)
		}
	}
	if sent {
		k.owed += k.cost.ShootdownSend
	}
}

// runs tells whether a process with an address space is current on a CPU; nil: with any.
func (k *Kernel) runs(cpu int, s *addrspace.Space) bool {
	proc := k.Sim.Running(cpu)
	if proc == nil {
		return false
	}
	p, ok := proc.UserData.(*Process)
	return ok && p.mm != nil && (s == nil || p.mm == s)
}
