package procfs

import (
	"bytes"
	"strconv"
	"strings"
)

// Maps is /proc/PID/maps (fs/proc/task_mmu.c, show_map_vma()): the mappings of a process by address. It is empty for a kernel
// thread.
type Maps struct {
	Mappings []Mapping
	Arch     Arch // decides the column in which names begin
}

// Mapping is a line: a VMA.
type Mapping struct {
	Start, End        uint64 // addresses: Start <= address < End
	Read, Write, Exec bool
	Shared            bool   // VM_MAYSHARE
	Offset            uint64 // of Start in the file, in bytes
	Major, Minor      uint64 // the file's device; 0 if anonymous
	Inode             uint64 // 0 if anonymous
	// Name is a path with " (deleted)" after it if the file is, "[heap]", "[stack]", "[vdso]" and so on, or empty. A newline in it
	// is written as \012.
	Name string
}

// nameColumn is the column, from 0, of the space before a name (seq_setwidth(25 + sizeof(void *) * 6 - 1)).
func (a Arch) nameColumn() int {
	if a == I386 {
		return 48
	}
	return 72
}

// Append appends the file's text to b.
func (f *Maps) Append(b []byte) []byte {
	for i := range f.Mappings {
		b = append(f.Mappings[i].append(b, f.Arch), '\n')
	}
	return b
}

// append appends the mapping's line without the newline.
func (m *Mapping) append(b []byte, arch Arch) []byte {
	start := len(b)
	b = append(appendHex(b, 8, m.Start), '-')
	b = append(appendHex(b, 8, m.End), ' ')
	perms := [...]byte{'-', '-', '-', 'p'}
	if m.Read {
		perms[0] = 'r'
	}
	if m.Write {
		perms[1] = 'w'
	}
	if m.Exec {
		perms[2] = 'x'
	}
	if m.Shared {
		perms[3] = 's'
	}
	b = append(append(b, perms[:]...), ' ')
	b = append(appendHex(b, 8, m.Offset), ' ')
	b = append(appendHex(b, 2, m.Major), ':')
	b = append(appendHex(b, 2, m.Minor), ' ')
	b = append(strconv.AppendUint(b, m.Inode, 10), ' ')
	if m.Name == "" {
		return b
	}
	b = append(appendSpaces(b, arch.nameColumn()-(len(b)-start)), ' ')
	return append(b, strings.ReplaceAll(m.Name, "\n", `\012`)...)
}

// ParseMaps reads /proc/PID/maps. Arch is told by the first line with a name; it is X86_64 if there is none.
func ParseMaps(data []byte) (*Maps, error) { return parseMaps(newScanner("maps", data)) }

func parseMaps(s *scanner) (*Maps, error) {
	f := &Maps{}
	arch := mappingArch{}
	for s.next() {
		f.Mappings = append(f.Mappings, s.mapping(&arch))
	}
	f.Arch = arch.arch
	return orNil(f, s.err)
}

// mappingArch is what is known of the column of names while lines are read.
type mappingArch struct {
	arch  Arch
	known bool
}

// mapping reads a mapping's line. The name is what stands after the column for names, or after one space where the rest is longer.
func (s *scanner) mapping(arch *mappingArch) Mapping {
	var m Mapping
	var w [5][]byte
	text, ok := s.line, true
	for i := range w {
		if w[i], text, ok = bytes.Cut(text, []byte{' '}); !ok {
			s.fail(s.line, "START-END perms offset major:minor inode")
			return m
		}
	}
	start, end, ok := bytes.Cut(w[0], []byte{'-'})
	major, minor, ok2 := bytes.Cut(w[3], []byte{':'})
	if !ok || !ok2 || len(w[1]) != 4 {
		s.fail(s.line, "START-END perms offset major:minor inode")
		return m
	}
	m.Start, m.End, m.Offset = s.hex(start), s.hex(end), s.hex(w[2])
	m.Major, m.Minor, m.Inode = s.hex(major), s.hex(minor), s.uint(w[4])
	// Shorter numbers would move the names from their column.
	if min(len(start), len(end), len(w[2])) < 8 || min(len(major), len(minor)) < 2 {
		s.fail(s.line, "addresses and an offset of at least 8 digits, and 2 for a device's numbers")
	}
	if m.Start > m.End {
		s.fail(w[0], "an end that is not below the start")
	}
	for i, set := range [...]*bool{&m.Read, &m.Write, &m.Exec, &m.Shared} {
		switch yes, no := "rwxs"[i], "---p"[i]; w[1][i] {
		case yes:
			*set = true
		case no:
		default:
			s.fail(w[1], "permissions such as rw-p")
		}
	}
	if len(text) == 0 {
		return m
	}
	prefix := len(s.line) - len(text)
	if column := len(s.line) - len(bytes.TrimLeft(text, " ")); !arch.known {
		// A line too long for the column of names has one space, which tells nothing. Otherwise the first name tells the column;
		// spaces beyond it belong to the name.
		if column == prefix+1 && column != I386.nameColumn()+1 && column != X86_64.nameColumn()+1 {
			m.Name = string(text[1:])
			return m
		}
		arch.known = true
		if column < X86_64.nameColumn()+1 {
			arch.arch = I386
		}
	}
	skip := max(arch.arch.nameColumn()-prefix, 0) + 1
	if len(text) <= skip || len(bytes.Trim(text[:skip], " ")) > 0 {
		s.fail(text, "a name in column %d", max(arch.arch.nameColumn(), prefix)+1)
		return m
	}
	m.Name = string(text[skip:])
	return m
}
