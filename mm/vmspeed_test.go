package mm

import (
	"runtime"
	"testing"

	"mmsim/engine"
	"mmsim/mm/addrspace"
)

// BenchmarkMmapMunmap maps and unmaps one page, with what that costs in the simulation.
func BenchmarkMmapMunmap(b *testing.B) {
	benchMachine(b, 1<<30, func(_ *Kernel, p *Process) {
		b.ReportAllocs()
		b.ResetTimer()
		for range b.N {
			a, _ := p.Mmap(MmapArgs{Len: 4096, Prot: ProtRead | ProtWrite})
			p.Munmap(a, 4096)
		}
	})
}

// BenchmarkMmapMany maps 65,000 pages that do not merge, one by one.
func BenchmarkMmapMany(b *testing.B) {
	const n = 65_000
	b.StopTimer()
	for range b.N {
		benchMachine(b, 1<<30, func(_ *Kernel, p *Process) {
			b.StartTimer()
			for i := range n {
				prot := ProtRead
				if i%2 == 0 {
					prot |= ProtWrite
				}
				if _, err := p.Mmap(MmapArgs{Len: 4096, Prot: prot}); err != 0 {
					b.Fatal(err)
				}
			}
			b.StopTimer()
		})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/mmap")
}

// maxMaps is the number of VMAs that vm.max_map_count allows.
const maxMaps = 65530

// BenchmarkFindVMA looks random addresses up among 65,530 VMAs.
func BenchmarkFindVMA(b *testing.B) {
	s := addrspace.NewSpace(addrspace.X86_64, 8<<20, &addrspace.AnonVMAs{})
	for i := range uint64(maxMaps) {
		at := 0x10000000 + i*3*addrspace.PageSize
		s.Insert(&addrspace.VMA{Start: at, End: at + 2*addrspace.PageSize, PgOff: at >> addrspace.PageShift, Flags: addrspace.VMRead})
	}
	rand := engine.NewStream(1, "find")
	at := make([]uint64, 1<<16)
	for i := range at {
		at[i] = 0x10000000 + rand.Below(maxMaps)*3*addrspace.PageSize
	}
	b.ResetTimer()
	for i := range b.N {
		if s.Find(at[i&(1<<16-1)]) == nil {
			b.Fatal("not found")
		}
	}
}

// BenchmarkCOWFault writes to pages that a child shares: each write copies one.
func BenchmarkCOWFault(b *testing.B) {
	benchMachine(b, 2<<30, func(k *Kernel, p *Process) {
		a, _ := p.Mmap(MmapArgs{Len: benchBytes, Prot: ProtRead | ProtWrite})
		p.Touch(TouchArgs{Addr: a, Len: benchBytes, Write: true, N: -1})
		b.ReportAllocs()
		b.ResetTimer()
		for range b.N {
			b.StopTimer()
			pid, err := p.Fork("", func(c *Process) { c.Sleep(1000 * engine.Second) })
			if err != 0 {
				b.Fatal(err)
			}
			p.Yield()
			b.StartTimer()
			p.Touch(TouchArgs{Addr: a, Len: benchBytes, Write: true, N: -1})
			b.StopTimer()
			p.Kill(pid, "SIGKILL")
			p.Wait(pid)
			b.StartTimer()
		}
		perPage(b, benchBytes/4096)
	})
}

// TestProcessesAreSmall: 10,000 processes of 50 mappings each shall need less than 400 MiB, so that a tenth of them needs less than 40.
func TestProcessesAreSmall(t *testing.T) {
	const limit = 40 << 20
	if n := heapOf(t, 1000, 50); n >= limit {
		t.Errorf("1000 processes of 50 mappings: %d bytes, %d at most", n, limit)
	}
}

// BenchmarkTenThousandProcesses reports the memory of 10,000 processes of 50 mappings each, which have touched two pages.
func BenchmarkTenThousandProcesses(b *testing.B) {
	for range b.N {
		b.ReportMetric(float64(heapOf(b, 10_000, 50))/(1<<20), "MiB")
	}
}

// heapOf is the live heap and the stacks in bytes of a machine with a number of processes of some mappings each, less that of the machine itself.
func heapOf(tb testing.TB, processes, maps int) uint64 {
	var before, after runtime.MemStats
	benchMachine(tb, 8<<30, func(_ *Kernel, p *Process) {
		runtime.GC()
		runtime.ReadMemStats(&before)
		for range processes {
			pid, err := p.Fork("", func(c *Process) {
				for i := range maps {
					prot := ProtRead
					if i%2 == 0 {
						prot |= ProtWrite // neighbours differ, or they would merge
					}
					a, err := c.Mmap(MmapArgs{Len: 64 << 10, Prot: prot})
					if err != 0 {
						tb.Error(err)
					}
					if i < 2 {
						c.Touch(TouchArgs{Addr: a, Len: 4096, N: -1})
					}
				}
				c.Sleep(1_000_000 * engine.Second)
			})
			if err != 0 {
				tb.Fatalf("fork: %v", err)
			}
			_ = pid
			p.Sleep(10 * engine.Millisecond)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		for _, c := range p.k.Processes()[1:] {
			p.Kill(c.PID(), "SIGKILL")
			p.Wait(c.PID())
		}
	})
	return after.HeapAlloc + after.StackInuse - before.HeapAlloc - before.StackInuse
}
