package mm

import (
	"strings"
	"testing"

	"mmsim/engine"
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
)

// TestNumaMaps overflows one of two nodes and compares what numa_maps says with where the pages are.
func TestNumaMaps(t *testing.T) {
	sim := engine.New(engine.Options{Seed: 1, CPUs: 2})
	cost, err := CostPreset("")
	if err != nil {
		t.Fatal(err)
	}
	k, err := New(sim, Config{Nodes: []NodeConfig{{RAM: 128 * mib, CPUs: 1}, {RAM: 128 * mib, CPUs: 1}}, THP: "never", Seed: 1, Cost: cost})
	if err != nil {
		t.Fatal(err)
	}
	o := DefaultProcessOptions()
	o.CPU = 0
	_, err = k.Spawn("app", o, func(p *Process) {
		a := p.mustMmap(t, 130*mib)
		p.write(a, 130*mib)
		n0 := uint64(0)
		for off := uint64(0); off < 130*mib; off += 4 * kib {
			l := p.mm.Leaf(a + off)
			if k.Mem.ZoneOf(physAt(l, a+off)).Node.ID == 0 {
				n0++
			}
		}
		text, _, ok := k.PIDFile(p, "/proc/self/numa_maps")
		var line string
		for l := range strings.Lines(text) {
			if strings.Contains(l, "anon=33280") {
				line = l
			}
		}
		want := " default anon=33280 dirty=33280 active=0 N0=" + itoa(int(n0)) + " N1=" + itoa(int(33280-n0)) + " kernelpagesize_kB=4\n"
		if !ok || !strings.HasSuffix(line, want) || n0 == 0 || n0 == 33280 {
			t.Errorf("numa_maps has %q, want ...%q", line, want)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	k.run(t)
}

func physAt(l *addrspace.Leaf, addr uint64) phys.PFN { return phys.PFN(l.PTE[addrspace.Slot(addr)]) }
