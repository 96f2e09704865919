package mm

import "mmsim/engine"

// ioWork counts the reads from swap that a task has prepared and not spent the time of.
type ioWork struct{ pages, requests int }

// spendReads spends the time of the reads that the task has prepared, before they go to their device.
func (t *task) spendReads() {
	c, w := t.k.cost, t.reads
	t.reads = ioWork{}
	t.spend(engine.Time(w.pages)*c.ReadSwapPage + engine.Time(w.requests)*c.SubmitIO)
}

// interruptIO takes the time of the end of a request for pages from the CPU that is interrupted, which is that of the task that sent it.
func (k *Kernel) interruptIO(cpu, pages int) {
	k.Sim.Interrupt(cpu, k.cost.CompleteIO+engine.Time(pages)*k.cost.CompletePage)
}
