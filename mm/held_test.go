package mm

import (
	"slices"
	"testing"

	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
)

// TestHeldPages: pages that a reclaimer keeps count as referenced; one that is freed is kept no more; what is left at the end goes back to its list.
func TestHeldPages(t *testing.T) {
	k := testMachine{lru: "mglru"}.boot(t)
	k.spawn(t, "p", func(p *Process) {
		a := p.mustMmap(t, 4*4096)
		p.write(a, 4*4096)
		k.lruAddDrain(p.cpu())
		var pages []phys.PFN
		l := p.mm.Leaf(a)
		for i := range uint(4) {
			pfn := phys.PFN(l.PTE[addrspace.Slot(a)+i])
			pages = append(pages, pfn)
			k.lruvecOf(k.Mem.Page(pfn)).Del(pfn)
		}
		h := k.hold()
		h.keep(pages)
		k.check(t)
		if !k.isHeld(pages[1]) || k.refs(pages[1]) != 2 {
			t.Errorf("a page that is mapped and kept has %d references", k.refs(pages[1]))
		}
		p.Munmap(a+4096, 4096)
		k.check(t)
		if k.isHeld(pages[1]) || !slices.Equal(h.pages, []phys.PFN{pages[0], pages[2], pages[3]}) {
			t.Errorf("kept are %v of %v", h.pages, pages)
		}
		k.letGo(h)
		k.check(t)
		if len(k.held) != 0 || !k.Mem.Page(pages[2]).Test(phys.FlagLRU) {
			t.Error("pages were not put back")
		}
		if again := k.hold(); again != h || len(again.pages) != 0 {
			t.Error("the holder was not used again")
		} else {
			k.letGo(again)
		}
	})
	k.run(t)
}

// TestWrittenInTheBatch: pages whose writes end before their batch does are freed with it, by the second try of evict_folios; others come up next.
func TestWrittenInTheBatch(t *testing.T) {
	// With the oracle's costs a batch takes longer than its writes.
	k := testMachine{lru: "mglru", swap: []SwapConfig{{Size: 256 * mib, Device: "ssd", Priority: -1}}, table: &oracleCosts}.boot(t)
	k.spawn(t, "p", func(p *Process) { p.write(p.mustMmap(t, 34*mib), 34*mib) })
	k.run(t)
	if out, steal := k.vm(t, "pswpout"), k.vm(t, "pgsteal_anon"); out == 0 || out > 2*steal {
		t.Errorf("%d pages written, %d freed", out, steal)
	}
}
