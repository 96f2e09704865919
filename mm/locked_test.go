package mm

import (
	"strings"
	"testing"

	"mmsim/mm/addrspace"
)

// TestReclaimByKind puts a machine under pressure from anonymous memory: shared memory goes to swap and comes back, memory that may be freed lazily is
// dropped without being written, locked memory stays.
func TestReclaimByKind(t *testing.T) {
	for _, dev := range []string{"ssd", "zram", "zram under mglru"} {
		kind, lru, _ := strings.Cut(dev, " under ")
		k := testMachine{lru: lru, swap: []SwapConfig{{Size: 256 << 20, Device: kind, Priority: -1}}}.boot(t)
		k.spawn(t, "p", func(p *Process) {
			const n = 6 * mib
			opt := func(a MmapArgs) uint64 {
				a.Len, a.Prot = n, rw
				addr, err := p.Mmap(a)
				if err != 0 {
					t.Fatal(err)
				}
				p.write(addr, n)
				return addr
			}
			shared, lazy, kept, locked := opt(MmapArgs{Shared: true}), opt(MmapArgs{}), opt(MmapArgs{}), opt(MmapArgs{Locked: true})
			for _, a := range []uint64{lazy, kept} {
				if e := p.Madvise(a, n, MadvFree); e != 0 {
					t.Fatal(e)
				}
			}
			p.write(kept, n)
			k.check(t)
			big := p.mustMmap(t, 120*mib)
			p.write(big, 120*mib)
			k.check(t)
			if got := k.vm(t, "pglazyfreed"); got != int64(n/4096) {
				t.Errorf("%s: %d pages were dropped, want the %d that nobody wrote to again", dev, got, n/4096)
			}
			if got, _ := p.Mincore(locked, n); got != int64(n/4096) {
				t.Errorf("%s: %d of %d locked pages are in memory", dev, got, n/4096)
			}
			o := k.shmemOf(p.mm.Find(shared))
			if o.swapped == 0 || p.mm.RSS[addrspace.RSSShmem] != o.resident {
				t.Errorf("%s: %d shared pages are swapped out, %d are in memory, %d mapped", dev, o.swapped, o.resident, p.mm.RSS[addrspace.RSSShmem])
			}
			p.read(shared, n)
			p.read(kept, n)
			k.check(t)
			if got := p.mm.RSS[addrspace.RSSAnon] + p.mm.RSS[addrspace.RSSSwap]; got < int64((120*mib+2*n)/4096) {
				t.Errorf("%s: %d anonymous pages are left: what was written after MADV_FREE must stay", dev, got)
			}
		})
		k.run(t)
		if k.swap.NrFree+k.swap.Pending() < k.swap.Total {
			t.Errorf("%s: %d of %d slots are free in the end", dev, k.swap.NrFree, k.swap.Total)
		}
	}
}
