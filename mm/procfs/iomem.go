package procfs

import "bytes"

// Iomem is /proc/iomem (kernel/resource.c, r_show()): the ranges of the physical address space, each followed by those inside it.
type Iomem struct {
	Ranges []IomemRange
}

// IomemRange is a range of physical addresses. Without privilege the kernel shows zeros.
type IomemRange struct {
	Level int    // 0 at the top; the file shows at most maxIomemLevel
	Start uint64 // bytes
	End   uint64 // last byte of the range
	Name  string // "System RAM", "Reserved", "Kernel code", "PCI Bus 0000:00" and so on
}

// maxIomemLevel is the deepest level that the file indents (MAX_IORES_LEVEL); what is deeper stands there too.
const maxIomemLevel = 5

// Append appends the file's text to b.
func (f *Iomem) Append(b []byte) []byte {
	for i := range f.Ranges {
		r := &f.Ranges[i]
		b = appendSpaces(b, 2*min(r.Level, maxIomemLevel))
		b = appendHex(b, 8, r.Start)
		b = appendHex(append(b, '-'), 8, r.End)
		b = append(append(append(b, " : "...), r.Name...), '\n')
	}
	return b
}

// ParseIomem reads /proc/iomem, which may be empty. A range is at most one level below the one before it.
func ParseIomem(data []byte) (*Iomem, error) { return parseIomem(newScanner("iomem", data)) }

func parseIomem(s *scanner) (*Iomem, error) {
	f := &Iomem{}
	for s.next() {
		text := bytes.TrimLeft(s.line, " ")
		indent := len(s.line) - len(text)
		addresses, name, ok := bytes.Cut(text, []byte(" : "))
		start, end, ok2 := bytes.Cut(addresses, []byte{'-'})
		if !ok || !ok2 {
			s.fail(s.line, `"START-END : name"`)
			break
		}
		r := IomemRange{Level: indent / 2, Start: s.hex(start), End: s.hex(end), Name: string(name)}
		above := -1
		if n := len(f.Ranges); n > 0 {
			above = f.Ranges[n-1].Level
		}
		switch {
		case indent%2 != 0 || r.Level > above+1 || r.Level > maxIomemLevel:
			s.fail(s.line, "two spaces for each of at most %d levels", min(above+1, maxIomemLevel))
		case r.Start > r.End:
			s.fail(addresses, "an end that is not below the start")
		}
		f.Ranges = append(f.Ranges, r)
	}
	return orNil(f, s.err)
}
