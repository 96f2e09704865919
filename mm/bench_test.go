package mm

import (
	"context"
	"runtime"
	"testing"

	"mmsim/engine"
)

// benchMachine runs a body as the only process of a machine without swap.
func benchMachine(tb testing.TB, ram uint64, body func(*Kernel, *Process)) {
	tb.Helper()
	sim := engine.New(engine.Options{Seed: 1, CPUs: 1})
	k, err := New(sim, Config{Nodes: []NodeConfig{{RAM: ram, CPUs: 1}}, THP: "never", Seed: 1})
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

const benchBytes = 256 << 20

func perPage(b *testing.B, pages int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(pages), "ns/page")
}

func BenchmarkFirstTouch(b *testing.B) { firstTouch(b, true) }

// BenchmarkFirstRead reads fresh memory, which maps the zero page.
func BenchmarkFirstRead(b *testing.B) { firstTouch(b, false) }

func firstTouch(b *testing.B, write bool) {
	benchMachine(b, 1<<30, func(_ *Kernel, p *Process) {
		b.ReportAllocs()
		for range b.N {
			b.StopTimer()
			a, _ := p.Mmap(MmapArgs{Len: benchBytes, Prot: ProtRead | ProtWrite})
			b.StartTimer()
			p.Touch(TouchArgs{Addr: a, Len: benchBytes, Write: write, N: -1})
			b.StopTimer()
			p.Munmap(a, benchBytes)
			b.StartTimer()
		}
		perPage(b, benchBytes/4096)
	})
}

func BenchmarkRetouch(b *testing.B) {
	benchMachine(b, 1<<30, func(_ *Kernel, p *Process) {
		a, _ := p.Mmap(MmapArgs{Len: benchBytes, Prot: ProtRead | ProtWrite})
		p.Touch(TouchArgs{Addr: a, Len: benchBytes, Write: true, N: -1})
		b.ResetTimer()
		p.Touch(TouchArgs{Addr: a, Len: benchBytes, Write: true, N: -1, Loops: int64(b.N)})
		perPage(b, benchBytes/4096)
	})
}

func BenchmarkFork(b *testing.B) {
	benchMachine(b, 1<<30, func(_ *Kernel, p *Process) {
		a, _ := p.Mmap(MmapArgs{Len: benchBytes, Prot: ProtRead | ProtWrite})
		p.Touch(TouchArgs{Addr: a, Len: benchBytes, Write: true, N: -1})
		b.ResetTimer()
		for range b.N {
			pid, err := p.Fork("", func(*Process) {})
			b.StopTimer()
			if err != 0 {
				b.Fatal(err)
			}
			p.Wait(pid)
			b.StartTimer()
		}
		perPage(b, benchBytes/4096)
	})
}

// BenchmarkTouched64GiB reports the host memory per page of a machine of 64 GiB of which everything that is free has been touched.
func BenchmarkTouched64GiB(b *testing.B) {
	for range b.N {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		benchMachine(b, 64<<30, func(k *Kernel, p *Process) {
			n := uint64(k.Mem.FreeTotal()-200_000) << 12
			a, _ := p.Mmap(MmapArgs{Len: n, Prot: ProtRead | ProtWrite})
			p.Touch(TouchArgs{Addr: a, Len: n, Write: true, N: -1})
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.HeapInuse-before.HeapInuse)/float64(64<<30/4096), "B/page")
		})
	}
}
