// Package heaptest is a process's memory for tests of allocators: it places mappings as Linux does on x86-64 and counts resident pages.
//
// Invariants:
//   - mappings lie below each other from the top, each at the highest free address where it fits; a hint that is free is obeyed;
//   - neighbours merge as the kernel merges them: if they are of equal access, continue each other's page offsets, and were not given
//     different anon_vmas by accesses to them;
//   - a page becomes resident by an access and ceases to be by DontNeed, Munmap or a break that moves below it;
//   - an access to what is not mapped, or not accessible, is recorded as a fault in Err: the first one is kept.
package heaptest

import (
	"fmt"
	"slices"

	"mmsim/mm/heap"
)

const page = heap.PageSize

// Top is the end of the area for mappings, and Base the first break.
const (
	Top  = 0x7ffff7fff000
	Base = 0x555555756000
)

type vma struct {
	start, end uint64
	shift      uint64 // address less page offset, in bytes: not 0 for what mremap has moved
	anon       int    // its anon_vma, 0 before the first write
	writable   bool
}

// follows tells whether w may be merged with v, which ends where it begins (can_vma_merge_after).
func (v vma) follows(w vma) bool {
	return v.end == w.start && v.writable == w.writable && v.shift == w.shift && (v.anon == 0 || w.anon == 0 || v.anon == w.anon)
}

// OS is the memory of one process. The zero value is not usable: see New.
type OS struct {
	Break    uint64
	MaxBreak uint64 // Sbrk fails beyond it
	MaxMap   uint64 // bytes that may be mapped for access besides the break; Mmap fails beyond it
	Clock    int64
	Strict   bool // no overcommit
	Err      error
	Calls    int // system calls that changed something

	base   uint64
	top    uint64
	vmas   []vma // sorted, heap not among them
	wrote  map[uint64]bool
	mapped uint64
	open   uint64 // of it for access
	anons  int
}

// New is the memory of a fresh process, with the break on a page boundary.
func New() *OS { return NewAt(Base, Top) }

// NewAt is the memory of a process whose break and mappings begin elsewhere.
func NewAt(base, top uint64) *OS {
	return &OS{Break: base, base: base, MaxBreak: base + 1<<40, MaxMap: 1 << 46, top: top, wrote: map[uint64]bool{}}
}

// Sbrk is heap.OS's.
func (o *OS) Sbrk(inc int64) (uint64, bool) {
	old := o.Break
	next := old + uint64(inc)
	if inc > 0 && (next < old || next > o.MaxBreak) {
		return 0, false
	}
	if inc != 0 {
		o.Calls++
	}
	o.Break = next
	for p := up(next); p < up(old); p += page {
		delete(o.wrote, p)
	}
	return old, true
}

func up(a uint64) uint64 { return (a + page - 1) &^ (page - 1) }

// Mmap is heap.OS's.
func (o *OS) Mmap(addr, n uint64, flags heap.MapFlags) (uint64, bool) {
	o.Calls++
	if flags&heap.MapNone == 0 && (n > o.MaxMap || o.open+n > o.MaxMap) || n > o.top {
		return 0, false
	}
	if flags&heap.MapFixed != 0 {
		o.cut(addr, n)
	} else if addr == 0 || !o.free(addr, n) {
		addr = o.place(n)
	}
	o.insert(vma{start: addr, end: addr + n, writable: flags&heap.MapNone == 0})
	return addr, true
}

func (o *OS) free(addr, n uint64) bool {
	for _, v := range o.vmas {
		if addr < v.end && v.start < addr+n {
			return false
		}
	}
	return addr+n <= o.top
}

func (o *OS) place(n uint64) uint64 {
	end := o.top
	for _, v := range slices.Backward(o.vmas) {
		if end-v.end >= n {
			break
		}
		end = v.start
	}
	return end - n
}

func (o *OS) insert(v vma) {
	o.mapped += v.end - v.start
	if v.writable {
		o.open += v.end - v.start
	}
	i, _ := slices.BinarySearchFunc(o.vmas, v.start, func(w vma, a uint64) int { return int(int64(w.start - a)) })
	o.vmas = slices.Insert(o.vmas, i, v)
	if i > 0 && o.vmas[i-1].follows(v) {
		o.join(i - 1)
		i--
	}
	if i+1 < len(o.vmas) && o.vmas[i].follows(o.vmas[i+1]) {
		o.join(i)
	}
}

func (o *OS) join(i int) {
	o.vmas[i].end = o.vmas[i+1].end
	o.vmas[i].anon = max(o.vmas[i].anon, o.vmas[i+1].anon)
	o.vmas = slices.Delete(o.vmas, i+1, i+2)
}

// remove unmaps a range without forgetting which of its pages are resident.
func (o *OS) remove(addr, n uint64) {
	var out []vma
	for _, v := range o.vmas {
		if v.end <= addr || v.start >= addr+n {
			out = append(out, v)
			continue
		}
		o.mapped -= min(v.end, addr+n) - max(v.start, addr)
		if v.writable {
			o.open -= min(v.end, addr+n) - max(v.start, addr)
		}
		if v.start < addr {
			out = append(out, vma{v.start, addr, v.shift, v.anon, v.writable})
		}
		if v.end > addr+n {
			out = append(out, vma{addr + n, v.end, v.shift, v.anon, v.writable})
		}
	}
	o.vmas = out
}

func (o *OS) cut(addr, n uint64) {
	o.remove(addr, n)
	o.drop(addr, n)
}

func (o *OS) drop(addr, n uint64) {
	if n/page > uint64(len(o.wrote)) {
		for p := range o.wrote {
			if p >= addr && p < addr+n {
				delete(o.wrote, p)
			}
		}
		return
	}
	for p := addr &^ (page - 1); p < addr+n; p += page {
		delete(o.wrote, p)
	}
}

// Munmap is heap.OS's.
func (o *OS) Munmap(addr, n uint64) {
	o.Calls++
	if addr%page != 0 || n%page != 0 || n == 0 {
		o.fault("munmap of [%#x, %#x)", addr, addr+n)
	}
	o.cut(addr, n)
}

// Mremap is heap.OS's.
func (o *OS) Mremap(addr, oldSize, newSize uint64, mayMove bool) (uint64, bool) {
	o.Calls++
	if newSize <= oldSize {
		o.cut(addr+newSize, oldSize-newSize)
		return addr, true
	}
	from := o.vmas[o.at(addr)]
	if o.free(addr+oldSize, newSize-oldSize) {
		o.insert(vma{addr + oldSize, addr + newSize, from.shift, from.anon, true})
		return addr, true
	}
	if !mayMove || o.open+newSize > o.MaxMap {
		return 0, false
	}
	to := o.place(newSize)
	shift := uint64(0)
	if from.anon != 0 { // its pages know their offsets
		shift = to - addr + from.shift
	}
	o.insert(vma{to, to + newSize, shift, from.anon, true})
	for p := range uint64(oldSize / page) {
		if o.wrote[addr+p*page] {
			delete(o.wrote, addr+p*page)
			o.wrote[to+p*page] = true
		}
	}
	o.remove(addr, oldSize)
	return to, true
}

// Mprotect is heap.OS's.
func (o *OS) Mprotect(addr, n uint64, writable bool) bool {
	o.Calls++
	o.remove(addr, n)
	o.insert(vma{start: addr, end: addr + n, writable: writable})
	return true
}

// DontNeed is heap.OS's.
func (o *OS) DontNeed(addr, n uint64) {
	o.Calls++
	o.drop(addr, n)
}

// LazyFree is heap.OS's; here the pages go at once.
func (o *OS) LazyFree(addr, n uint64) { o.DontNeed(addr, n) }

// Overcommits is heap.OS's.
func (o *OS) Overcommits() bool { return !o.Strict }

// Now is heap.OS's.
func (o *OS) Now() int64 { return o.Clock }

// Touch is heap.OS's. A page that was only read stays what it was: the kernel's zero page is nobody's.
func (o *OS) Touch(addr, n uint64, write bool) {
	if !o.accessible(addr, addr+n) {
		o.fault("access to [%#x, %#x)", addr, addr+n)
	}
	if !write {
		return
	}
	if addr < o.base || addr >= up(o.Break) {
		o.prepare(o.at(addr))
	}
	for p := addr &^ (page - 1); p < addr+n; p += page {
		o.wrote[p] = true
	}
}

// at is the mapping that addr lies in, or -1.
func (o *OS) at(addr uint64) int {
	for i, v := range o.vmas {
		if v.start <= addr && addr < v.end {
			return i
		}
	}
	return -1
}

// prepare gives a mapping that is written to an anon_vma: a neighbour's if they could be one mapping, or a new one (anon_vma_prepare).
func (o *OS) prepare(i int) {
	if i < 0 || o.vmas[i].anon != 0 {
		return
	}
	v := &o.vmas[i]
	switch {
	case i+1 < len(o.vmas) && v.follows(o.vmas[i+1]) && o.vmas[i+1].anon != 0:
		v.anon = o.vmas[i+1].anon
	case i > 0 && o.vmas[i-1].follows(*v) && o.vmas[i-1].anon != 0:
		v.anon = o.vmas[i-1].anon
	default:
		o.anons++
		v.anon = o.anons
	}
}

func (o *OS) accessible(start, end uint64) bool {
	if start >= o.base && end <= up(o.Break) {
		return true
	}
	for _, v := range o.vmas {
		if v.start <= start && start < v.end {
			if !v.writable {
				return false
			}
			if start = v.end; start >= end {
				return true
			}
		}
	}
	return false
}

func (o *OS) fault(format string, args ...any) {
	if o.Err == nil {
		o.Err = fmt.Errorf(format, args...)
	}
}

// Accessible tells whether [addr, addr+n) may be read and written.
func (o *OS) Accessible(addr, n uint64) bool { return o.accessible(addr, addr+n) }

// Resident is the number of bytes in pages that were written and not given back.
func (o *OS) Resident() uint64 { return uint64(len(o.wrote)) * page }

// Mapped is the number of bytes mapped besides the break.
func (o *OS) Mapped() uint64 { return o.mapped }

// Maps is the number of mappings, without the heap's.
func (o *OS) Maps() int { return len(o.vmas) }
