package mm

import (
	"fmt"
	"testing"

	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// TestZramTakesMemory swaps to a compressed area and looks at what it keeps: an object of 64 bytes a page, in frames of the machine, for as long as the
// slots are in use.
func TestZramTakesMemory(t *testing.T) {
	k := testMachine{swap: []SwapConfig{{Size: 128 << 20, Device: "zram", Priority: -1}}}.boot(t)
	frames := func() int64 {
		n := int64(0)
		for _, z := range k.Mem.Zones() {
			n += z.Stat[vmstat.NRZspages]
		}
		return n
	}
	k.spawn(t, "p", func(p *Process) {
		a := p.mustMmap(t, 100*mib)
		p.write(a, 100*mib)
		z := k.zramOf(k.swap.Areas[0])
		used := k.swap.Total - k.swap.NrFree - k.swap.Pending()
		if z.n == 0 || z.n > used+k.swap.Pending() || frames() != int64(len(z.pages)) || len(z.pages) != (z.n+zramPerPage-1)/zramPerPage {
			t.Errorf("%d pages are stored in %d frames (nr_zspages %d), and %d slots are used", z.n, len(z.pages), frames(), used)
		}
		for _, pfn := range z.pages {
			if k.Mem.Page(pfn).Kind() != phys.KindOther {
				t.Errorf("frame %d of the store is %v", pfn, k.Mem.Page(pfn).Kind())
			}
		}
		want := fmt.Sprintf("%8d %8d %8d %8d %8d", z.n*4096, z.n*41, len(z.pages)*4096, 0, z.most*4096)
		if text, ok := k.ProcFile("/sys/block/zram0/mm_stat"); !ok || text[:len(want)] != want {
			t.Errorf("mm_stat is %q, want it to begin with %q", text, want)
		}
		if _, ok := k.ProcFile("/sys/block/zram1/mm_stat"); ok {
			t.Error("there is a zram1")
		}
	})
	k.run(t)
	if z := k.zramOf(k.swap.Areas[0]); z.n > k.swap.Pending() || int64(len(z.pages)) != frames() {
		t.Errorf("when all is over %d pages are stored, and %d slots wait in the CPUs' caches", z.n, k.swap.Pending())
	}
}
