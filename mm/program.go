package mm

import (
	"mmsim/mm/addrspace"
)

// A segment is one PT_LOAD of an ELF file: bytes [Off, Off+Filesz) of the file at Vaddr, and zeros up to Memsz. read and write are the pages of it that a
// program which calls into the C library has touched when its main begins, relative to the segment's first page.
type segment struct {
	off, vaddr, filesz, memsz uint64
	flags                     addrspace.VMFlags
	read, write               []pageSpan
}

type pageSpan struct{ from, n uint64 }

// An elfImage is an ELF file as a loader sees it. relro is the address behind what becomes read-only once it is relocated (PT_GNU_RELRO).
type elfImage struct {
	path  string
	size  uint64
	segs  []segment
	relro uint64
}

// A programKind is what a process of an architecture runs: a small program, its interpreter and the C library, as Debian 12 has them.
type programKind struct {
	program, interp, libc elfImage
	cachePages            uint64 // /etc/ld.so.cache, which lies between the library and the loader's own memory while libraries are looked up
	tlsPages, tlsUsed     uint64 // what the loader maps for the thread's data, and what of it has been written to
	loaderPages           uint64 // likewise for itself
	loaderUsed            uint64
}

const (
	segR  = addrspace.VMRead
	segRX = addrspace.VMRead | addrspace.VMExec
	segRW = addrspace.VMRead | addrspace.VMWrite
)

// The segments are those that readelf -lW prints for cat of coreutils 9.1-1, ld.so and libc.so.6 of libc6 2.36-9+deb12u14 (amd64), and, for i386, for a
// program compiled with gcc -m32 and the libraries of libc6-i386 of the same version. The pages touched are those that /proc/PID/pagemap of a C program
// showed when its main began.
var programs = map[*addrspace.Layout]*programKind{
	addrspace.X86_64: {
		program: elfImage{path: "/usr/bin/", size: 44016, relro: 0xb000, segs: []segment{
			{0, 0, 0x1720, 0x1720, segR, []pageSpan{{0, 2}}, nil},
			{0x2000, 0x2000, 0x4da9, 0x4da9, segRX, []pageSpan{{0, 5}}, nil},
			{0x7000, 0x7000, 0x20e8, 0x20e8, segR, []pageSpan{{0, 3}}, nil},
			{0x9c30, 0xac30, 0x650, 0x7e8, segRW, nil, []pageSpan{{0, 2}}},
		}},
		interp: elfImage{path: "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", size: 215000, relro: 0x33000, segs: []segment{
			{0, 0, 0xd58, 0xd58, segR, []pageSpan{{0, 1}}, nil},
			{0x1000, 0x1000, 0x25111, 0x25111, segRX, []pageSpan{{0, 37}}, nil},
			{0x27000, 0x27000, 0x9c7c, 0x9c7c, segR, []pageSpan{{0, 10}}, nil},
			{0x31900, 0x31900, 0x2810, 0x29d8, segRW, nil, []pageSpan{{0, 4}}},
		}},
		libc: elfImage{path: "/usr/lib/x86_64-linux-gnu/libc.so.6", size: 1926232, relro: 0x1d3000, segs: []segment{
			{0, 0, 0x25388, 0x25388, segR, []pageSpan{{0, 38}}, nil},
			{0x26000, 0x26000, 0x1550fc, 0x1550fc, segRX, []pageSpan{{0, 150}, {198, 32}, {294, 48}}, nil},
			{0x17c000, 0x17c000, 0x52c31, 0x52c31, segR, []pageSpan{{0, 32}}, nil},
			{0x1cf8d0, 0x1cf8d0, 0x4f98, 0x12680, segRW, nil, []pageSpan{{0, 7}, {10, 3}, {18, 1}}},
		}},
		cachePages: 10, tlsPages: 3, tlsUsed: 2, loaderPages: 2, loaderUsed: 1,
	},
	addrspace.I386: {
		program: elfImage{path: "/usr/bin/", size: 15288, relro: 0x4000, segs: []segment{
			{0, 0, 0x534, 0x534, segR, []pageSpan{{0, 1}}, nil},
			{0x1000, 0x1000, 0x3e0, 0x3e0, segRX, []pageSpan{{0, 1}}, nil},
			{0x2000, 0x2000, 0x130, 0x130, segR, []pageSpan{{0, 1}}, nil},
			{0x2ee4, 0x3ee4, 0x14c, 0x150, segRW, nil, []pageSpan{{0, 2}}},
		}},
		interp: elfImage{path: "/usr/lib/i386-linux-gnu/ld-linux.so.2", size: 212472, relro: 0x34000, segs: []segment{
			{0, 0, 0xb20, 0xb20, segR, []pageSpan{{0, 1}}, nil},
			{0x1000, 0x1000, 0x22d21, 0x22d21, segRX, []pageSpan{{0, 35}}, nil},
			{0x24000, 0x24000, 0xd4d4, 0xd4d4, segR, []pageSpan{{0, 14}}, nil},
			{0x31ba0, 0x32ba0, 0x1dbc, 0x1eb0, segRW, nil, []pageSpan{{0, 3}}},
		}},
		libc: elfImage{path: "/usr/lib/i386-linux-gnu/libc.so.6", size: 2225200, relro: 0x21d000, segs: []segment{
			{0, 0, 0x218b4, 0x218b4, segR, []pageSpan{{0, 1}, {2, 32}}, nil},
			{0x22000, 0x22000, 0x178fa2, 0x178fa2, segRX, []pageSpan{{0, 21}, {22, 107}, {145, 16}, {225, 32}, {321, 16}}, nil},
			{0x19b000, 0x19b000, 0x7f543, 0x7f543, segR, []pageSpan{{0, 40}}, nil},
			{0x21b2f4, 0x21b2f4, 0x2c24, 0xc628, segRW, nil, []pageSpan{{0, 4}, {5, 2}, {12, 1}}},
		}},
		cachePages: 10, tlsPages: 2, tlsUsed: 2, loaderPages: 2, loaderUsed: 2,
	},
}

// span is the room that the image takes from address 0 on, in whole pages (total_mapping_size).
func (e *elfImage) span() uint64 {
	last := e.segs[len(e.segs)-1]
	return addrspace.PageAlign(last.vaddr + last.memsz)
}

// A loadedImage is an image at the address that it was loaded to.
type loadedImage struct {
	*elfImage
	base uint64
}

// A loadedProgram is the program, its interpreter and the C library, and the pages of their own that the interpreter and the thread's data have been
// written to, as page numbers.
type loadedProgram struct {
	program, interp, libc loadedImage
	own                   []pageSpan
}

// mapELF maps the segments of an image from a base on (elf_map; _dl_map_segments): each privately from the file, and what of the last is longer than that
// as anonymous memory.
func (p *Process) mapELF(s *addrspace.Space, e *elfImage, base uint64, i *inode) loadedImage {
	const mask = addrspace.PageSize - 1
	f := &file{inode: i, read: true} // its descriptor is closed again
	f.ra.init()
	for _, g := range e.segs {
		start := base + g.vaddr&^mask
		end, bss := addrspace.PageAlign(base+g.vaddr+g.filesz), addrspace.PageAlign(base+g.vaddr+g.memsz)
		flags := g.flags | vmMayAll
		if addrspace.Accountable(flags) {
			flags |= addrspace.VMAccount
		}
		p.mapImage(s, &addrspace.VMA{Start: start, End: end, PgOff: g.off >> addrspace.PageShift, Flags: flags, Object: &i.Object, File: f})
		if bss > end {
			p.mapImage(s, &addrspace.VMA{Start: end, End: bss, PgOff: end >> addrspace.PageShift, Flags: flags})
		}
	}
	return loadedImage{e, base}
}

// mapProgram lays a dynamically linked program out: the program itself, whose end is where the heap begins, its interpreter, the kernel's pages, and
// what the interpreter maps: memory of its own, the C library, the thread's data (load_elf_binary, glibc's elf/rtld.c). Nil, and nothing is mapped, if
// one of the files cannot be there.
func (p *Process) mapProgram(s *addrspace.Space, r randomness, name string) *loadedProgram {
	const page = addrspace.PageSize
	k := p.k
	kind := programs[s.Layout]
	program := kind.program
	program.path += name
	var inodes [3]*inode
	for n, e := range []*elfImage{&program, &kind.interp, &kind.libc} {
		if inodes[n] = k.programFile(e); inodes[n] == nil {
			return nil
		}
	}
	base := s.Layout.ImageBase + r.Image
	l := &loadedProgram{program: p.mapELF(s, &program, base, inodes[0])}
	text := program.segs[1]
	s.StartCode, s.EndCode = base+text.vaddr, base+text.vaddr+text.filesz
	s.StartBrk = base + program.span() + r.Brk
	s.Brk = s.StartBrk
	place := func(n uint64) uint64 {
		a, _ := s.Unmapped(0, n)
		return a
	}
	l.interp = p.mapELF(s, &kind.interp, place(kind.interp.span()), inodes[1])
	p.mapVDSO(s, r)
	anon := func(a, pages, used uint64) {
		l.own = append(l.own, pageSpan{a >> addrspace.PageShift, used})
		p.mapImage(s, &addrspace.VMA{Start: a, End: a + pages*page, PgOff: a >> addrspace.PageShift, Flags: vmData})
	}
	anon(place(kind.loaderPages*page), kind.loaderPages, kind.loaderUsed)
	cache, lib, tls := kind.cachePages*page, kind.libc.span(), kind.tlsPages*page
	at := place(cache + lib + tls) // one after the other; the cache is unmapped when all is loaded
	if s.BottomUp {
		l.libc = p.mapELF(s, &kind.libc, at+cache, inodes[2])
		anon(at+cache+lib, kind.tlsPages, kind.tlsUsed)
	} else {
		l.libc = p.mapELF(s, &kind.libc, at+tls, inodes[2])
		anon(at, kind.tlsPages, kind.tlsUsed)
	}
	return l
}

// programFile is the inode of a file that a program is loaded from, on the data disk like every other file. Nil: the path is taken by a folder.
func (k *Kernel) programFile(e *elfImage) *inode {
	for range 2 {
		if d, last, err := k.vfs.walk(nil, e.path, true); err != 0 {
			return nil
		} else if c := d.children[last]; c != nil && c.inode != nil {
			if c.inode.folder || c.inode.shm != nil || c.inode.size < e.size {
				return nil
			}
			return c.inode
		}
		if k.declareFile(FileConfig{Path: e.path, Size: e.size}) != "" {
			return nil
		}
	}
	return nil
}

// runLoader touches what the interpreter and the C library's start-up touch, in the order in which they get there, and makes what is relocated read-only.
func (p *Process) runLoader(l *loadedProgram) {
	const mask = addrspace.PageSize - 1
	for _, o := range l.own {
		p.touchSeq(o.from<<addrspace.PageShift, o.n, true, false)
	}
	for _, e := range []loadedImage{l.interp, l.program, l.libc} {
		for _, g := range e.segs {
			start := e.base + g.vaddr&^mask
			for _, t := range g.read {
				p.touchSeq(start+t.from<<addrspace.PageShift, t.n, false, false)
			}
			for _, t := range g.write {
				p.touchSeq(start+t.from<<addrspace.PageShift, t.n, true, false)
			}
		}
		data := e.segs[len(e.segs)-1]
		p.eachVMA(e.base+data.vaddr&^mask, e.base+e.relro, func(prev, v *addrspace.VMA, from, to uint64) (*addrspace.VMA, Errno) {
			return p.mprotectFixup(prev, v, from, to, v.Flags&^addrspace.VMWrite)
		})
	}
}
