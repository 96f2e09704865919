package mm

import "testing"

func benchMapped(b *testing.B, shared bool, touch TouchArgs, before func(p *Process, a uint64)) {
	benchFile(b, 1<<30, benchBytes, func(_ *Kernel, p *Process) {
		fd, _ := p.Open("/data", OpenFlags{Read: true, Write: true})
		p.Read(fd, benchBytes, 0)
		b.ReportAllocs()
		for range b.N {
			b.StopTimer()
			a, err := p.Mmap(MmapArgs{Len: benchBytes, Prot: ProtRead | ProtWrite, File: true, FD: fd, Shared: shared})
			if err != 0 {
				b.Error(err)
				return
			}
			if before != nil {
				before(p, a)
			}
			touch.Addr, touch.Len, touch.N = a, benchBytes, -1
			b.StartTimer()
			p.Touch(touch)
			b.StopTimer()
			p.Munmap(a, benchBytes)
			b.StartTimer()
		}
		perPage(b, benchBytes/4096)
	})
}

// BenchmarkFaultAround reads through a fresh mapping of a cached file: one fault in 16 pages.
func BenchmarkFaultAround(b *testing.B) { benchMapped(b, true, TouchArgs{}, nil) }

// BenchmarkReadMappedFile reads a mapping again, all of whose pages are mapped.
func BenchmarkReadMappedFile(b *testing.B) {
	benchMapped(b, true, TouchArgs{}, func(p *Process, a uint64) { p.read(a, benchBytes) })
}

// BenchmarkSharedWriteFault writes a mapping of a cached file: one fault a page.
func BenchmarkSharedWriteFault(b *testing.B) { benchMapped(b, true, TouchArgs{Write: true}, nil) }

// BenchmarkFileCOWFault writes a private mapping of a cached file: one copy a page.
func BenchmarkFileCOWFault(b *testing.B) { benchMapped(b, false, TouchArgs{Write: true}, nil) }

// BenchmarkShmemFaultAround reads shared memory that another mapping has written, for comparison.
func BenchmarkShmemFaultAround(b *testing.B) {
	benchMachine(b, 1<<30, func(_ *Kernel, p *Process) {
		id, err := p.Shmget(0, benchBytes)
		if err != 0 {
			b.Error(err)
			return
		}
		a, _ := p.Shmat(id)
		p.write(a, benchBytes)
		for range b.N {
			b.StopTimer()
			c, _ := p.Shmat(id)
			b.StartTimer()
			p.read(c, benchBytes)
			b.StopTimer()
			p.Shmdt(c)
			b.StartTimer()
		}
		perPage(b, benchBytes/4096)
	})
}
