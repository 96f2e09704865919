package writeback

import (
	"testing"

	"pgregory.net/rapid"
)

func TestOldestFirst(t *testing.T) {
	_, wb, _ := machine(1, 0)
	l := NewLists(wb)
	var a, b, c Inode
	if !l.MarkDirty(&a, DirtyPages, 10) {
		t.Error("the first dirty inode must have the flusher woken")
	}
	if l.MarkDirty(&b, DirtyPages, 20) || l.MarkDirty(&c, DirtyPages, 30) {
		t.Error("only the first must")
	}
	l.MarkDirty(&a, DirtySync, 40) // dirty since 10 nevertheless
	l.QueueIO(20, 0)
	if l.Next() != &a || l.Len(OnIO) != 2 || l.Len(OnDirty) != 1 {
		t.Fatalf("the round has %d inodes, next is not the oldest", l.Len(OnIO))
	}
	// a is not finished, b is clean.
	a.State &^= DirtySync
	l.Requeue(&a, true, true, false, 50)
	b.State = SyncQueued
	l.Requeue(&b, false, false, false, 50)
	if a.List != OnMoreIO || b.List != OnNone || b.State != 0 {
		t.Errorf("after their turn a is on %d, b on %d with state %d", a.List, b.List, b.State)
	}
	l.QueueIO(60, 0)
	if l.Next() != &a || l.Len(OnIO) != 2 {
		t.Error("in the next round what was not finished goes first")
	}
}

func TestRedirtyKeepsTheOrder(t *testing.T) {
	_, wb, _ := machine(1, 0)
	l := NewLists(wb)
	var a, b Inode
	l.MarkDirty(&a, DirtyPages, 10)
	l.MarkDirty(&b, DirtyPages, 20)
	l.QueueIO(10, 0)
	l.Requeue(&a, true, false, false, 50)
	if a.List != OnDirty || a.DirtiedWhen != 50 || a.State&SyncQueued != 0 {
		t.Errorf("list %d, dirty since %d, state %d; want it to count as dirtied now", a.List, a.DirtiedWhen, a.State)
	}
	l.Remove(&b)
	l.Remove(&a)
	if wb.HasDirtyIO() {
		t.Error("without inodes the flusher has nothing to do")
	}
}

func TestIntegrityTurnMakesYoung(t *testing.T) {
	_, wb, _ := machine(1, 0)
	l := NewLists(wb)
	var a Inode
	l.MarkDirty(&a, DirtyPages, 10)
	l.QueueIO(10, 0)
	l.Requeue(&a, true, false, true, 50)
	if a.DirtiedWhen != 50 {
		t.Errorf("dirty since %d after sync has taken what was dirty, want 50: sync must not meet it again", a.DirtiedWhen)
	}
}

func TestTimesWait(t *testing.T) {
	_, wb, _ := machine(1, 0)
	l := NewLists(wb)
	var a Inode
	if l.MarkDirty(&a, DirtyTime, 10) || a.List != OnDirtyTime {
		t.Errorf("a change of times put it on list %d", a.List)
	}
	l.QueueIO(100, 9)
	if l.Next() != nil {
		t.Error("times were taken before their age")
	}
	l.MarkDirty(&a, DirtySync, 30)
	if a.List != OnDirty || a.State != DirtySync || a.DirtiedWhen != 30 {
		t.Errorf("then attributes: list %d, state %d, since %d", a.List, a.State, a.DirtiedWhen)
	}
}

// TestListsHoldEachOnce: an inode is on the list that it says, once, and the dirty list is ordered by age.
func TestListsHoldEachOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, wb, _ := machine(1, 0)
		l := NewLists(wb)
		inodes := make([]Inode, 5)
		for now := uint64(1); now < uint64(rapid.IntRange(1, 80).Draw(t, "steps")); now++ {
			i := &inodes[rapid.IntRange(0, 4).Draw(t, "inode")]
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0:
				l.MarkDirty(i, DirtyPages, now)
			case 1:
				l.MarkDirty(i, DirtyTime, now)
			case 2:
				l.QueueIO(rapid.Uint64Range(0, now).Draw(t, "before"), rapid.Uint64Range(0, now).Draw(t, "times"))
			case 3:
				if i = l.Next(); i == nil {
					continue
				}
				i.State &^= Dirty
				more := rapid.Bool().Draw(t, "more")
				if more {
					i.State |= DirtyPages
				}
				l.Requeue(i, more, rapid.Bool().Draw(t, "used"), rapid.Bool().Draw(t, "integrity"), now)
			case 4:
				l.Remove(i)
				i.State = 0
			}
			seen := map[*Inode]ListID{}
			for id := OnDirty; id < nrLists; id++ {
				n := 0
				last := ^uint64(0)
				l.Each(id, func(i *Inode) {
					if _, twice := seen[i]; twice || i.List != id {
						t.Fatalf("inode on list %d, says %d, met before: %v", id, i.List, twice)
					}
					if id == OnDirty && i.DirtiedWhen > last {
						t.Fatalf("dirty since %d behind %d", i.DirtiedWhen, last)
					}
					last = i.DirtiedWhen
					seen[i] = id
					n++
				})
				if n != l.Len(id) {
					t.Fatalf("list %d has %d inodes, counts %d", id, n, l.Len(id))
				}
			}
			for k := range inodes {
				i := &inodes[k]
				if _, on := seen[i]; on != (i.State&DirtyAll != 0) {
					t.Fatalf("inode %d: on a list %v, state %d", k, on, i.State)
				}
			}
			if wb.HasDirtyIO() != (l.Len(OnDirty)+l.Len(OnIO)+l.Len(OnMoreIO) > 0) {
				t.Fatal("the throttling believes otherwise")
			}
		}
	})
}
