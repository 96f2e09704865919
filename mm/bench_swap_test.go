package mm

import (
	"context"
	"testing"
	"time"

	"mmsim/engine"
)

// BenchmarkZipfSwap touches a working set of twice the memory by a Zipf distribution, with a solid state disk to swap to; each loop is 16 million
// touches, after as many that settle the lists. Theta is that at which about one touch in a hundred faults.
func BenchmarkZipfSwap(b *testing.B) {
	b.Run("read", func(b *testing.B) { zipfSwap(b, false) })
	b.Run("write", func(b *testing.B) { zipfSwap(b, true) })
}

func zipfSwap(b *testing.B, write bool) {
	const ram, set, lap = 1 << 30, 2 << 30, 1 << 24
	sim := engine.New(engine.Options{Seed: 1, CPUs: 2})
	k, err := New(sim, Config{
		Nodes: []NodeConfig{{RAM: ram, CPUs: 2}}, THP: "never", Seed: 1, Swap: []SwapConfig{{Size: set, Device: "ssd", Priority: -1}},
	})
	if err != nil {
		b.Fatal(err)
	}
	_, err = k.Spawn("bench", DefaultProcessOptions(), func(p *Process) {
		a, _ := p.Mmap(MmapArgs{Len: set, Prot: ProtRead | ProtWrite})
		p.Touch(TouchArgs{Addr: a, Len: set, Write: true, N: -1})
		t := TouchArgs{Addr: a, Len: set, Order: TouchZipf, Theta: 1.26, N: lap, Write: write}
		p.Touch(t)
		faults := p.minFlt + p.majFlt
		b.ResetTimer()
		start := time.Now()
		t.Loops = int64(b.N)
		p.Touch(t)
		took := time.Since(start)
		b.StopTimer()
		touches := float64(b.N) * lap
		b.ReportMetric(touches/took.Seconds(), "touches/s")
		b.ReportMetric(100*float64(p.minFlt+p.majFlt-faults)/touches, "%faults")
	})
	if err != nil {
		b.Fatal(err)
	}
	if res := sim.Run(context.Background()); res.Err != nil {
		b.Fatal(res.Err)
	}
}
