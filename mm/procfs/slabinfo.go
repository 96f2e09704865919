package procfs

import (
	"bytes"
)

// Slabinfo is /proc/slabinfo (mm/slab_common.c, cache_show()): the kernel's object caches, newest first.
type Slabinfo struct {
	Caches []SlabCache
}

// SlabCache is a cache's line.
type SlabCache struct {
	Name         string
	ActiveObjs   uint64 // objects; SLUB counts all but the free ones in the nodes' partial slabs
	NumObjs      uint64 // objects that all slabs have room for
	ObjSize      uint64 // bytes, with padding
	ObjPerSlab   uint64
	PagesPerSlab uint64
	Limit        uint64 // objects in a CPU's array; this and the next two are 0 with SLUB
	Batchcount   uint64
	Sharedfactor uint64
	ActiveSlabs  uint64
	NumSlabs     uint64
	SharedAvail  uint64 // objects in shared arrays; 0 with SLUB
}

const (
	slabinfoVersion = "slabinfo - version: 2.1"
	slabinfoHeader  = "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>" +
		" : tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>"
)

// fields returns the numbers of a line in order, and the columns that each has at least.
func (c *SlabCache) fields() (values [11]*uint64, widths [11]int) {
	return [...]*uint64{
			&c.ActiveObjs, &c.NumObjs, &c.ObjSize, &c.ObjPerSlab, &c.PagesPerSlab,
			&c.Limit, &c.Batchcount, &c.Sharedfactor, &c.ActiveSlabs, &c.NumSlabs, &c.SharedAvail,
		},
		[...]int{6, 6, 6, 4, 4, 4, 4, 4, 6, 6, 6}
}

// The first number of the second and third group of a line, and the words before them.
const (
	slabTunables, slabData         = 5, 8
	slabTunablesWord, slabDataWord = " : tunables", " : slabdata"
)

// Append appends the file's text to b.
func (f *Slabinfo) Append(b []byte) []byte {
	b = append(append(b, slabinfoVersion...), '\n')
	b = append(append(b, slabinfoHeader...), '\n')
	for i := range f.Caches {
		c := &f.Caches[i]
		b = appendLeft(b, 17, c.Name)
		values, widths := c.fields()
		for i, v := range values {
			switch i {
			case slabTunables:
				b = append(b, slabTunablesWord...)
			case slabData:
				b = append(b, slabDataWord...)
			}
			b = appendRight(append(b, ' '), widths[i], *v)
		}
		b = append(b, '\n')
	}
	return b
}

// ParseSlabinfo reads /proc/slabinfo of version 2.1. A name may hold spaces but not " : ".
func ParseSlabinfo(data []byte) (*Slabinfo, error) {
	return parseSlabinfo(newScanner("slabinfo", data))
}

func parseSlabinfo(s *scanner) (*Slabinfo, error) {
	f := &Slabinfo{}
	if s.literal(slabinfoVersion) {
		s.literal(slabinfoHeader)
	}
	for s.next() {
		f.Caches = append(f.Caches, s.slabCache())
	}
	return orNil(f, s.err)
}

func (s *scanner) slabCache() SlabCache {
	var c SlabCache
	objects, text, ok := bytes.Cut(s.line, []byte(slabTunablesWord+" "))
	tunables, slabs, ok2 := bytes.Cut(text, []byte(slabDataWord+" "))
	if !ok || !ok2 {
		s.fail(s.line, "a cache: its name and numbers, %q and %q", slabTunablesWord, slabDataWord)
		return c
	}
	// The name is what stands before the last five words.
	name := objects
	var numbers [slabTunables][]byte
	for i := range numbers {
		name = bytes.TrimRight(name, " ")
		n := bytes.LastIndexByte(name, ' ')
		if n < 0 {
			s.fail(objects, "a name and %d numbers", slabTunables)
			return c
		}
		numbers[slabTunables-1-i] = name[n+1:]
		name = name[:n]
	}
	c.Name = string(bytes.TrimRight(name, " "))
	if c.Name == "" {
		s.fail(objects, "a name and %d numbers", slabTunables)
	}
	all := append(numbers[:], words(tunables)...)
	if len(all) != slabData {
		s.fail(tunables, "%d numbers", slabData-slabTunables)
		return c
	}
	all = append(all, words(slabs)...)
	values, _ := c.fields()
	if len(all) != len(values) {
		s.fail(slabs, "%d numbers", len(values)-slabData)
		return c
	}
	for i, v := range values {
		*v = s.uint(all[i])
	}
	return c
}
