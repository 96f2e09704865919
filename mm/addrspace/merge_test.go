package addrspace

import (
	"fmt"
	"strings"
	"testing"
)

const (
	rwFlags = VMRead | VMWrite | VMMayRead | VMMayWrite | VMMayExec
	roFlags = VMRead | VMMayRead | VMMayWrite | VMMayExec
	at      = uint64(0x7f0000000000)
)

// noTables hands out no pages: these tests map nothing.
type noTables struct{ next uint32 }

func (t *noTables) AllocTable(Level) (uint32, bool) {
	t.next++
	return t.next, true
}

func (*noTables) FreeTable(Level, uint32) {}

func anonymous(from, pages uint64, f VMFlags) *VMA {
	start := at + from*PageSize
	return &VMA{Start: start, End: start + pages*PageSize, PgOff: start >> PageShift, Flags: f}
}

// layout shows the VMAs as first page, number of pages and w if writable, a for an AnonVMA.
func layout(s *Space) string {
	var out []string
	for _, v := range s.List() {
		t := fmt.Sprintf("%d+%d", (v.Start-at)/PageSize, v.Pages())
		if v.Flags&VMWrite != 0 {
			t += "w"
		}
		if v.AnonVMA != nil {
			t += "a"
		}
		out = append(out, t)
	}
	return strings.Join(out, " ")
}

// TestMerge checks which neighbours become one VMA, by 6.1's rules: what was never written takes an AnonVMA from a neighbour only as the new part of
// it, not when it is the neighbour (is_mergeable_anon_vma).
func TestMerge(t *testing.T) {
	var reg AnonVMAs
	touched := func(s *Space, page uint64) { reg.Prepare(s.Find(at + page*PageSize)) }
	change := func(s *Space, page, n uint64, f VMFlags) {
		start := at + page*PageSize
		v := s.Find(start)
		prev := v
		if v.Start == start {
			prev = s.FindPrev(start)
		}
		old := v.Flags
		if s.Change(prev, v, start, start+n*PageSize, f, 65530) == nil {
			t.Fatal("no room")
		}
		s.Reaccount(old, f, int64(n))
	}
	for _, c := range []struct {
		name string
		do   func(s *Space)
		want string
	}{
		{"below", func(s *Space) { s.Insert(anonymous(0, 4, rwFlags)); s.Insert(anonymous(4, 4, rwFlags)) }, "0+8w"},
		{"above", func(s *Space) { s.Insert(anonymous(4, 4, rwFlags)); s.Insert(anonymous(0, 4, rwFlags)) }, "0+8w"},
		{"both", func(s *Space) {
			s.Insert(anonymous(0, 4, rwFlags))
			s.Insert(anonymous(8, 4, rwFlags))
			s.Insert(anonymous(4, 4, rwFlags))
		}, "0+12w"},
		{"other rights", func(s *Space) { s.Insert(anonymous(0, 4, rwFlags)); s.Insert(anonymous(4, 4, roFlags)) }, "0+4w 4+4"},
		{"two AnonVMAs: with the one above", func(s *Space) {
			s.Insert(anonymous(0, 4, rwFlags))
			s.Insert(anonymous(8, 4, rwFlags))
			touched(s, 0)
			touched(s, 8)
			s.Insert(anonymous(4, 4, rwFlags))
		}, "0+4wa 4+8wa"},
		{"part becomes read-only and writable again", func(s *Space) {
			s.Insert(anonymous(0, 12, rwFlags))
			touched(s, 0)
			change(s, 4, 4, roFlags)
			change(s, 4, 4, rwFlags)
		}, "0+12wa"},
		{"boundary moves up", func(s *Space) {
			s.Insert(anonymous(0, 4, rwFlags))
			s.Insert(anonymous(4, 4, roFlags))
			change(s, 4, 2, rwFlags)
		}, "0+6w 6+2"},
		{"boundary moves down", func(s *Space) {
			s.Insert(anonymous(0, 4, roFlags))
			s.Insert(anonymous(4, 4, rwFlags))
			change(s, 2, 2, rwFlags)
		}, "0+2 2+6w"},
		{"written next to never written", func(s *Space) {
			s.Insert(anonymous(0, 4, rwFlags))
			s.Insert(anonymous(4, 4, roFlags))
			touched(s, 4)
			change(s, 4, 4, rwFlags)
		}, "0+4w 4+4wa"},
		{"never written next to written", func(s *Space) {
			s.Insert(anonymous(0, 4, rwFlags))
			s.Insert(anonymous(4, 4, roFlags))
			touched(s, 0)
			change(s, 4, 4, rwFlags)
		}, "0+8wa"},
		{"a copy of what was never written merges where it goes", func(s *Space) {
			s.Insert(anonymous(0, 4, rwFlags))
			s.Insert(anonymous(20, 4, rwFlags))
			s.Copy(s.Find(at+20*PageSize), at+4*PageSize, 4*PageSize, 0)
		}, "0+8w 20+4w"},
		{"a copy of what was written keeps its offset", func(s *Space) {
			s.Insert(anonymous(0, 4, rwFlags))
			s.Insert(anonymous(20, 4, rwFlags))
			touched(s, 20)
			v := s.Find(at + 20*PageSize)
			s.Copy(v, at+4*PageSize, 4*PageSize, v.PgOff)
		}, "0+4w 4+4wa 20+4wa"},
	} {
		s := NewSpace(X86_64, 8<<20, &reg)
		c.do(s)
		if got := layout(s); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestMoveEntries moves entries by parts of tables and by whole ones, and back: nothing gets lost.
func TestMoveEntries(t *testing.T) {
	for _, shift := range []uint64{0, 1, 511, 512, 1024 + 7} {
		var reg AnonVMAs
		tables := &noTables{}
		s := NewSpace(X86_64, 8<<20, &reg)
		const pages = 1500
		for i := range uint64(pages) {
			a := at + i*PageSize
			s.EnsureLeaf(a, tables).Map(Slot(a), uint32(i)+1, i%3 == 0)
		}
		to := at + (4096+shift)*PageSize
		entries := 0
		if n := s.MoveEntries(Move{From: at, To: to, N: pages * PageSize}, tables, func(n int) { entries += n }); n != pages*PageSize {
			t.Fatalf("moved %d bytes of %d", n, pages*PageSize)
		}
		for i := range uint64(pages) {
			a := to + i*PageSize
			l := s.Leaf(a)
			if l == nil || l.PTE[Slot(a)] != uint32(i)+1 || !Test(&l.Present, Slot(a)) || Test(&l.Writable, Slot(a)) != (i%3 == 0) {
				t.Fatalf("shift %d: page %d is not as it was", shift, i)
			}
			if l := s.Leaf(at + i*PageSize); l != nil && l.PTE[Slot(at+i*PageSize)] != 0 {
				t.Fatalf("shift %d: page %d is still where it was", shift, i)
			}
		}
		if (shift%512 == 0) != (entries < pages) {
			t.Errorf("shift %d: %d entries were moved: whole tables move where they can", shift, entries)
		}
	}
}
