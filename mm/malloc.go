package mm

import (
	"mmsim/mm/addrspace"
	"mmsim/mm/heap"
	"mmsim/mm/heap/dlmalloc"
	"mmsim/mm/heap/jemalloc"
	"mmsim/mm/heap/ptmalloc"
	"mmsim/mm/heap/scudo"
	"mmsim/mm/heap/tcmalloc"
)

// Heap is the process's C library allocator, made at the first use. Its methods run as the process: they make its system calls and touch its
// memory.
func (p *Process) Heap() heap.Allocator {
	p.checkSignals()
	if p.heap == nil {
		p.heap = p.newHeap()
	}
	p.spend(p.k.cost.LibCall)
	return p.heap
}

// Mallocs are the allocators that a process may have, the default first.
var Mallocs = []string{"ptmalloc", "dlmalloc", "jemalloc", "tcmalloc", "scudo"}

// mallocs64 are those that are modelled for x86_64 only.
var mallocs64 = []string{"dlmalloc"}

// newHeap is the allocator of a fresh address space. jemalloc draws its random numbers from an address, which is always the same without
// randomisation of addresses; Scudo asks the kernel for a random number, which here the process's own stream gives.
func (p *Process) newHeap() heap.Allocator {
	os, bits := heapOS{p}, 64
	if p.mm.Layout == addrspace.I386 {
		bits = 32
	}
	switch p.malloc {
	case "dlmalloc":
		return dlmalloc.New(os)
	case "jemalloc":
		return jemalloc.New(os, bits, jemalloc.Seed^p.mm.MmapBase)
	case "tcmalloc":
		return tcmalloc.New(os, bits)
	case "scudo":
		return scudo.New(os, bits, uint32(p.rand.Uint64()))
	}
	return ptmalloc.New(os, bits)
}

// heapOS is what a process's allocator asks of the system (heap.OS).
type heapOS struct{ p *Process }

func (o heapOS) Sbrk(increment int64) (uint64, bool) {
	old, err := o.p.Sbrk(increment)
	return old, err == 0
}

func (o heapOS) Mmap(addr, n uint64, flags heap.MapFlags) (uint64, bool) {
	a := MmapArgs{Addr: addr, Len: n, Prot: ProtRead | ProtWrite, Noreserve: flags&heap.MapNoReserve != 0, Fixed: flags&heap.MapFixed != 0}
	if flags&heap.MapNone != 0 {
		a.Prot = 0
	}
	got, err := o.p.Mmap(a)
	return got, err == 0
}

func (o heapOS) Munmap(addr, n uint64) { o.p.Munmap(addr, n) }

func (o heapOS) Mremap(addr, oldSize, newSize uint64, mayMove bool) (uint64, bool) {
	got, err := o.p.Mremap(addr, oldSize, newSize, mayMove)
	return got, err == 0
}

func (o heapOS) Mprotect(addr, n uint64, writable bool) bool {
	prot := Prot(0)
	if writable {
		prot = ProtRead | ProtWrite
	}
	return o.p.Mprotect(addr, n, prot) == 0
}

func (o heapOS) DontNeed(addr, n uint64) { o.p.Madvise(addr, n, MadvDontneed) }

func (o heapOS) LazyFree(addr, n uint64) { o.p.Madvise(addr, n, MadvFree) }

// Touch accesses pages as the allocator's own loads and stores do.
func (o heapOS) Touch(addr, n uint64, write bool) {
	first := addr &^ (addrspace.PageSize - 1)
	o.p.touchSeq(first, (addr+n-1-first)>>addrspace.PageShift+1, write, false)
}

func (o heapOS) Overcommits() bool { return o.p.k.sysctl.overcommitMemory != overcommitNever }

func (o heapOS) Now() int64 { return int64(o.p.k.Sim.Now()) }
