package mm

import (
	"context"
	"testing"

	"mmsim/engine"
	"mmsim/mm/vmstat"
)

// benchFile runs a body on a machine with a file of a size.
func benchFile(tb testing.TB, ram, size uint64, body func(*Kernel, *Process)) {
	tb.Helper()
	sim := engine.New(engine.Options{Seed: 1, CPUs: 1})
	k, err := New(sim, Config{
		Nodes: []NodeConfig{{RAM: ram, CPUs: 1}}, THP: "never", Seed: 1, Files: []FileConfig{{Path: "/data", Size: size}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := k.Spawn("bench", DefaultProcessOptions(), func(p *Process) { body(k, p) }); err != nil {
		tb.Fatal(err)
	}
	if res := sim.Run(context.Background()); res.Err != nil {
		tb.Fatal(res.Err)
	}
}

func streamFile(b *testing.B, ram, size uint64) {
	for range b.N {
		b.StopTimer()
		benchFile(b, ram, size, func(_ *Kernel, p *Process) {
			fd, err := p.Open("/data", OpenFlags{Read: true})
			if err != 0 {
				b.Fatal(err)
			}
			b.StartTimer()
			if n, err := p.Read(fd, size, 0); n != size || err != 0 {
				b.Fatal(n, err)
			}
			b.StopTimer()
		})
		b.StartTimer()
	}
	perPage(b, int(size>>12))
}

// BenchmarkStreamFile reads a file of 100 GiB through the cache of a machine of 4 GiB.
func BenchmarkStreamFile(b *testing.B) { streamFile(b, 4<<30, 100<<30) }

// BenchmarkStreamFileRAM shows what a page costs on machines of other sizes: a file of twice their memory.
func BenchmarkStreamFileRAM(b *testing.B) {
	for _, c := range []struct {
		name string
		ram  uint64
	}{{"1GiB", 1 << 30}, {"16GiB", 16 << 30}} {
		b.Run(c.name, func(b *testing.B) { streamFile(b, c.ram, 2*c.ram) })
	}
}

// BenchmarkReclaimPage reclaims clean pages of a file, by direct reclaim for the process.
func BenchmarkReclaimPage(b *testing.B) {
	const size = 2 << 30
	pages := uint64(0)
	for range b.N {
		b.StopTimer()
		benchFile(b, 4<<30, size, func(k *Kernel, p *Process) {
			fd, _ := p.Open("/data", OpenFlags{Read: true})
			p.Read(fd, size, 0)
			n := k.Mem.Nodes[0]
			sc := scanControl{
				t: &p.task, nrToReclaim: size >> 12, reclaimIdx: n.Zones[len(n.Zones)-1].Type, gfp: gfpFile, mayUnmap: true, maySwap: true,
			}
			b.StartTimer()
			sc.shrinkNode(n)
			b.StopTimer()
			pages += sc.nrReclaimed
			if got := n.Stat[vmstat.NRFilePages]; sc.nrReclaimed < size>>13 {
				b.Fatalf("%d pages reclaimed, %d left", sc.nrReclaimed, got)
			}
		})
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(pages), "ns/page")
}
