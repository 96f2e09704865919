package mm

import "mmsim/engine"

// ioWork counts the reads from swap that a task has prepared and not spent the time of.
type ioWork struct{ pages, requests int }

// spendReads spends the time of the reads that the task has prepared, before they go to their device. direct: they are not held back by a plug in the
// kernel, so that each goes to the device's queue at once and a worker of kblockd takes it from there (blk_mq_sched_insert_request).
func (t *task) spendReads(direct bool) {
	c, w := t.k.cost, t.reads
	t.reads = ioWork{}
	d := engine.Time(w.pages)*c.ReadSwapPage + engine.Time(w.requests)*c.SubmitIO
	if direct {
		d += engine.Time(w.requests) * c.DispatchIO
	}
	t.spend(d)
}

// interruptIO takes the time of the end of a request for pages from the CPU that is interrupted, which is that of the task that sent it.
func (k *Kernel) interruptIO(cpu, pages int) {
	k.Sim.Interrupt(cpu, k.cost.CompleteIO+engine.Time(pages)*k.cost.CompletePage)
}
