package mm

import (
	"testing"

	"mmsim/engine"
	"mmsim/mm/phys"
)

// exhaust takes pages with the given flags until a request fails, and returns them.
func exhaust(t *task, gfp phys.GFP) []phys.PFN {
	var got []phys.PFN
	for {
		pfn := t.allocPage(gfp)
		if pfn == 0 {
			return got
		}
		got = append(got, pfn)
	}
}

// TestSlowPath asks for more than there is, without swap: who may dip how deep into the reserves, who fails and who kills.
func TestSlowPath(t *testing.T) {
	k := testMachine{}.boot(t)
	k.spawn(t, "idle", func(p *Process) {
		p.write(p.mustMmap(t, 8*mib), 8*mib)
		p.Sleep(100 * engine.Second)
	})
	k.spawn(t, "asker", func(p *Process) {
		p.Sleep(engine.Second)
		p.oomScoreAdj = -1000
		z := k.Mem.Nodes[0].Zone(phys.ZoneDMA32)
		stall := func() int64 { return k.vm(t, "allocstall_normal") + k.vm(t, "allocstall_movable") }

		s0 := stall()
		held := exhaust(&p.task, phys.GFPNowait|phys.GFPNowarn)
		if free, min := z.FreePages(), int64(z.Wmark(phys.WmarkMin)); free != min || stall() != s0 {
			// A request that cannot wait gets no more than others if it is not also a high one, and never reclaims.
			t.Errorf("GFP_NOWAIT stops at %d free pages of %d, after %d stalls", free, min, stall()-s0)
		}
		before := z.FreePages()
		held = append(held, exhaust(&p.task, phys.GFPKernel|phys.GFPNoretry|phys.GFPNowarn)...)
		if k.vm(t, "oom_kill") != 0 || stall() == s0 || z.FreePages() != before {
			t.Errorf("__GFP_NORETRY: %d kills, %d stalls, %d pages taken", k.vm(t, "oom_kill"), stall()-s0, before-z.FreePages())
		}
		held = append(held, exhaust(&p.task, phys.GFPAtomic|phys.GFPNowarn)...)
		if free, min := z.FreePages(), int64(z.Wmark(phys.WmarkMin)); free > min*3/8+1 || free <= 0 {
			t.Errorf("GFP_ATOMIC leaves %d free pages, want at most three eighths of %d", free, min)
		}
		if pfn := p.allocPages(phys.GFPKernel|phys.GFPNowarn, phys.MaxOrder-1); pfn != 0 || k.vm(t, "oom_kill") != 0 {
			t.Errorf("a costly order gave page %d and %d kills, want neither", pfn, k.vm(t, "oom_kill"))
		}
		pfn := p.allocPage(phys.GFPKernel | phys.GFPNofail)
		if pfn == 0 || k.vm(t, "oom_kill") != 1 {
			t.Errorf("__GFP_NOFAIL gave page %d after %d kills, want one kill", pfn, k.vm(t, "oom_kill"))
		}
		for _, q := range append(held, pfn) {
			k.Mem.FreePage(p.cpu(), q)
		}
	})
	k.run(t)
}
