package mm

import (
	"testing"

	"mmsim/engine"
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
)

// TestWaitForPageThatGoes: who waits for a page that is freed when its write is done, and is somebody else's before he runs, waits no longer: the flags of the
// second row of a block look like a page's that is being written.
func TestWaitForPageThatGoes(t *testing.T) {
	k := testMachine{}.boot(t)
	var woke engine.Time
	k.spawn(t, "waiter", func(p *Process) {
		a := p.mustMmap(t, 4096)
		p.write(a, 4096)
		pfn := phys.PFN(p.mm.Leaf(a).PTE[addrspace.Slot(a)])
		k.lruAddDrain(p.cpu())
		k.Mem.Page(pfn).Set(phys.FlagWriteback)
		k.Sim.After(engine.Millisecond, func() {
			row := k.Mem.Page(pfn)
			row.Clear(phys.FlagWriteback)
			k.pageWaits.wake(pfn)
			was := *row
			row.Begin(phys.KindNone, phys.FlagWriteback)
			k.Sim.After(engine.Millisecond, func() { *row = was })
		})
		start := k.Sim.Now()
		p.waitFlags(pfn, phys.FlagWriteback)
		woke = k.Sim.Now() - start
		p.Sleep(2 * engine.Millisecond)
	})
	k.run(t)
	if woke != engine.Millisecond {
		t.Errorf("it waited for %v", woke)
	}
}
