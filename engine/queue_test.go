package engine

import (
	"cmp"
	"context"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestOrderOfEqualTimes(t *testing.T) {
	s := New(Options{})
	var got []int
	for i := range 100 {
		s.At(Time(50-i%3), func() { got = append(got, i) })
	}
	res := s.Run(context.Background())
	if res.Reason != AllDone || res.Events != 100 || res.Now != 50 {
		t.Fatalf("run ended as %+v", res)
	}
	want := make([]int, 100)
	for i := range want {
		want[i] = i
	}
	slices.SortStableFunc(want, func(a, b int) int { return cmp.Compare(50-a%3, 50-b%3) })
	if !slices.Equal(got, want) {
		t.Errorf("order %v, want %v", got, want)
	}
}

func TestCancel(t *testing.T) {
	s := New(Options{})
	ran := ""
	a := s.At(10, func() { ran += "a" })
	b := s.At(20, func() { ran += "b" })
	s.At(15, func() {
		if s.Cancel(a) {
			t.Error("cancelled a, which has run")
		}
		if s.Horizon() != 20 || !s.Cancel(b) || s.Cancel(b) {
			t.Error("b cannot be cancelled exactly once")
		}
		if s.Horizon() != MaxTime {
			t.Errorf("horizon is %v with nothing left", s.Horizon())
		}
		c := s.After(5, func() { ran += "c" })
		if s.Cancel(b) {
			t.Error("b's handle cancels c, which may be in b's slot")
		}
		_ = c
	})
	if s.Cancel(Timer{}) {
		t.Error("cancelled the zero Timer")
	}
	s.Run(context.Background())
	if ran != "ac" {
		t.Errorf("ran %q, want ac", ran)
	}
}

func TestPastAndNever(t *testing.T) {
	s := New(Options{})
	var got []Time
	s.At(10, func() {
		s.At(3, func() { got = append(got, s.Now()) })
		s.After(-3, func() { got = append(got, s.Now()) })
		s.After(MaxTime, func() { t.Error("an event at MaxTime ran") })
	})
	if res := s.Run(context.Background()); res.Reason != AllDone || !slices.Equal(got, []Time{10, 10}) {
		t.Errorf("ran at %v, ended as %+v", got, res)
	}
}

// TestQueueAgainstSorted does random things to a queue and to a sorted list, in and out of the state with a hole, with a front and without.
func TestQueueAgainstSorted(t *testing.T) {
	type ref struct {
		at    Time
		seq   int
		timer Timer
	}
	rapid.Check(t, func(t *rapid.T) {
		var (
			q     queue
			model []ref
			gone  []Timer
			seq   int
			ran   int
		)
		q.init(1 << 40)
		push := func() {
			at := Time(rapid.IntRange(0, 30).Draw(t, "at"))
			id := seq
			seq++
			model = append(model, ref{at, id, q.push(at, func() { ran = id })})
		}
		cancel := func() {
			if len(model) == 0 {
				return
			}
			i := rapid.IntRange(0, len(model)-1).Draw(t, "victim")
			if !q.cancel(model[i].timer) {
				t.Fatalf("cannot cancel %+v", model[i])
			}
			gone = append(gone, model[i].timer)
			model = slices.Delete(model, i, i+1)
		}
		for range rapid.IntRange(0, 300).Draw(t, "steps") {
			switch op := rapid.IntRange(0, 9).Draw(t, "op"); {
			case op < 5:
				push()
			case op < 7 && len(model) > 0:
				slices.SortFunc(model, func(a, b ref) int {
					return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.seq, b.seq))
				})
				if q.top() != model[0].at {
					t.Fatalf("top is %v, want %v", q.top(), model[0].at)
				}
				fn, _ := q.pop()
				fn()
				if ran != model[0].seq {
					t.Fatalf("popped %d, want %d", ran, model[0].seq)
				}
				gone = append(gone, model[0].timer)
				model = model[1:]
				switch rapid.IntRange(0, 3).Draw(t, "then") {
				case 0:
					push()
				case 1:
					q.fill()
				case 2:
					cancel()
				}
			case op < 9:
				cancel()
			case len(gone) > 0:
				if q.cancel(gone[rapid.IntRange(0, len(gone)-1).Draw(t, "gone")]) {
					t.Fatal("cancelled what had gone")
				}
			}
			q.fill()
			n, top := len(q.heap)-q.dead-1, q.heap[0]
			for _, e := range q.front[:q.nfront] {
				n++
				if q.events[slotOf(e.key)].key != e.key || !e.less(&q.heap[0]) {
					t.Fatalf("%v of the front is dead or does not come before %v", e, q.heap[0])
				}
			}
			if q.nfront > 0 {
				top = q.front[q.nfront-1]
			}
			if !slices.IsSortedFunc(q.front[:q.nfront], func(a, b entry) int { return cmp.Or(cmp.Compare(b.at, a.at), cmp.Compare(b.key, a.key)) }) {
				t.Fatalf("front %v", q.front[:q.nfront])
			}
			if n != len(model) || q.at != top.at || q.topKey() != top.key {
				t.Fatalf("%d live entries, the first at %v, want %d, %v", n, q.at, len(model), top.at)
			}
			dead := 0
			for i, e := range q.heap {
				if i > 0 && e.less(&q.heap[(i-1)/heapArity]) {
					t.Fatalf("entry %d comes before its parent", i)
				}
				if q.events[slotOf(e.key)].key != e.key {
					dead++
				}
			}
			if dead != q.dead || q.events[slotOf(q.heap[0].key)].key != q.heap[0].key {
				t.Fatalf("%d dead entries, counted %d; top dead or not", dead, q.dead)
			}
		}
	})
}

// TestCancelBehindHole cancels the event that would fill a hole.
func TestCancelBehindHole(t *testing.T) {
	var q queue
	q.init(1 << 40)
	n := len(q.front)
	var timers []Timer
	for i := range n + 3 {
		timers = append(timers, q.push(Time(i), func() {}))
	}
	for range n + 1 { // those in the front, and the first of the heap
		q.pop()
	}
	if !q.hole || !q.cancel(timers[n+1]) || q.top() != Time(n+2) {
		t.Errorf("the next event is at %v, want %v", q.top(), n+2)
	}
	q.pop()
	if q.top() != 1<<40 {
		t.Errorf("%v is pending when all is over", q.top())
	}
}

// TestExchange lets a process take the place of another at the top, which is what popping the one and arming the other comes to, also if it comes after the end
// of the run.
func TestExchange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const end = 30
		var one, two queue
		procs := []*Proc{{}, {}}
		times := rapid.SliceOfN(rapid.Int64Range(0, end+2), 0, 12).Draw(t, "times")
		first := rapid.IntRange(0, len(times)).Draw(t, "first") // those before are there before the process
		begin := rapid.Int64Range(0, end-1).Draw(t, "begin")
		at := rapid.Int64Range(begin, end+2).Draw(t, "at")
		dead := rapid.IntRange(0, len(times)).Draw(t, "dead") // of those that come after it so many are cancelled
		for _, q := range []*queue{&one, &two} {
			q.init(end)
			slots := []uint32{q.newProc(procs[0]), q.newProc(procs[1])}
			var later []Timer
			for i, x := range append(times, 0) {
				if i == first {
					q.arm(slots[0], Time(begin))
				}
				if i == len(times) {
					break
				}
				if timer := q.push(Time(x), func() {}); x > begin {
					later = append(later, timer)
				}
			}
			for q.topKey() != q.events[slots[0]].key {
				q.pop()
				q.fill()
			}
			for _, x := range later[:min(dead, len(later))] {
				q.cancel(x)
			}
			if q == &one {
				q.exchange(slots[1], Time(at))
			} else {
				q.pop()
				q.arm(slots[1], Time(at))
			}
		}
		for {
			if one.top() != two.top() || one.topKey() != two.topKey() {
				t.Fatalf("%v comes after an exchange, %v after a pop and an arming", one.top(), two.top())
			}
			if one.topKey() == endKey {
				return
			}
			one.pop()
			two.pop()
		}
	})
}
