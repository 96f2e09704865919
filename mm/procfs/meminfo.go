package procfs

import (
	"bytes"
	"strings"
)

// Meminfo is /proc/meminfo (fs/proc/meminfo.c; proc_meminfo(5)). Values are in kB of 1024 bytes, except the four counts of
// huge pages.
type Meminfo struct {
	MemTotal          uint64 // managed pages of all zones
	MemFree           uint64 // free pages of all zones, without those on per-CPU lists
	MemAvailable      uint64 // si_mem_available()
	Buffers           uint64 // page cache of block devices
	Cached            uint64 // page cache without Buffers and SwapCached; with tmpfs and shared memory
	SwapCached        uint64
	Active            uint64 // ActiveAnon + ActiveFile
	Inactive          uint64 // InactiveAnon + InactiveFile
	ActiveAnon        uint64 // Active(anon)
	InactiveAnon      uint64 // Inactive(anon)
	ActiveFile        uint64 // Active(file)
	InactiveFile      uint64 // Inactive(file)
	Unevictable       uint64
	Mlocked           uint64
	HighTotal         uint64 // this and the next three: kernels with HIGHMEM
	HighFree          uint64
	LowTotal          uint64
	LowFree           uint64
	SwapTotal         uint64
	SwapFree          uint64
	Zswap             uint64 // this and the next: kernels with ZSWAP
	Zswapped          uint64
	Dirty             uint64
	Writeback         uint64
	AnonPages         uint64
	Mapped            uint64
	Shmem             uint64
	KReclaimable      uint64 // SReclaimable + nr_kernel_misc_reclaimable
	Slab              uint64 // SReclaimable + SUnreclaim
	SReclaimable      uint64
	SUnreclaim        uint64
	KernelStack       uint64
	PageTables        uint64
	SecPageTables     uint64
	NFSUnstable       uint64 // NFS_Unstable: always 0
	Bounce            uint64
	WritebackTmp      uint64
	CommitLimit       uint64
	CommittedAS       uint64 // Committed_AS
	VmallocTotal      uint64
	VmallocUsed       uint64
	VmallocChunk      uint64 // always 0
	Percpu            uint64
	HardwareCorrupted uint64 // kernels with MEMORY_FAILURE
	AnonHugePages     uint64
	ShmemHugePages    uint64
	ShmemPmdMapped    uint64
	FileHugePages     uint64
	FilePmdMapped     uint64
	CmaTotal          uint64 // this and the next: kernels with CMA
	CmaFree           uint64
	HugePagesTotal    uint64 // HugePages_Total: a count of pages of Hugepagesize, as the next three
	HugePagesFree     uint64
	HugePagesRsvd     uint64
	HugePagesSurp     uint64
	Hugepagesize      uint64
	Hugetlb           uint64 // memory in huge pages of all sizes
	DirectMap4k       uint64
	DirectMap2M       uint64 // x86-64, and i386 with PAE
	DirectMap4M       uint64 // i386
	DirectMap1G       uint64 // x86-64 with pages of 1 GiB

	// Layout tells which lines there are; nil is MeminfoLayout(X86_64).
	Layout *Layout
	// Unknown holds the values of the layout's other lines (see [Layout]).
	Unknown []MeminfoValue
}

// MeminfoValue is the value of a line that has no field.
type MeminfoValue struct {
	Value uint64
	Count bool // the line has no unit: a count, not kB
}

// meminfoLine says how a line of a field is written: the label, with its colon, is padded to pad columns, the value is right
// aligned in what is left of the 24 columns up to the unit.
type meminfoLine struct {
	name  string
	field func(*Meminfo) *uint64
	pad   int
	count bool
}

// meminfoValueEnd is the column in which values end unless they are too long.
const meminfoValueEnd = 24

var meminfoLines = []meminfoLine{
	{"MemTotal", func(m *Meminfo) *uint64 { return &m.MemTotal }, 16, false},
	{"MemFree", func(m *Meminfo) *uint64 { return &m.MemFree }, 16, false},
	{"MemAvailable", func(m *Meminfo) *uint64 { return &m.MemAvailable }, 16, false},
	{"Buffers", func(m *Meminfo) *uint64 { return &m.Buffers }, 16, false},
	{"Cached", func(m *Meminfo) *uint64 { return &m.Cached }, 16, false},
	{"SwapCached", func(m *Meminfo) *uint64 { return &m.SwapCached }, 16, false},
	{"Active", func(m *Meminfo) *uint64 { return &m.Active }, 16, false},
	{"Inactive", func(m *Meminfo) *uint64 { return &m.Inactive }, 16, false},
	{"Active(anon)", func(m *Meminfo) *uint64 { return &m.ActiveAnon }, 16, false},
	{"Inactive(anon)", func(m *Meminfo) *uint64 { return &m.InactiveAnon }, 16, false},
	{"Active(file)", func(m *Meminfo) *uint64 { return &m.ActiveFile }, 16, false},
	{"Inactive(file)", func(m *Meminfo) *uint64 { return &m.InactiveFile }, 16, false},
	{"Unevictable", func(m *Meminfo) *uint64 { return &m.Unevictable }, 16, false},
	{"Mlocked", func(m *Meminfo) *uint64 { return &m.Mlocked }, 16, false},
	{"HighTotal", func(m *Meminfo) *uint64 { return &m.HighTotal }, 16, false},
	{"HighFree", func(m *Meminfo) *uint64 { return &m.HighFree }, 16, false},
	{"LowTotal", func(m *Meminfo) *uint64 { return &m.LowTotal }, 16, false},
	{"LowFree", func(m *Meminfo) *uint64 { return &m.LowFree }, 16, false},
	{"SwapTotal", func(m *Meminfo) *uint64 { return &m.SwapTotal }, 16, false},
	{"SwapFree", func(m *Meminfo) *uint64 { return &m.SwapFree }, 16, false},
	{"Zswap", func(m *Meminfo) *uint64 { return &m.Zswap }, 16, false},
	{"Zswapped", func(m *Meminfo) *uint64 { return &m.Zswapped }, 16, false},
	{"Dirty", func(m *Meminfo) *uint64 { return &m.Dirty }, 16, false},
	{"Writeback", func(m *Meminfo) *uint64 { return &m.Writeback }, 16, false},
	{"AnonPages", func(m *Meminfo) *uint64 { return &m.AnonPages }, 16, false},
	{"Mapped", func(m *Meminfo) *uint64 { return &m.Mapped }, 16, false},
	{"Shmem", func(m *Meminfo) *uint64 { return &m.Shmem }, 16, false},
	{"KReclaimable", func(m *Meminfo) *uint64 { return &m.KReclaimable }, 16, false},
	{"Slab", func(m *Meminfo) *uint64 { return &m.Slab }, 16, false},
	{"SReclaimable", func(m *Meminfo) *uint64 { return &m.SReclaimable }, 16, false},
	{"SUnreclaim", func(m *Meminfo) *uint64 { return &m.SUnreclaim }, 16, false},
	{"KernelStack", func(m *Meminfo) *uint64 { return &m.KernelStack }, 16, false},
	{"PageTables", func(m *Meminfo) *uint64 { return &m.PageTables }, 16, false},
	{"SecPageTables", func(m *Meminfo) *uint64 { return &m.SecPageTables }, 16, false},
	{"NFS_Unstable", func(m *Meminfo) *uint64 { return &m.NFSUnstable }, 16, false},
	{"Bounce", func(m *Meminfo) *uint64 { return &m.Bounce }, 16, false},
	{"WritebackTmp", func(m *Meminfo) *uint64 { return &m.WritebackTmp }, 16, false},
	{"CommitLimit", func(m *Meminfo) *uint64 { return &m.CommitLimit }, 16, false},
	{"Committed_AS", func(m *Meminfo) *uint64 { return &m.CommittedAS }, 16, false},
	{"VmallocTotal", func(m *Meminfo) *uint64 { return &m.VmallocTotal }, 16, false},
	{"VmallocUsed", func(m *Meminfo) *uint64 { return &m.VmallocUsed }, 16, false},
	{"VmallocChunk", func(m *Meminfo) *uint64 { return &m.VmallocChunk }, 16, false},
	{"Percpu", func(m *Meminfo) *uint64 { return &m.Percpu }, 16, false},
	{"HardwareCorrupted", func(m *Meminfo) *uint64 { return &m.HardwareCorrupted }, 19, false},
	{"AnonHugePages", func(m *Meminfo) *uint64 { return &m.AnonHugePages }, 16, false},
	{"ShmemHugePages", func(m *Meminfo) *uint64 { return &m.ShmemHugePages }, 16, false},
	{"ShmemPmdMapped", func(m *Meminfo) *uint64 { return &m.ShmemPmdMapped }, 16, false},
	{"FileHugePages", func(m *Meminfo) *uint64 { return &m.FileHugePages }, 16, false},
	{"FilePmdMapped", func(m *Meminfo) *uint64 { return &m.FilePmdMapped }, 16, false},
	{"CmaTotal", func(m *Meminfo) *uint64 { return &m.CmaTotal }, 16, false},
	{"CmaFree", func(m *Meminfo) *uint64 { return &m.CmaFree }, 16, false},
	{"HugePages_Total", func(m *Meminfo) *uint64 { return &m.HugePagesTotal }, 19, true},
	{"HugePages_Free", func(m *Meminfo) *uint64 { return &m.HugePagesFree }, 19, true},
	{"HugePages_Rsvd", func(m *Meminfo) *uint64 { return &m.HugePagesRsvd }, 19, true},
	{"HugePages_Surp", func(m *Meminfo) *uint64 { return &m.HugePagesSurp }, 19, true},
	{"Hugepagesize", func(m *Meminfo) *uint64 { return &m.Hugepagesize }, 16, false},
	{"Hugetlb", func(m *Meminfo) *uint64 { return &m.Hugetlb }, 16, false},
	{"DirectMap4k", func(m *Meminfo) *uint64 { return &m.DirectMap4k }, 16, false},
	{"DirectMap2M", func(m *Meminfo) *uint64 { return &m.DirectMap2M }, 16, false},
	{"DirectMap4M", func(m *Meminfo) *uint64 { return &m.DirectMap4M }, 16, false},
	{"DirectMap1G", func(m *Meminfo) *uint64 { return &m.DirectMap1G }, 16, false},
}

var (
	meminfoNames   = meminfoAllNames()
	meminfoIndex   = indexOf(meminfoNames)
	meminfoLayouts = [...]*Layout{
		X86_64: newLayout(without(meminfoNames, "HighTotal", "HighFree", "LowTotal", "LowFree", "Zswap", "Zswapped",
			"HardwareCorrupted", "CmaTotal", "CmaFree", "DirectMap4M", "DirectMap1G"), meminfoIndex),
		I386: newLayout(without(meminfoNames, "CmaTotal", "CmaFree", "DirectMap2M", "DirectMap1G"), meminfoIndex),
	}
)

func meminfoAllNames() []string {
	names := make([]string, len(meminfoLines))
	for i := range meminfoLines {
		names[i] = meminfoLines[i].name
	}
	return names
}

// MeminfoLayout returns the lines that the reference kernel of the architecture prints: x86-64 as Debian's cloud kernel, without
// pages of 1 GiB, i386 as Debian's kernel without PAE.
func MeminfoLayout(arch Arch) *Layout { return meminfoLayouts[arch] }

// MeminfoLayoutOf returns the layout with these lines, for a kernel with other options; names are labels without the colon.
func MeminfoLayoutOf(names ...string) *Layout { return newLayout(names, meminfoIndex) }

// Value returns the value of a line by its label without the colon, as "Active(anon)": kB, or a count for the HugePages_ lines.
// It is false for a line that the file does not have.
func (m *Meminfo) Value(label string) (uint64, bool) {
	l := m.Layout.or(meminfoLayouts[X86_64])
	for i, name := range l.names {
		if name == label {
			if id := l.ids[i]; id >= 0 {
				return *meminfoLines[id].field(m), true
			} else if ^id < len(m.Unknown) {
				return m.Unknown[^id].Value, true
			}
		}
	}
	return 0, false
}

// Append appends the file's text to b.
func (m *Meminfo) Append(b []byte) []byte {
	l := m.Layout.or(meminfoLayouts[X86_64])
	for i, id := range l.ids {
		line := meminfoLine{name: l.names[i], pad: 16}
		var v uint64
		if id >= 0 {
			line = meminfoLines[id]
			v = *line.field(m)
		} else if ^id < len(m.Unknown) {
			v, line.count = m.Unknown[^id].Value, m.Unknown[^id].Count
			line.pad = max(line.pad, len(line.name)+2)
		}
		b = append(b, line.name...)
		b = append(b, ':')
		b = appendSpaces(b, line.pad-len(line.name)-1)
		b = appendRight(b, meminfoValueEnd-line.pad, v)
		if !line.count {
			b = append(b, " kB"...)
		}
		b = append(b, '\n')
	}
	return b
}

// ParseMeminfo reads /proc/meminfo of any kernel: every line is a label, a number and perhaps the unit kB. MemTotal and MemFree
// have to be there.
func ParseMeminfo(data []byte) (*Meminfo, error) { return parseMeminfo(newScanner("meminfo", data)) }

func parseMeminfo(s *scanner) (*Meminfo, error) {
	m := &Meminfo{}
	b := blocks{what: "line", index: meminfoIndex, known: meminfoLayouts[:]}
	for s.next() {
		label, rest, ok := bytes.Cut(s.line, []byte{':'})
		if !ok || len(label) == 0 || strings.ContainsAny(string(label), " \t") {
			s.fail(s.line, "a label, a colon and a number")
			break
		}
		f := words(rest)
		if len(f) == 0 || len(f) > 2 || len(f) == 2 && string(f[1]) != "kB" {
			s.fail(s.line, "a number after the label, and kB or nothing after that")
			break
		}
		v := s.uint(f[0])
		count := len(f) == 1
		id := b.name(s, label)
		if id < 0 {
			m.Unknown = append(m.Unknown, MeminfoValue{Value: v, Count: count})
			continue
		}
		if line := &meminfoLines[id]; count != line.count {
			s.fail(s.line, "the unit kB after every value but the HugePages_ counts")
		} else {
			*line.field(m) = v
		}
	}
	if s.err == nil {
		b.finish(s)
		m.Layout = b.layout
		for _, name := range []string{"MemTotal", "MemFree"} {
			if s.err == nil && !m.Layout.Has(name) {
				s.err = &ParseError{File: s.file, Want: "a line " + name}
			}
		}
	}
	return orNil(m, s.err)
}

// orNil returns v, or nil with an error.
func orNil[T any](v *T, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	return v, nil
}
