package phys

import (
	"fmt"
	"math/bits"
	"slices"
)

// What a booting kernel takes for itself before the allocator exists, by the kernel's own rules. The constants are those of the kernels of
// the recorded machines, Debian's 6.1 cloud-amd64 and 686 (dmesg, iomem and zoneinfo of ../shared/reference/boot-*); with
// them the managed pages of every recorded machine come out within 10 pages (TestManagedPages).

// kernelImage is where the kernel's image lies and which parts of it are freed in the end.
type kernelImage struct {
	image Range   // _text to _end
	freed []Range // init memory, gaps between segments, unused decrypted memory, SMP alternatives
	// initrd is the size of the initial RAM disk. It lies at the top of low memory, so that other boot allocations begin
	// below it, and is freed.
	initrd uint64
	// smp is the SMP alternatives among freed: they go before the first initcall (alternative_instructions), all else after the last.
	smp uint64
	// percpu is the first chunk of each CPU's area (static, reserved and dynamic).
	percpu uint64
	// nodeData is struct pglist_data.
	nodeData uint64
	// pageBytes is sizeof(struct page).
	pageBytes uint64
	// hashPtr is the size of a hash bucket: a pointer.
	hashPtr uint64
	// miscLow and misc are what is left over: early page tables, which are taken while only low memory is mapped; then section arrays,
	// usemaps, resource structures and strings.
	miscLow, misc uint64
}

// reserved is which frames of a recorded image are never given to the allocator: of the image that we know all but what is freed, of others the parts that
// /proc/iomem names.
func (k *kernelImage) reserved(recorded []Range) []Range {
	if len(recorded) == 0 || recorded[0].Start != k.image.Start || recorded[len(recorded)-1].End != k.image.End {
		return recorded
	}
	out := []Range{k.image}
	for _, f := range k.freed {
		out = append(out[:len(out)-1], subtract(out[len(out)-1], f)...)
	}
	return out
}

var (
	imageX86 = kernelImage{
		image: Range{0x1000, 0x3800},
		freed: []Range{
			{0x1e02, 0x2000}, // text/rodata gap, 2040 KiB
			{0x2827, 0x2a00}, // rodata/data gap, 1892 KiB
			{0x2e03, 0x3000}, // decrypted memory, 2036 KiB
			{0x301a, 0x32b0}, // init memory, 2612 KiB, and SMP alternatives, 36 KiB
		},
		initrd: 423, smp: 9, percpu: 61, nodeData: 43, pageBytes: 64, hashPtr: 8, miscLow: 17, misc: 13,
	}
	image386 = kernelImage{
		image:  Range{0x1000, 0x1ee6},
		freed:  []Range{{0x1d71, 0x1e5d}}, // init memory, 912 KiB, and SMP alternatives, 32 KiB
		initrd: 607, smp: 8, percpu: 33, pageBytes: 40, hashPtr: 4, miscLow: 9, misc: 9,
	}
)

const (
	swiotlbPages = 64 << 20 >> pageShift // bounce buffers, when there is RAM above 4 GiB (IO_TLB_DEFAULT_SIZE)
	swiotlbSlots = 192                   // 32768 slots of 24 bytes
	// memmapBlock is the pages of struct pages for a section of 128 MiB on x86-64. A section is mapped as a whole, in huge
	// pages, wherever RAM begins or ends inside it (vmemmap_populate_hugepages).
	memmapBlock = sectionPages * 64 >> pageShift
)

func (l *Layout) kernel() *kernelImage {
	if l.Arch == I386 {
		return &image386
	}
	return &imageX86
}

// estimate returns the frames that never reach the allocator.
func (l *Layout) estimate() ([]Range, error) {
	k := l.kernel()
	b := &bootAlloc{l: l, taken: []Range{{0, 1 * mib}, k.image}}
	if l.RAM[len(l.RAM)-1].End <= k.image.End || l.RAM[1].Start > k.image.Start || l.RAM[1].End < k.image.End {
		return nil, fmt.Errorf("ram: the kernel's image needs RAM up to %d MiB on node 0", k.image.End/mib+1)
	}
	initrd := b.alloc(-1, k.initrd, 1, min(l.MaxLowPFN, fourGiB))
	highRAM := l.Arch == X86_64 && l.RAM[len(l.RAM)-1].End > fourGiB
	if highRAM {
		b.alloc(-1, swiotlbPages, 1, fourGiB)
	}
	for id, n := range l.Nodes {
		if l.NodeSpan[id].End > 0 {
			b.alloc(id, k.nodeData, 1, l.MaxLowPFN)
			b.alloc(id, l.memmap(id), l.memmapAlign(), l.MaxLowPFN)
		}
		b.alloc(id, uint64(n.CPUs)*k.percpu, 1, l.MaxLowPFN)
	}
	b.alloc(0, k.miscLow, 1, min(l.MaxLowPFN, fourGiB))
	b.alloc(-1, k.misc, 1, l.MaxLowPFN)
	if highRAM {
		b.alloc(-1, swiotlbSlots, 1, l.MaxLowPFN)
	}
	if len(l.Nodes) == 1 { // with more nodes they are made later, spread over the nodes (hashdist)
		for _, h := range l.earlyHashes() {
			b.alloc(-1, h, 1, l.MaxLowPFN)
		}
	}
	if b.short > 0 {
		return nil, fmt.Errorf("ram: too small to boot: the kernel's own tables lack %d KiB", b.short*4)
	}
	b.free(initrd)
	for _, r := range k.freed {
		b.free(r)
	}
	return b.taken, nil
}

// memmap returns the pages of a node's struct pages.
func (l *Layout) memmap(node int) uint64 {
	if l.Arch == I386 { // one flat array up to the end of RAM (alloc_node_mem_map)
		end := (l.NodeSpan[node].End + maxBlock - 1) &^ (maxBlock - 1)
		return (end*l.kernel().pageBytes + 4095) >> pageShift
	}
	n, next := uint64(0), uint64(0)
	for _, r := range l.RAM {
		if r.Node != node {
			continue
		}
		first, last := max(r.Start>>sectionShift, next), (r.End-1)>>sectionShift
		if first <= last {
			n += last - first + 1
			next = last + 1
		}
	}
	return n * memmapBlock
}

func (l *Layout) memmapAlign() uint64 {
	if l.Arch == I386 {
		return 1
	}
	return memmapBlock
}

// kernelPages is the count from which the kernel sizes its hash tables: low memory less struct pages and what is reserved below 1 MiB
// (nr_kernel_pages).
func (l *Layout) kernelPages() uint64 {
	n := uint64(0)
	for _, r := range l.RAM {
		if r.Start < l.MaxLowPFN {
			n += min(r.End, l.MaxLowPFN) - r.Start
		}
	}
	return n - n*l.kernel().pageBytes>>pageShift - (biosStart - 1)
}

// largeHash returns the entries of a table with one bucket for each 2^scale bytes of low memory (alloc_large_system_hash). limit is the
// largest number of entries, 0 for as many as take a sixteenth of memory.
func (l *Layout) largeHash(scale int, bucket, low, limit uint64) uint64 {
	n := (l.kernelPages() + mib - 1) &^ (mib - 1)
	if l.Arch == X86_64 && limit == 0 { // tables grow slower beyond 64 GiB
		for adapt := 64 * gib; adapt < n; adapt <<= 2 {
			scale++
		}
	}
	if scale > pageShift {
		n >>= scale - pageShift
	} else {
		n <<= pageShift - scale
	}
	if n == 0 || n*bucket < 4096 {
		n = (4096 + bucket - 1) / bucket
	}
	if limit == 0 {
		limit = l.kernelPages() << pageShift >> 4 / bucket
	}
	n = min(max(n, low), limit)
	if n > 1 {
		n = 1 << bits.Len64(n-1)
	}
	return n
}

// earlyHashes returns the pages of the dentry and inode tables.
func (l *Layout) earlyHashes() []uint64 {
	p := l.kernel().hashPtr
	return []uint64{l.largeHash(13, p, 0, 0) * p >> pageShift, l.largeHash(14, p, 0, 0) * p >> pageShift}
}

// bootAlloc hands out frames before there is an allocator, from the top down (memblock_alloc).
type bootAlloc struct {
	l     *Layout
	taken []Range
	short uint64 // pages that could not be had
}

// alloc takes pages below limit, on a node if there is room, else anywhere; node -1 is any.
func (b *bootAlloc) alloc(node int, pages, align, limit uint64) Range {
	if pages == 0 {
		return Range{}
	}
	b.taken = mergeRanges(b.taken)
	for _, anywhere := range []bool{node < 0, true} {
		for _, ram := range slices.Backward(b.l.RAM) {
			if ram.Node != node && !anywhere {
				continue
			}
			end := min(ram.End, limit)
			for i := len(b.taken) - 1; i >= -1; i-- {
				start := ram.Start
				if i >= 0 {
					start = max(start, b.taken[i].End)
				}
				if at := (end - pages) &^ (align - 1); end >= pages && at >= start && start < end {
					r := Range{at, at + pages}
					b.taken = append(b.taken, r)
					return r
				}
				if i >= 0 {
					end = min(end, b.taken[i].Start)
				}
				if end <= ram.Start {
					break
				}
			}
		}
	}
	b.short += pages
	return Range{}
}

// free gives frames back.
func (b *bootAlloc) free(r Range) {
	var out []Range
	for _, t := range b.taken {
		out = append(out, subtract(t, r)...)
	}
	b.taken = out
}
