package procfs

import (
	"bytes"
	"strconv"
	"strings"
)

// NumaMaps is /proc/PID/numa_maps (fs/proc/task_mmu.c, show_numa_map()): where the pages of each mapping lie.
type NumaMaps struct {
	Mappings []NumaMapping
}

// NumaMapping is a line: a VMA. Counts are in pages of KernelPagesize, which is 0 if no page is mapped.
type NumaMapping struct {
	Start          uint64 // address
	Policy         string // "default", "bind:0", ...
	File           string // path, with the blanks in it as \040; empty if anonymous
	Heap, Stack    bool
	Pages          uint64 // mapped: the sum over nodes
	Anon, Dirty    uint64
	MapcountMax    uint64 // the largest number of mappings of a page
	SwapCache      uint64
	Active         uint64 // on an active list, or unevictable
	Writeback      uint64
	Nodes          []NumaNodePages // of the nodes that have any
	KernelPagesize uint64          // kB
}

// NumaNodePages is how many pages of a mapping a node has.
type NumaNodePages struct {
	Node  int
	Pages uint64
}

// Append appends the file's text to b.
func (f *NumaMaps) Append(b []byte) []byte {
	for i := range f.Mappings {
		b = append(f.Mappings[i].append(b), '\n')
	}
	return b
}

func (m *NumaMapping) append(b []byte) []byte {
	b = append(appendHex(b, 8, m.Start), ' ')
	b = append(b, m.Policy...)
	switch {
	case m.File != "":
		b = append(append(b, " file="...), m.File...)
	case m.Heap:
		b = append(b, " heap"...)
	case m.Stack:
		b = append(b, " stack"...)
	}
	if m.Pages == 0 {
		return b
	}
	item := func(name string, n uint64, show bool) {
		if show {
			b = strconv.AppendUint(append(append(append(b, ' '), name...), '='), n, 10)
		}
	}
	item("anon", m.Anon, m.Anon > 0)
	item("dirty", m.Dirty, m.Dirty > 0)
	item("mapped", m.Pages, m.Pages != m.Anon && m.Pages != m.Dirty)
	item("mapmax", m.MapcountMax, m.MapcountMax > 1)
	item("swapcache", m.SwapCache, m.SwapCache > 0)
	item("active", m.Active, m.Active < m.Pages)
	item("writeback", m.Writeback, m.Writeback > 0)
	for _, n := range m.Nodes {
		item("N"+strconv.Itoa(n.Node), n.Pages, n.Pages > 0)
	}
	item("kernelpagesize_kB", m.KernelPagesize, true)
	return b
}

// ParseNumaMaps reads /proc/PID/numa_maps.
func ParseNumaMaps(data []byte) (*NumaMaps, error) {
	return parseNumaMaps(newScanner("numa_maps", data))
}

func parseNumaMaps(s *scanner) (*NumaMaps, error) {
	f := &NumaMaps{}
	for s.next() {
		f.Mappings = append(f.Mappings, s.numaMapping())
	}
	return orNil(f, s.err)
}

func (s *scanner) numaMapping() NumaMapping {
	var m NumaMapping
	w := words(s.line)
	if len(w) < 2 || len(w[0]) < 8 {
		s.fail(s.line, "ADDRESS POLICY and counts")
		return m
	}
	m.Start, m.Policy = s.hex(w[0]), string(w[1])
	active := false
	for _, item := range w[2:] {
		name, value, ok := bytes.Cut(item, []byte{'='})
		switch key := string(name); {
		case !ok && key == "heap":
			m.Heap = true
		case !ok && key == "stack":
			m.Stack = true
		case ok && key == "file":
			m.File = string(value)
		case !ok:
			s.fail(item, "NAME=NUMBER, heap or stack")
		case strings.HasPrefix(key, "N"):
			n := NumaNodePages{Node: int(s.uint(name[1:])), Pages: s.uint(value)}
			m.Nodes = append(m.Nodes, n)
			m.Pages += n.Pages
		default:
			p := map[string]*uint64{
				"anon": &m.Anon, "dirty": &m.Dirty, "mapmax": &m.MapcountMax, "swapcache": &m.SwapCache, "active": &m.Active,
				"writeback": &m.Writeback, "kernelpagesize_kB": &m.KernelPagesize, "mapped": new(uint64),
			}[key]
			if p == nil {
				s.fail(item, "a known count")
				return m
			}
			*p = s.uint(value)
			active = active || key == "active"
		}
	}
	if !active {
		m.Active = m.Pages
	}
	return m
}
