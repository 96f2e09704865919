package jbd2

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestCommit follows blocks through two transactions, the second of which begins while the first is being committed.
func TestCommit(t *testing.T) {
	j := New(1025)
	if id, began := j.Log(7); id != 1 || !began {
		t.Fatalf("the first block began %v transaction %d", began, id)
	}
	j.Log(8)
	if id, began := j.Log(7); id != 1 || began {
		t.Fatalf("a block again: %d, %v", id, began)
	}
	first, tail := j.Begin()
	if !slices.Equal(first.Blocks, []uint64{7, 8}) || !tail {
		t.Fatalf("committing %v, new tail %v", first.Blocks, tail)
	}
	if at := j.Place(3); at != 1 {
		t.Fatalf("the descriptor is at %d", at)
	}
	if at := j.Place(1); at != 4 {
		t.Fatalf("the commit block is at %d", at)
	}
	if id, began := j.Log(8); id != 2 || !began {
		t.Fatalf("meanwhile: %d, %v", id, began)
	}
	var dirty []uint64
	j.End(func(b uint64) { dirty = append(dirty, b) })
	if !slices.Equal(dirty, []uint64{7}) || j.Committed() != 1 || j.Running() != 2 {
		t.Fatalf("dirty %v, committed %d, running %d", dirty, j.Committed(), j.Running())
	}
	for b, want := range map[uint64][2]bool{7: {true, false}, 8: {true, true}, 9: {}} {
		if got := [2]bool{j.Holds(b), j.Owns(b)}; got != want {
			t.Errorf("block %d is held, owned: %v, want %v", b, got, want)
		}
	}
	if n := j.Clean(func(b uint64) bool { return true }); n != 1 || j.Holds(7) || !j.Holds(8) {
		t.Errorf("cleaned %d", n)
	}
	if err := j.Check(); err != nil {
		t.Error(err)
	}
}

// TestTail: the superblock follows when a quarter of the log is free behind it, and the log goes around.
func TestTail(t *testing.T) {
	j := New(101)
	var tails, places []uint64
	for range 60 {
		j.Log(1)
		tr, tail := j.Begin()
		if tail {
			tails = append(tails, tr.ID)
		}
		places = append(places, j.Place(3))
		j.End(func(uint64) {})
		j.Clean(func(uint64) bool { return true })
	}
	// Three blocks a transaction: the tenth begins 27 blocks behind the first, the nineteenth 27 behind the tenth.
	if want := []uint64{1, 10, 19, 28, 37, 46, 55}; !slices.Equal(tails, want) {
		t.Errorf("the superblock was written with %v, want %v", tails, want)
	}
	if places[0] != 1 || places[33] != 100 || places[34] != 3 {
		t.Errorf("the log lay at %v", places)
	}
	// One block that is never written keeps the tail.
	j.Log(2)
	j.Begin()
	j.End(func(uint64) {})
	for i := range 60 {
		j.Log(1)
		if _, tail := j.Begin(); tail && i > 9 {
			t.Fatalf("the tail passed a block that waits")
		}
		j.Place(3)
		j.End(func(uint64) {})
		j.Clean(func(b uint64) bool { return b != 2 })
	}
}

// TestRandom keeps a journal's invariants under random use, and never loses a block that was logged and not written.
func TestRandom(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		j := New(257)
		unwritten := map[uint64]bool{} // logged since they were written
		for range rapid.IntRange(1, 80).Draw(rt, "steps") {
			b := rapid.Uint64Range(1, 8).Draw(rt, "block")
			switch rapid.IntRange(0, 3).Draw(rt, "what") {
			case 0:
				j.Log(b)
				unwritten[b] = true
			case 1:
				if j.running != nil && j.committing == nil {
					j.Begin()
					j.Place(1)
				}
			case 2:
				if j.committing != nil {
					j.End(func(b uint64) {
						if j.Owns(b) {
							rt.Fatalf("block %d is to be written and in a transaction", b)
						}
					})
				}
			case 3:
				if !j.Owns(b) {
					delete(unwritten, b)
					j.Clean(func(c uint64) bool { return c == b })
				}
			}
			if err := j.Check(); err != nil {
				rt.Fatal(err)
			}
			for b := range uint64(9) {
				if j.Holds(b) != unwritten[b] {
					rt.Fatalf("block %d is held: %v, want %v", b, j.Holds(b), unwritten[b])
				}
			}
		}
	})
}
