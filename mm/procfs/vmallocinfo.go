package procfs

import (
	"bytes"
	"strconv"
)

// Vmallocinfo is /proc/vmallocinfo (mm/vmalloc.c, vmalloc_info_show()): the areas of the kernel's vmalloc range by address, then
// those that are freed but not unmapped yet.
type Vmallocinfo struct {
	Areas []VmallocArea
	// Arch is the width of addresses: 16 digits or 8. PhysDigits is the width of a physical address; 0 means that of Arch (i386
	// with PAE has 16).
	Arch       Arch
	PhysDigits int
}

// VmallocKind says what a line of the file stands for.
type VmallocKind uint8

// The kinds of lines.
const (
	VmallocVM       VmallocKind = iota // an area of vmalloc(), vmap(), ioremap() or the like
	VmallocMapRAM                      // vm_map_ram()
	VmallocUnpurged                    // freed, its page tables and TLB entries still to be removed
)

// VmallocFlags are the properties of an area that the file names.
type VmallocFlags uint8

// The flags, in the order of the file.
const (
	VmallocIoremap     VmallocFlags = 1 << iota // ioremap
	VmallocVmalloc                              // vmalloc
	VmallocVmap                                 // vmap
	VmallocUser                                 // user: may be mapped into a process
	VmallocDMACoherent                          // dma-coherent
	VmallocVpages                               // vpages: the array of its pages is itself from vmalloc
)

var vmallocFlagNames = [...]string{"ioremap", "vmalloc", "vmap", "user", "dma-coherent", "vpages"}

// VmallocArea is a line. Only areas of kind VmallocVM have anything beyond Start, End and Size.
type VmallocArea struct {
	Start, End uint64 // addresses; hashed or zero for a reader without privilege
	Size       uint64 // bytes, the guard page included
	Kind       VmallocKind
	Caller     string // who asked for it, as symbol+0xoff/0xlen, with " [module]" after it if it is in one; may be empty
	Pages      uint64 // pages of memory that belong to it
	HasPhys    bool   // it maps physical memory at Phys
	Phys       uint64
	Flags      VmallocFlags
	Nodes      []VmallocNode // where its pages are, by node; kernels with NUMA
}

// VmallocNode is a number of pages on a node.
type VmallocNode struct {
	Node  int
	Pages uint64
}

// Append appends the file's text to b.
func (f *Vmallocinfo) Append(b []byte) []byte {
	digits := f.Arch.addressDigits()
	phys := f.PhysDigits
	if phys == 0 {
		phys = digits
	}
	for i := range f.Areas {
		a := &f.Areas[i]
		b = appendHex(append(b, "0x"...), digits, a.Start)
		b = appendHex(append(b, "-0x"...), digits, a.End)
		b = appendRight(append(b, ' '), 7, a.Size)
		switch a.Kind {
		case VmallocMapRAM:
			b = append(b, " vm_map_ram"...)
		case VmallocUnpurged:
			b = append(b, " unpurged vm_area"...)
		default:
			b = a.append(b, phys)
		}
		b = append(b, '\n')
	}
	return b
}

// append appends what only an area of kind VmallocVM has.
func (a *VmallocArea) append(b []byte, phys int) []byte {
	if a.Caller != "" {
		b = append(append(b, ' '), a.Caller...)
	}
	if a.Pages != 0 {
		b = strconv.AppendUint(append(b, " pages="...), a.Pages, 10)
	}
	if a.HasPhys {
		b = appendHex(append(b, " phys=0x"...), phys, a.Phys)
	}
	for i, name := range vmallocFlagNames {
		if a.Flags&(1<<i) != 0 {
			b = append(append(b, ' '), name...)
		}
	}
	for _, n := range a.Nodes {
		b = strconv.AppendInt(append(b, " N"...), int64(n.Node), 10)
		b = strconv.AppendUint(append(b, '='), n.Pages, 10)
	}
	return b
}

// ParseVmallocinfo reads /proc/vmallocinfo, which may be empty. Arch is that of the first line. An unknown word after an area is an
// error.
func ParseVmallocinfo(data []byte) (*Vmallocinfo, error) {
	return parseVmallocinfo(newScanner("vmallocinfo", data))
}

func parseVmallocinfo(s *scanner) (*Vmallocinfo, error) {
	f := &Vmallocinfo{}
	for s.next() {
		first, text, ok := bytes.Cut(s.line, []byte{' '})
		start, end, ok2 := bytes.Cut(first, []byte{'-'})
		start, ok3 := bytes.CutPrefix(start, []byte("0x"))
		end, ok4 := bytes.CutPrefix(end, []byte("0x"))
		if !ok || !ok2 || !ok3 || !ok4 {
			s.fail(s.line, "0xSTART-0xEND and a size")
			break
		}
		if len(f.Areas) == 0 && len(start) <= I386.addressDigits() {
			f.Arch = I386
		}
		a := VmallocArea{Start: s.hex(start), End: s.hex(end)}
		if digits := f.Arch.addressDigits(); len(start) != digits || len(end) != digits {
			s.fail(first, "addresses of %d digits", digits)
		}
		size, text, _ := bytes.Cut(bytes.TrimLeft(text, " "), []byte{' '})
		a.Size = s.uint(size)
		switch string(bytes.Trim(text, " ")) {
		case "vm_map_ram":
			a.Kind = VmallocMapRAM
		case "unpurged vm_area":
			a.Kind = VmallocUnpurged
		default:
			s.vmallocArea(f, &a, text)
		}
		f.Areas = append(f.Areas, a)
	}
	if f.PhysDigits == f.Arch.addressDigits() {
		f.PhysDigits = 0
	}
	return orNil(f, s.err)
}

// vmallocArea reads what follows the size of an area of kind VmallocVM.
func (s *scanner) vmallocArea(f *Vmallocinfo, a *VmallocArea, text []byte) {
	list := words(text)
	if len(list) > 0 && !vmallocProperty(list[0]) {
		a.Caller = string(list[0])
		list = list[1:]
		if len(list) > 0 && list[0][0] == '[' {
			a.Caller += " " + string(list[0])
			list = list[1:]
		}
	}
	for _, w := range list {
		key, value, assigned := bytes.Cut(w, []byte{'='})
		switch {
		case assigned && string(key) == "pages":
			a.Pages = s.uint(value)
		case assigned && string(key) == "phys":
			digits, ok := bytes.CutPrefix(value, []byte("0x"))
			if !ok || f.PhysDigits != 0 && f.PhysDigits != len(digits) {
				s.fail(w, "phys=0x and as many digits as in the lines before")
				return
			}
			f.PhysDigits = len(digits)
			a.HasPhys, a.Phys = true, s.hex(digits)
		case assigned && len(key) > 1 && key[0] == 'N':
			a.Nodes = append(a.Nodes, VmallocNode{Node: s.number(key[1:]), Pages: s.uint(value)})
		default:
			flag := vmallocFlag(w)
			if flag == 0 {
				s.fail(w, "pages=, phys=, N<node>= or one of %q", vmallocFlagNames)
				return
			}
			a.Flags |= flag
		}
	}
}

// vmallocFlag returns the flag of this name, 0 if there is none.
func vmallocFlag(word []byte) VmallocFlags {
	for i, name := range vmallocFlagNames {
		if string(word) == name {
			return 1 << i
		}
	}
	return 0
}

// vmallocProperty says whether a word after the size is a property of the area and not the caller. A caller has no '='.
func vmallocProperty(word []byte) bool {
	return vmallocFlag(word) != 0 || bytes.IndexByte(word, '=') >= 0
}
