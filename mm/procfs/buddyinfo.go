package procfs

import "strconv"

// maxOrders bounds the number of orders: no kernel has more than 18.
const maxOrders = 32

// Buddyinfo is /proc/buddyinfo (mm/vmstat.c, frag_show_print()): the free blocks of every populated zone.
type Buddyinfo struct {
	Zones []BuddyinfoZone
}

// BuddyinfoZone is a zone's line.
type BuddyinfoZone struct {
	Node int
	Zone string
	Free []uint64 // free blocks of each order, 0 to MAX_ORDER-1: 11 of them in 6.1 on x86
}

// Append appends the file's text to b.
func (f *Buddyinfo) Append(b []byte) []byte {
	for i := range f.Zones {
		z := &f.Zones[i]
		b = append(b, "Node "...)
		b = strconv.AppendInt(b, int64(z.Node), 10)
		b = append(b, ", zone "...)
		b = append(appendRightString(b, 8, z.Zone), ' ')
		for _, n := range z.Free {
			b = append(appendRight(b, 6, n), ' ')
		}
		b = append(b, '\n')
	}
	return b
}

// ParseBuddyinfo reads /proc/buddyinfo. All zones have the same number of orders.
func ParseBuddyinfo(data []byte) (*Buddyinfo, error) {
	return parseBuddyinfo(newScanner("buddyinfo", data))
}

func parseBuddyinfo(s *scanner) (*Buddyinfo, error) {
	f := &Buddyinfo{}
	for s.next() {
		var z BuddyinfoZone
		var after []byte
		z.Node, z.Zone, after = s.nodeZone(s.line)
		z.Free = s.orders(after)
		if len(f.Zones) > 0 && len(z.Free) != len(f.Zones[0].Free) {
			s.fail(s.line, "%d orders, as in the first line", len(f.Zones[0].Free))
		}
		f.Zones = append(f.Zones, z)
	}
	if s.err == nil && len(f.Zones) == 0 {
		s.err = &ParseError{File: s.file, Want: "at least one zone"}
	}
	return orNil(f, s.err)
}

// orders reads a number for each order.
func (s *scanner) orders(text []byte) []uint64 {
	f := words(text)
	if len(f) == 0 || len(f) > maxOrders {
		s.fail(s.line, "the number of free blocks of each order, 1 to %d of them", maxOrders)
		return nil
	}
	values := make([]uint64, len(f))
	for i := range f {
		values[i] = s.uint(f[i])
	}
	return values
}
