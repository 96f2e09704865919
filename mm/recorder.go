package mm

import (
	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
)

// What a declared process of a recorded machine runs is the recorder: a static program with the interpreter that ran the scenario. /proc/PID/smaps of one
// shows these mappings, whose sizes but for the constants below follow from what the record says of it (process_baseline): the program's header, text,
// constants, constants that were relocated, data, and zeros; a page of heap; a page and the interpreter's own memory far from all else; memory that it
// shares with the others, away from that; the kernel's pages; and the stack. Program and interpreter are locked in memory.
const (
	recorderHeader    = 1   // pages: the ELF header
	recorderRelocated = 2   // of the relocated constants, those that relocation has written to
	recorderScratch   = 1   // the page before the interpreter's memory, which is never touched
	recorderArena     = 256 // the interpreter's memory
)

// recorderKind is what depends on the architecture.
type recorderKind struct {
	relro, data   uint64 // pages of relocated constants and of data
	arena, shared uint64 // addresses of the page before the interpreter's memory, and of what is shared
}

func (k *Kernel) recorderKind() recorderKind {
	if k.Mem.Arch == phys.I386 {
		return recorderKind{3, 2, 0x50000000, 0x5f000000}
	}
	return recorderKind{5, 3, 0x100000000000, 0x110000000000}
}

// A recorder is what a process of a recorded machine has beside the scenario's own memory.
type recorder struct {
	parts []recorderPart
	text  recorderPart // of the parts, what the program executes
	heap  uint64       // where the heap begins
	stack uint64       // resident pages of the stack
}

// A recorderPart is one mapping.
type recorderPart struct {
	start, pages uint64
	flags        addrspace.VMFlags
	file, shared bool   // it maps the program; it is shared memory
	index        uint64 // where in the program
	anon         uint64 // its last pages are anonymous and resident
}

func (r recorderPart) end() uint64 { return r.start + r.pages<<addrspace.PageShift }

// recorder is the layout of the recorder on this machine, and nil if it was not recorded, or by another recorder.
func (k *Kernel) recorder() *recorder {
	if k.cfg.Boot == nil || k.cfg.Boot.Baseline.VmExe == 0 {
		return nil
	}
	b, kind := k.cfg.Boot.Baseline, k.recorderKind()
	other := b.VmStk/4 + b.RssShmem/4 + vvarPages + vdsoPages + recorderScratch + recorderArena + startHeap
	private := kind.data + recorderScratch + recorderArena + startHeap
	if b.VmSize/4 < other || b.VmData/4 < private {
		return nil
	}
	bss := b.VmData/4 - private
	resident := recorderRelocated + kind.data + bss + startHeap + recorderArena
	image := b.VmSize/4 - other
	named := recorderHeader + b.VmExe/4 + kind.relro + kind.data + bss
	if image < named || b.RssAnon/4 < resident || b.RssAnon/4-resident > b.VmStk/4 {
		return nil
	}
	const (
		r  = addrspace.VMRead | vmMayAll | addrspace.VMLocked
		rx = r | addrspace.VMExec
		rw = vmData | addrspace.VMLocked
	)
	l := &recorder{stack: b.RssAnon/4 - resident, heap: k.layout.StaticBase}
	index := uint64(0)
	section := func(pages uint64, flags addrspace.VMFlags, file bool, anon uint64) {
		l.parts = append(l.parts, recorderPart{start: l.heap, pages: pages, flags: flags, file: file, index: index, anon: anon})
		l.heap += pages << addrspace.PageShift
		index += pages
	}
	section(recorderHeader, r, true, 0)
	section(b.VmExe/4, rx, true, 0)
	l.text = l.parts[1]
	section(image-named, r, true, 0)
	section(kind.relro, r|addrspace.VMAccount, true, recorderRelocated)
	section(kind.data, rw, true, kind.data)
	section(bss, rw, false, bss)
	const page = addrspace.PageSize
	l.parts = append(
		l.parts,
		recorderPart{start: kind.arena, pages: recorderScratch, flags: vmData},
		recorderPart{start: kind.arena + recorderScratch*page, pages: recorderArena, flags: rw | addrspace.VMNoHugePage, anon: recorderArena},
		recorderPart{
			start: kind.shared, pages: b.RssShmem / 4, shared: true,
			flags: addrspace.VMRead | addrspace.VMWrite | vmMayAll | addrspace.VMShared | addrspace.VMMayShare,
		},
	)
	return l
}

// locked is how many pages of the program, and of what is shared, the recorder's first process has locked in memory. None without a recorder.
func (r *recorder) locked() (text, shared uint64) {
	if r == nil {
		return 0, 0
	}
	for _, part := range r.parts {
		switch {
		case part.file:
			text += part.pages - part.anon
		case part.shared:
			shared += part.pages
		}
	}
	return text, shared
}
