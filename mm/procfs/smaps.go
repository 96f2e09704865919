package procfs

import (
	"bytes"
	"strconv"
)

// Smaps is /proc/PID/smaps (fs/proc/task_mmu.c, show_smap()): each mapping and what memory it has.
type Smaps struct {
	Mappings []SmapsMapping
	Arch     Arch // decides the column in which names begin

	// ProtectionKeys is set for a CPU with protection keys: each mapping has a line ProtectionKey.
	ProtectionKeys bool
}

// SmapsMapping is a mapping.
type SmapsMapping struct {
	Mapping
	Size           uint64 // kB of address space
	KernelPageSize uint64 // kB
	MMUPageSize    uint64 // kB
	SmapsUsage
	THPEligible   uint64   // THPeligible: 0 or 1
	ProtectionKey uint64   // only with ProtectionKeys
	VMFlags       []string // VmFlags: codes of two letters, in the kernel's order
}

// SmapsUsage is the memory of one mapping, or of all of them, in kB.
type SmapsUsage struct {
	Rss            uint64
	Pss            uint64 // Rss with each page divided by the number of its mappings
	PssDirty       uint64 // Pss_Dirty
	PssAnon        uint64 // Pss_Anon: smaps_rollup only, as the next two
	PssFile        uint64 // Pss_File
	PssShmem       uint64 // Pss_Shmem
	SharedClean    uint64 // Shared_Clean: pages mapped more than once, as the next
	SharedDirty    uint64 // Shared_Dirty
	PrivateClean   uint64 // Private_Clean
	PrivateDirty   uint64 // Private_Dirty
	Referenced     uint64
	Anonymous      uint64
	LazyFree       uint64 // MADV_FREE
	AnonHugePages  uint64
	ShmemPmdMapped uint64
	FilePmdMapped  uint64
	SharedHugetlb  uint64 // Shared_Hugetlb
	PrivateHugetlb uint64 // Private_Hugetlb
	Swap           uint64
	SwapPss        uint64 // Swap with each slot divided by the number of its users
	Locked         uint64 // Pss of locked mappings
}

// smapsField is a line of the file.
type smapsField struct {
	label string
	v     *uint64
}

// fields returns the lines in order; those of the rollup include three more.
func (u *SmapsUsage) fields(rollup bool) []smapsField {
	f := make([]smapsField, 0, 21)
	f = append(f, smapsField{"Rss", &u.Rss}, smapsField{"Pss", &u.Pss}, smapsField{"Pss_Dirty", &u.PssDirty})
	if rollup {
		f = append(f, smapsField{"Pss_Anon", &u.PssAnon}, smapsField{"Pss_File", &u.PssFile},
			smapsField{"Pss_Shmem", &u.PssShmem})
	}
	return append(f,
		smapsField{"Shared_Clean", &u.SharedClean},
		smapsField{"Shared_Dirty", &u.SharedDirty},
		smapsField{"Private_Clean", &u.PrivateClean},
		smapsField{"Private_Dirty", &u.PrivateDirty},
		smapsField{"Referenced", &u.Referenced},
		smapsField{"Anonymous", &u.Anonymous},
		smapsField{"LazyFree", &u.LazyFree},
		smapsField{"AnonHugePages", &u.AnonHugePages},
		smapsField{"ShmemPmdMapped", &u.ShmemPmdMapped},
		smapsField{"FilePmdMapped", &u.FilePmdMapped},
		smapsField{"Shared_Hugetlb", &u.SharedHugetlb},
		smapsField{"Private_Hugetlb", &u.PrivateHugetlb},
		smapsField{"Swap", &u.Swap},
		smapsField{"SwapPss", &u.SwapPss},
		smapsField{"Locked", &u.Locked})
}

// appendSmapsFields appends lines of kB: the label, padded so that one of 16 columns still has a space after it, and a value that
// ends in column 24.
func appendSmapsFields(b []byte, fields []smapsField) []byte {
	for _, f := range fields {
		start := len(b)
		b = append(append(b, f.label...), ':')
		b = appendSpaces(b, max(16-(len(b)-start), 0))
		if f.label == "Private_Hugetlb" {
			b = append(b, ' ')
		}
		b = append(appendRight(b, 24-(len(b)-start), *f.v), " kB\n"...)
	}
	return b
}

// Append appends the file's text to b.
func (f *Smaps) Append(b []byte) []byte {
	for i := range f.Mappings {
		m := &f.Mappings[i]
		b = append(m.append(b, f.Arch), '\n')
		b = appendSmapsFields(b, m.sizes())
		b = appendSmapsFields(b, m.fields(false))
		b = append(strconv.AppendUint(append(b, "THPeligible:    "...), m.THPEligible, 10), '\n')
		if f.ProtectionKeys {
			b = append(appendRight(append(b, "ProtectionKey:  "...), 8, m.ProtectionKey), '\n')
		}
		b = append(b, "VmFlags: "...)
		for _, code := range m.VMFlags {
			b = append(append(b, code...), ' ')
		}
		b = append(b, '\n')
	}
	return b
}

// sizes returns the lines before those of the usage.
func (m *SmapsMapping) sizes() []smapsField {
	return []smapsField{{"Size", &m.Size}, {"KernelPageSize", &m.KernelPageSize}, {"MMUPageSize", &m.MMUPageSize}}
}

// ParseSmaps reads /proc/PID/smaps, with the lines that 6.1 has.
func ParseSmaps(data []byte) (*Smaps, error) { return parseSmaps(newScanner("smaps", data)) }

func parseSmaps(s *scanner) (*Smaps, error) {
	f := &Smaps{}
	arch := mappingArch{}
	for s.next() {
		f.Mappings = append(f.Mappings, SmapsMapping{})
		m := &f.Mappings[len(f.Mappings)-1]
		m.Mapping = s.mapping(&arch)
		s.smapsFields(m.sizes())
		s.smapsFields(m.fields(false))
		if s.want("THPeligible") {
			m.THPEligible = s.value("THPeligible:")
		}
		if !s.want("VmFlags") {
			break
		}
		key := bytes.HasPrefix(s.line, []byte("ProtectionKey:"))
		switch {
		case len(f.Mappings) == 1:
			f.ProtectionKeys = key
		case key != f.ProtectionKeys:
			s.fail(s.line, "a ProtectionKey in every mapping or in none")
		}
		if key {
			m.ProtectionKey = s.value("ProtectionKey:")
			s.want("VmFlags")
		}
		codes, ok := bytes.CutPrefix(s.line, []byte("VmFlags: "))
		if !ok {
			s.fail(s.line, `"VmFlags: " and codes`)
		}
		for _, code := range words(codes) {
			m.VMFlags = append(m.VMFlags, string(code))
		}
	}
	f.Arch = arch.arch
	return orNil(f, s.err)
}

// smapsFields reads lines of kB.
func (s *scanner) smapsFields(fields []smapsField) {
	for _, f := range fields {
		if !s.want(f.label) {
			return
		}
		text, ok := bytes.CutPrefix(s.line, []byte(f.label+":"))
		text, ok2 := bytes.CutSuffix(text, []byte(" kB"))
		if !ok || !ok2 {
			s.fail(s.line, "%s: and a number of kB", f.label)
			return
		}
		*f.v = s.uint(bytes.TrimLeft(text, " "))
	}
}

// SmapsRollup is /proc/PID/smaps_rollup: the usage of all mappings together.
type SmapsRollup struct {
	Start, End uint64 // from the start of the first mapping to the end of the last
	SmapsUsage
	Arch Arch // decides the column of "[rollup]"
}

// Append appends the file's text to b.
func (f *SmapsRollup) Append(b []byte) []byte {
	head := Mapping{Start: f.Start, End: f.End, Name: "[rollup]"}
	b = append(head.append(b, f.Arch), '\n')
	return appendSmapsFields(b, f.fields(true))
}

// ParseSmapsRollup reads /proc/PID/smaps_rollup.
func ParseSmapsRollup(data []byte) (*SmapsRollup, error) {
	return parseSmapsRollup(newScanner("smaps_rollup", data))
}

func parseSmapsRollup(s *scanner) (*SmapsRollup, error) {
	f := &SmapsRollup{}
	arch := mappingArch{}
	if s.want("START-END") {
		m := s.mapping(&arch)
		if want := (Mapping{Start: m.Start, End: m.End, Name: "[rollup]"}); m != want {
			s.fail(s.line, "START-END ---p 00000000 00:00 0 [rollup]")
		}
		f.Start, f.End = m.Start, m.End
		s.smapsFields(f.fields(true))
	}
	f.Arch = arch.arch
	return orNil(f, s.end())
}
