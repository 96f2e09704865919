package psi

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

const (
	ms     = int64(1e6)
	period = 2004 * ms
)

// group is a Group of a machine with 250 Hz that runs Work when it was asked to.
type group struct {
	*Group
	now, due int64
}

func newGroup(cpus int) *group {
	g := &group{due: -1}
	g.Group = New(cpus, 250, 0, func(j int64) {
		if g.due >= 0 {
			panic("armed twice")
		}
		g.due = (g.now/(4*ms) + j) * 4 * ms
	})
	return g
}

// to lets time pass.
func (g *group) to(t int64) {
	for g.due >= 0 && g.due <= t {
		g.now, g.due = g.due, -1
		g.Work(g.now)
	}
	g.now = t
}

// TestRecordedStep gives a machine as much stall within its first period as a real one had, and expects its averages.
func TestRecordedStep(t *testing.T) {
	for _, c := range []struct {
		stall int64 // ns
		want  [3]uint64
	}{
		{period * 5300 / 10000, [3]uint64{960, 173, 36}},
		{period * 4100 / 10000, [3]uint64{742, 134, 28}},
		{period * 100 / 10000, [3]uint64{18, 3, 0}},
		{0, [3]uint64{}},
	} {
		g := newGroup(1)
		a := &Task{}
		g.Enqueue(a, 0, true, 0)
		g.Switch(0, nil, a, false, 0)
		n := g.Enter(a, 0)
		g.to(c.stall)
		g.Leave(a, n, c.stall)
		g.to(period + ms)
		some, full := g.Show(Memory, g.now)
		if some.Avg != c.want || some.Total != uint64(c.stall/1000) || some != full {
			t.Errorf("a stall of %d ms: %+v and %+v, want %v", c.stall/ms, some, full, c.want)
		}
	}
}

// TestStates puts two tasks on a CPU and looks at which resource counts them as stalled, in each arrangement for 100 ms.
func TestStates(t *testing.T) {
	g := newGroup(1)
	a, b := &Task{}, &Task{}
	var last [3][2]uint64
	nested := false
	for i, step := range []struct {
		name string
		do   func(now int64)
		want [3][2]uint64 // ms of io, memory and cpu, some and full
	}{
		{"a runs", func(n int64) { g.Enqueue(a, 0, true, n); g.Switch(0, nil, a, false, n) }, [3][2]uint64{}},
		{"b waits for the CPU", func(n int64) { g.Enqueue(b, 0, true, n) }, [3][2]uint64{{}, {}, {100, 0}}},
		{"a reclaims meanwhile", func(n int64) { nested = g.Enter(a, n) }, [3][2]uint64{{}, {100, 100}, {100, 0}}},
		{"b runs and a, reclaiming, waits", func(n int64) { g.Switch(0, a, b, false, n) }, [3][2]uint64{{}, {100, 0}, {100, 0}}},
		{"b sleeps", func(n int64) { g.Switch(0, b, a, true, n) }, [3][2]uint64{{}, {100, 100}, {}}},
		{"a, reclaiming, waits for a disk", func(n int64) { a.InIOWait = true; g.Switch(0, a, nil, true, n) }, [3][2]uint64{{100, 100}, {100, 100}, {}}},
		{"b runs again", func(n int64) { g.Enqueue(b, 0, true, n); g.Switch(0, nil, b, false, n) }, [3][2]uint64{{100, 0}, {100, 0}, {}}},
		{"a wakes", func(n int64) { g.Enqueue(a, 0, true, n); a.InIOWait = false }, [3][2]uint64{{}, {100, 0}, {100, 0}}},
		{"a runs and is done", func(n int64) { g.Switch(0, b, a, true, n); g.Leave(a, nested, n) }, [3][2]uint64{}},
	} {
		now := int64(i) * 100 * ms
		g.to(now)
		step.do(now)
		g.to(now + 100*ms)
		for r := range last {
			some, full := g.Show(Resource(r), g.now)
			got := [2]uint64{some.Total - last[r][0], full.Total - last[r][1]}
			want := [2]uint64{step.want[r][0] * 1000, step.want[r][1] * 1000}
			if got != want {
				t.Errorf("%s: resource %d is stalled for %v us, want %v", step.name, r, got, want)
			}
			last[r] = [2]uint64{some.Total, full.Total}
		}
	}
	if a.flags != Running|OnCPU || b.flags != 0 {
		t.Errorf("a and b count as %b and %b", a.flags, b.flags)
	}
}

// TestIdleStopsTheClock expects no aggregation while nothing happens, and the averages that fell meanwhile when something does: ten periods of nothing
// shrink an average of 10 s by exp(-2).
func TestIdleStopsTheClock(t *testing.T) {
	g := newGroup(1)
	a := &Task{}
	g.Enqueue(a, 0, true, 0)
	g.Switch(0, nil, a, false, 0)
	n := g.Enter(a, 0)
	g.to(period)
	g.Leave(a, n, period)
	g.Switch(0, a, nil, true, period)
	g.to(3 * period)
	before, _ := g.Peek(Memory, g.now)
	if g.due >= 0 || g.pending {
		t.Fatalf("idle, and the next aggregation is due at %d ms", g.due/ms)
	}
	g.to(13 * period)
	g.Enqueue(a, 0, true, g.now)
	after, _ := g.Show(Memory, g.now)
	if g.due < 0 || after.Avg[0]*100 < before.Avg[0]*12 || after.Avg[0]*100 > before.Avg[0]*15 {
		t.Errorf("ten periods later %d became %d; the clock is armed for %d", before.Avg[0], after.Avg[0], g.due)
	}
}

// TestRandomSchedules drives tasks on CPUs at random and counts them again: a CPU's counts are those of its tasks' flags, stalls of all are stalls of
// some, and nothing is stalled for longer than time passed.
func TestRandomSchedules(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cpus := rapid.IntRange(1, 3).Draw(rt, "cpus")
		g := newGroup(cpus)
		type task struct {
			Task
			cpu      int
			runnable bool
			nested   []bool
		}
		tasks := make([]*task, rapid.IntRange(1, 5).Draw(rt, "tasks"))
		for i := range tasks {
			tasks[i] = &task{}
		}
		curr := make([]*task, cpus)
		of := func(x *task) *Task {
			if x == nil {
				return nil
			}
			return &x.Task
		}
		next := func(cpu int, sleep bool) {
			var to *task
			for _, x := range tasks {
				if x.runnable && x.cpu == cpu && x != curr[cpu] {
					to = x
				}
			}
			if to != nil || sleep {
				g.Switch(cpu, of(curr[cpu]), of(to), sleep, g.now)
				curr[cpu] = to
			}
		}
		for range rapid.IntRange(1, 80).Draw(rt, "steps") {
			g.to(g.now + rapid.Int64Range(0, 600).Draw(rt, "ms")*ms)
			x := rapid.SampledFrom(tasks).Draw(rt, "task")
			cpu := rapid.IntRange(0, cpus-1).Draw(rt, "cpu")
			runs := curr[x.cpu] == x
			switch rapid.IntRange(0, 4).Draw(rt, "op") {
			case 0:
				if x.runnable {
					break
				}
				if cpu != x.cpu {
					g.Migrate(&x.Task, false, g.now)
				}
				x.runnable, x.cpu = true, cpu
				g.Enqueue(&x.Task, cpu, true, g.now)
				x.InIOWait = false
				if curr[cpu] == nil {
					next(cpu, false)
				}
			case 1:
				if runs {
					x.InIOWait = rapid.Bool().Draw(rt, "io")
					x.runnable = false
					next(x.cpu, true)
				}
			case 2:
				if runs {
					next(x.cpu, false)
				} else if x.runnable {
					g.Migrate(&x.Task, true, g.now)
					x.cpu = cpu
					g.Enqueue(&x.Task, cpu, false, g.now)
				}
			case 3:
				if runs {
					x.nested = append(x.nested, g.Enter(&x.Task, g.now))
				}
			case 4:
				if n := len(x.nested); runs && n > 0 {
					g.Leave(&x.Task, x.nested[n-1], g.now)
					x.nested = x.nested[:n-1]
				}
			}
			for c := range g.cpus {
				var want [nrCounts]int
				for _, y := range tasks {
					for i := range want {
						if y.cpu == c && y.flags>>i&1 != 0 {
							want[i]++
						}
					}
				}
				if g.cpus[c].tasks != want || (g.cpus[c].mask>>onCPU != 0) != (curr[c] != nil) {
					rt.Fatalf("CPU %d counts %v, its tasks say %v", c, g.cpus[c].tasks, want)
				}
			}
			for _, y := range tasks {
				if (y.flags&Running != 0) != y.runnable || (y.flags&MemstallRunning != 0) != (y.runnable && y.InMemstall) {
					rt.Fatalf("a task that is runnable: %t, and stalled: %t, counts as %b", y.runnable, y.InMemstall, y.flags)
				}
			}
			for r := IO; r <= CPU; r++ {
				some, full := g.Peek(r, g.now)
				if full.Total > some.Total || some.Total > uint64(g.now/1000) || slices.Max(some.Avg[:]) > 10000 {
					rt.Fatalf("resource %d at %d ms: %+v, %+v", r, g.now/ms, some, full)
				}
			}
		}
	})
}

// BenchmarkSwitch is what a wake-up, two switches and a sleep cost.
func BenchmarkSwitch(b *testing.B) {
	g := New(1, 250, 0, func(int64) {})
	a, c := &Task{}, &Task{}
	g.Enqueue(a, 0, true, 0)
	g.Switch(0, nil, a, false, 0)
	now := int64(0)
	for b.Loop() {
		now += 1000
		g.Enqueue(c, 0, true, now)
		g.Switch(0, a, c, false, now)
		g.Switch(0, c, a, true, now)
	}
}

// TestPendingWhileBusy wakes a task at the moment of an aggregation, which so finds that nothing has run: the next is asked for all the same.
func TestPendingWhileBusy(t *testing.T) {
	g := newGroup(1)
	a := &Task{}
	g.Enqueue(a, 0, true, 0)
	g.Switch(0, nil, a, false, 0)
	g.Switch(0, a, nil, true, 0)
	at := g.due
	g.now = at
	g.Enqueue(a, 0, true, at)
	g.Switch(0, nil, a, false, at)
	g.to(at)
	if !g.pending || g.due <= at {
		t.Errorf("a task runs, and no aggregation is pending")
	}
}

// TestStatesOfAllCounts compares the states with the conditions in words, for every small number of tasks.
func TestStatesOfAllCounts(t *testing.T) {
	for n := range 3 * 3 * 3 * 3 {
		iowait, memstall, running, memRunning := n%3, n/3%3, n/9%3, n/27
		for _, curr := range []*Task{nil, {}, {InMemstall: true}} {
			for _, busy := range []bool{false, true} {
				c := groupCPU{tasks: [nrCounts]int{iowait, memstall, running, memRunning}, curr: curr}
				waiting := running // for the CPU
				if busy {
					waiting--
				}
				reclaims := busy && curr != nil && curr.InMemstall
				got := c.states(busy)
				for s, want := range [nrStates]bool{
					ioSome:  iowait > 0,
					ioFull:  iowait > 0 && running == 0,
					memSome: memstall > 0,
					memFull: memstall > 0 && running == memRunning || reclaims,
					cpuSome: waiting > 0,
					cpuFull: running > 0 && !busy,
					nonidle: iowait > 0 || memstall > 0 || running > 0,
				} {
					if got>>s&1 != 0 != want {
						t.Errorf("%d waiting for I/O, %d stalled, %d running, %d both, busy %t, the current one stalled %t: state %d is %t",
							iowait, memstall, running, memRunning, busy, reclaims, s, !want)
					}
				}
				if got>>nrStates != 0 {
					t.Errorf("states %b", got)
				}
			}
		}
	}
}
