package writeback

import (
	"testing"

	"pgregory.net/rapid"
)

func TestFractionFollowsRecentEvents(t *testing.T) {
	g := NewGlobal()
	var a, b Local
	if n, d := a.Fraction(&g); n != 0 || d != 1 {
		t.Errorf("without events %d/%d, want 0/1", n, d)
	}
	a.AddMax(&g, FracBase, 3000)
	b.AddMax(&g, FracBase, 1000)
	if n, d := a.Fraction(&g); n != 3000 || d != 4001 {
		t.Errorf("%d/%d, want 3000/4001", n, d)
	}
	g.NewPeriod(1)
	b.AddMax(&g, FracBase, 1000)
	if n, d := a.Fraction(&g); n != 1500 || d != 3000 {
		t.Errorf("a period later %d/%d, want 1500/3000", n, d)
	}
	if n, d := b.Fraction(&g); n != 1500 || d != 3000 {
		t.Errorf("the other has %d/%d, want 1500/3000", n, d)
	}
	if !g.NewPeriod(64) || g.NewPeriod(1) {
		t.Error("after 64 periods at once nothing must be left to age")
	}
	if n, _ := a.Fraction(&g); n != 0 {
		t.Errorf("and a has %d events left, want 0", n)
	}
}

// TestFewEventsDoNotShow: what a CPU keeps to itself is no part of a fraction, so a device that has written a few pages may count as one that has written
// nothing, or everything.
func TestFewEventsDoNotShow(t *testing.T) {
	g := NewGlobal()
	var a Local
	for _, c := range []struct{ more, num, den uint64 }{{7, 0, 1}, {1, 8, 8}, {23, 31, 31}, {1, 31, 33}} {
		a.AddMax(&g, FracBase, c.more)
		if n, d := a.Fraction(&g); n != c.num || d != c.den {
			t.Errorf("%d more: %d/%d, want %d/%d", c.more, n, d, c.num, c.den)
		}
	}
}

func TestMaxFraction(t *testing.T) {
	g := NewGlobal()
	var a, b Local
	b.AddMax(&g, FracBase, 1023) // 1024 events in all
	for range 100 {
		a.AddMax(&g, FracBase/4, 10)
	}
	n, d := a.Fraction(&g)
	if 4*n < d-8 || 4*n > d+8 {
		t.Errorf("a has %d/%d, want a quarter", n, d)
	}
	before := n
	a.AddMax(&g, FracBase/8, 10)
	if n, _ := a.Fraction(&g); n != before {
		t.Errorf("above its maximum it went from %d to %d events", before, n)
	}
}

// TestFractionsSumToOne: whatever happens in whatever order, no share is above 1, and the shares together are not either, but for rounding when
// halves are cut: one event a device and period.
func TestFractionsSumToOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := NewGlobal()
		locals := make([]Local, 3)
		periods := 0
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			if rapid.IntRange(0, 4).Draw(t, "what") == 0 {
				p := rapid.Uint64Range(1, 70).Draw(t, "periods")
				g.NewPeriod(p)
				periods++
				continue
			}
			l := &locals[rapid.IntRange(0, 2).Draw(t, "device")]
			l.AddMax(&g, rapid.Uint64Range(0, FracBase).Draw(t, "max"), rapid.Uint64Range(0, 5000).Draw(t, "n"))
		}
		sum := uint64(0)
		for k := range locals {
			n, d := locals[k].Fraction(&g)
			if d == 0 || n > d {
				t.Fatalf("device %d has %d/%d", k, n, d)
			}
			sum += uint64(max(locals[k].events.sum(), 0))
		}
		if sum > uint64(g.events.sum())+uint64(3*periods) {
			t.Fatalf("events of the devices %d, of all %d", sum, g.events.sum())
		}
	})
}
