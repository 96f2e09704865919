package mm

import (
	"fmt"
	"strconv"

	"mmsim/engine"
	"mmsim/mm/addrspace"
)

// randomness is how far address randomisation moves the parts of one address space, in bytes; all 0 without it (kernel.randomize_va_space).
type randomness struct {
	On    bool
	Mmap  uint64 // down from where mappings begin (arch_mmap_rnd)
	Stack uint64 // down from the top of the address space (randomize_stack_top, arch_align_stack)
	Image uint64 // up from where a position-independent program lies without it (arch_mmap_rnd)
	Brk   uint64 // up from the end of the image (arch_randomize_brk)
	VDSO  uint64 // a number to choose the place of the kernel's pages by (vdso_addr)
}

// drawRandom draws the offsets of a new address space from the machine's own stream, as far as kernel.randomize_va_space asks for them: 1 for
// everything but the heap, 2 for all.
func (k *Kernel) drawRandom() randomness {
	level := k.sysctl.randomizeVASpace
	if level == 0 {
		return randomness{}
	}
	if k.aslr == nil {
		k.aslr = engine.NewStream(k.seed, "kernel.randomize_va_space of the machine")
	}
	const page, alignRange = addrspace.PageSize, 8192
	l := k.layout
	bits := func() uint64 { return k.aslr.Uint64() & (1<<k.sysctl.mmapRndBits - 1) << addrspace.PageShift }
	r := randomness{On: true, Mmap: bits()}
	r.Stack = k.aslr.Below(l.StackRndPages)*page + k.aslr.Below(alignRange)&^15
	r.Image = bits()
	r.VDSO = k.aslr.Uint64()
	if level == 2 {
		r.Brk = page + k.aslr.Below(l.BrkRnd/page)*page
	}
	return r
}

// vdsoAddr is where the kernel asks for its pages to go: at a random place between the stack and the end of the page table that covers it
// (vdso_addr). Without randomisation the stack ends where the address space does, and the address is none.
func vdsoAddr(s *addrspace.Space, draw uint64) uint64 {
	const n = (vvarPages + vdsoPages) * addrspace.PageSize
	start := addrspace.PageAlign(s.Stack + addrspace.PageSize)
	tables := uint64(1)<<s.Layout.TableShift - 1
	end := min((start+tables)&^tables, s.Layout.TaskSize) - n
	if end <= start {
		return start
	}
	return start + draw%((end-start)>>addrspace.PageShift+1)<<addrspace.PageShift
}

// setMmapRndBits keeps vm.mmap_rnd_bits within what the architecture's address space has room for.
func setMmapRndBits(k *Kernel, v string) error {
	n, err := strconv.ParseUint(v, 10, 32)
	if l := k.layout; err != nil || uint(n) < l.MmapRndBits || uint(n) > l.MaxMmapRndBits {
		return fmt.Errorf("%s is not a number from %d to %d", v, l.MmapRndBits, l.MaxMmapRndBits)
	}
	k.sysctl.mmapRndBits = n
	return nil
}
