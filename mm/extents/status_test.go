package extents

import (
	"testing"

	"pgregory.net/rapid"
)

// counter counts the objects that are out.
type counter struct{ out, next int }

func (c *counter) Alloc() uint32 {
	c.out++
	c.next++
	return uint32(c.next)
}

func (c *counter) Free(uint32) { c.out-- }

// TestStatusAgainstBlocks does the same to a Status and to an array of blocks.
func TestStatusAgainstBlocks(t *testing.T) {
	const blocks = 40
	type known struct {
		kind  Kind
		phys  uint64
		known bool
	}
	rapid.Check(t, func(t *rapid.T) {
		var s Status
		var c counter
		var model [blocks]known
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			start := rapid.Uint64Range(0, blocks-1).Draw(t, "start")
			n := rapid.Uint64Range(1, blocks-start).Draw(t, "n")
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0, 1:
				kind := Kind(rapid.IntRange(0, 3).Draw(t, "kind"))
				phys := 100 + start
				if kind > Unwritten {
					phys = 0
				}
				s.Insert(start, n, phys, kind, &c)
				for b := start; b < start+n; b++ {
					model[b] = known{kind, 100 + b, true}
				}
			case 2:
				s.Remove(start, n, &c)
				clear(model[start : start+n])
			case 3:
				e, ok := s.Lookup(start)
				if ok != model[start].known || ok && e.Kind != model[start].kind {
					t.Fatalf("block %d: %v %v, want %v", start, e, ok, model[start])
				}
			default:
				was := s.Len()
				freed, left := s.Reclaim(n, &c)
				if was-s.Len() != int(freed) || left > n || freed > n-left {
					t.Fatalf("%d of %d runs freed, %d of %d left", freed, was, left, n)
				}
				for b := range model {
					if _, ok := s.Any(uint64(b), uint64(b)+1); !ok {
						if model[b].known && model[b].kind == Delayed {
							t.Fatalf("reclaim forgot block %d, which is delayed", b)
						}
						model[b] = known{}
					}
				}
			}
			reclaimable := 0
			end := uint64(0)
			for i, e := range s.Runs() {
				if e.Len == 0 || e.Start < end || i > 0 && s.list[i-1].joins(&s.list[i]) {
					t.Fatalf("runs %v", s.Runs())
				}
				end = e.End()
				if e.Kind != Delayed {
					reclaimable++
				}
				for b := e.Start; b < e.End(); b++ {
					if m := model[b]; !m.known || m.kind != e.Kind || e.Kind <= Unwritten && m.phys != e.Phys+b-e.Start {
						t.Fatalf("block %d is %v, want %v", b, e, m)
					}
				}
			}
			if reclaimable != s.Reclaimable() || c.out != s.Len() {
				t.Fatalf("%d runs, %d objects; %d reclaimable, said %d", s.Len(), c.out, reclaimable, s.Reclaimable())
			}
			for b, m := range model {
				if _, ok := s.Any(uint64(b), uint64(b)+1); ok != m.known {
					t.Fatalf("block %d known %v, want %v", b, ok, m.known)
				}
			}
		}
	})
}

// TestReclaimPassesTwice: what was looked up is kept the first time, and delayed blocks always are.
func TestReclaimPassesTwice(t *testing.T) {
	var s Status
	var c counter
	s.Insert(0, 4, 100, Written, &c)
	s.Insert(4, 4, 0, Delayed, &c)
	s.Insert(8, 4, 0, Hole, &c)
	s.Lookup(2)
	for _, want := range []uint64{1, 1, 0} { // the hole; the written blocks; nothing
		if freed, _ := s.Reclaim(10, &c); freed != want {
			t.Errorf("%d runs forgotten, want %d", freed, want)
		}
	}
	if s.Len() != 1 || c.out != 1 {
		t.Errorf("%d runs are left, want the delayed one", s.Len())
	}
}
