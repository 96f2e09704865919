package addrspace

import (
	"testing"

	"mmsim/engine"
	"pgregory.net/rapid"
)

// drawLeaf makes a leaf whose entries are none, swap entries or pages, mapped in any way.
func drawLeaf(t *rapid.T) *Leaf {
	l := new(Leaf)
	for i := range uint(LeafPages) {
		switch k := rapid.IntRange(0, 30).Draw(t, "entry"); k {
		case 0:
		case 1:
			l.Map(i, uint32(i)+7, true)
			l.SetSwap(i, uint32(i)+9)
		default:
			l.Map(i, uint32(i)+7, k != 2)
			if k == 3 {
				Set(&l.ProtNone, i)
			}
		}
	}
	l.Accessed, l.Dirty, l.Touched = [leafWords]uint64{}, [leafWords]uint64{}, false
	return l
}

// TestMapRun compares MapRun with Map for each of the entries.
func TestMapRun(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		run := drawLeaf(t)
		one := *run
		first := rapid.UintRange(0, LeafPages-1).Draw(t, "first")
		frames := make([]uint32, rapid.UintRange(1, LeafPages-first).Draw(t, "n"))
		for j := range frames {
			frames[j] = uint32(1000 + j)
			one.Map(first+uint(j), frames[j], true)
		}
		if MapRun(run, first, frames); *run != one {
			t.Fatalf("%d entries from %d on: they differ from Map's", len(frames), first)
		}
	})
}

// TestTouchUnits compares TouchUnits with TouchRun for each unit, up to the first that cannot be touched.
func TestTouchUnits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const base, pages = 3<<dirShift - LeafPages<<PageShift, 4 * LeafPages // of leaves in two tables of them, the last missing
		s, ref := NewSpace(X86_64, 8<<20, &AnonVMAs{}), NewSpace(X86_64, 8<<20, &AnonVMAs{})
		for at := uint64(base); at < base+3*LeafPages<<PageShift; at += LeafPages << PageShift {
			l := drawLeaf(t)
			*s.EnsureLeaf(at, &noTables{}), *ref.EnsureLeaf(at, &noTables{}) = *l, *l
		}
		write := rapid.Bool().Draw(t, "write")
		units := rapid.SliceOfN(rapid.Uint64Range(0, 2*pages-1), 1, 40).Draw(t, "units")
		want := 0
		for _, u := range units {
			addr := base + u*PageSize/2
			if l := ref.Leaf(addr); l == nil || l.TouchRun(Slot(addr), 1, write) == 0 {
				break
			}
			want++
		}
		if got := s.TouchUnits(base, PageSize/2, units, write); got != want {
			t.Fatalf("touched %d of %v, want %d", got, units, want)
		}
		for at := uint64(base); at < base+3*LeafPages<<PageShift; at += LeafPages << PageShift {
			if *s.Leaf(at) != *ref.Leaf(at) {
				t.Fatalf("leaf at %#x differs", at)
			}
		}
	})
}

// BenchmarkTouchUnits touches mapped pages of 2 GiB, most of them again and again.
func BenchmarkTouchUnits(b *testing.B) {
	const pages = 2 << 30 >> PageShift
	s := NewSpace(X86_64, 8<<20, &AnonVMAs{})
	for i := range uint64(pages) {
		a := at + i*PageSize
		s.EnsureLeaf(a, &noTables{}).Map(Slot(a), 1, true)
	}
	z, r := engine.NewZipf(pages, 1.26), engine.NewStream(1, "units")
	units := make([]uint64, 1<<16)
	z.Ranks(r, units)
	b.ResetTimer()
	for n := 0; n < b.N; n += 128 {
		if i := n & (1<<16 - 1); s.TouchUnits(at, PageSize, units[i:i+128], true) != 128 {
			b.Fatal("not mapped")
		}
	}
}
