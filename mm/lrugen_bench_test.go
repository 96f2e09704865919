package mm

import (
	"context"
	"testing"

	"mmsim/engine"
)

// BenchmarkAge begins a new generation while all of 256 MiB was accessed since the last: per page, found accessed and promoted.
func BenchmarkAge(b *testing.B) {
	sim := engine.New(engine.Options{Seed: 1, CPUs: 1})
	k, err := New(sim, Config{Nodes: []NodeConfig{{RAM: 1 << 30, CPUs: 1}}, Swap: []SwapConfig{{Size: 1 << 30, Device: "ssd"}}, THP: "never", LRU: "mglru", Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	k.spawn(b, "bench", func(p *Process) {
		a := p.mustMmap(b, benchBytes)
		p.write(a, benchBytes)
		found := 0
		b.ResetTimer()
		for range b.N {
			b.StopTimer()
			p.Sleep(engine.Millisecond)
			p.read(a, benchBytes)
			b.StartTimer()
			_, n := k.walkOnce()
			found += n
		}
		if found < b.N*benchBytes/4096 {
			b.Fatalf("%d pages were found in %d walks", found, b.N)
		}
		perPage(b, benchBytes/4096)
	})
	if res := sim.Run(context.Background()); res.Err != nil {
		b.Fatal(res.Err)
	}
}

// BenchmarkEvict writes 1 GiB in sequence on a machine of 512 MiB: per page, faulted in once and reclaimed once. The classic lists are there
// to compare with.
func BenchmarkEvict(b *testing.B) {
	for _, lru := range []string{"classic", "mglru"} {
		b.Run(lru, func(b *testing.B) {
			reclaimed := int64(0)
			for range b.N {
				k := testMachine{ram: 512 << 20, lru: lru, swap: []SwapConfig{{Size: 2 << 30, Device: "ssd", Priority: -1}}}.boot(b)
				k.spawn(b, "bench", func(p *Process) {
					a := p.mustMmap(b, 1<<30)
					p.write(a, 1<<30)
				})
				if res := k.Sim.Run(context.Background()); res.Err != nil {
					b.Fatal(res.Err)
				}
				reclaimed += k.vm(b, "pgsteal_anon")
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(reclaimed), "ns/reclaimed")
		})
	}
}
