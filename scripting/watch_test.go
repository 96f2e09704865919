package scripting

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mmsim/engine"
	"mmsim/results"
)

const crowd = `local m = machine { ram = "128MiB", thp = "never", swap = "128MiB", cpus = 2 }
	for i = 1, 3 do
		process("p." .. i, { nice = i }, function(p)
			local size = 48*MiB
			local a = p:mmap(size)
			p:fork("kid", function(c) c:touch(a, size, "write", { order = "random", n = 9000 }) c:sleep("3ms") end)
			p:touch(a, size, "write", { order = "random", n = 20000 })
			p:wait()
			p:record("t", m:now())
		end)
	end
	sample { every = "7ms", "meminfo.MemFree", "vmstat.pswpout", "process.p.1.VmRSS" }
	m:every("5ms", function(m) m:record("free", m:meminfo("MemFree")) end)
`

// whole runs a scenario and gives all that it left but what was recorded of /proc, and that by time.
func whole(t *testing.T, text string, opt RunOptions) (rest string, procs map[int64]string, sum *Summary) {
	t.Helper()
	rec := &memo{}
	opt.Recorder = rec
	sum, err := mustLoad(t, text).Run(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	procs = map[int64]string{}
	var lines []string
	for _, l := range rec.lines {
		if text, ok := strings.CutPrefix(l, "proc "); ok {
			var at int64
			if _, err := fmt.Sscan(text, &at); err != nil {
				t.Fatal(err)
			}
			if _, twice := procs[at]; twice {
				t.Errorf("/proc of %d ns is recorded twice", at)
			}
			procs[at] = text
			continue
		}
		lines = append(lines, l)
	}
	return strings.Join(lines, "\n") + fmt.Sprint(rec.times, rec.rows), procs, sum
}

// To record /proc changes nothing of the run, and a run that ends at a time finds there what the whole run found.
func TestWatchingChangesNothing(t *testing.T) {
	plain, none, sum := whole(t, crowd, RunOptions{})
	if len(none) > 0 || sum.VirtualSeconds < 0.05 {
		t.Fatalf("%d records, %v s", len(none), sum.VirtualSeconds)
	}
	odd := 33*engine.Millisecond + 331*engine.Microsecond
	watched, procs, _ := whole(t, crowd, RunOptions{ProcEvery: 5 * engine.Millisecond, ProcAt: []engine.Time{odd, 0, 50 * engine.Millisecond, engine.MaxTime}})
	if watched != plain {
		t.Error("the run went another way because it was watched")
	}
	if n := int(sum.VirtualSeconds/0.005) + 2; len(procs) != n {
		t.Errorf("%d records, want %d", len(procs), n)
	}
	for at, text := range procs {
		_, again, end := whole(t, crowd, RunOptions{ProcAt: []engine.Time{engine.Time(at)}, ProcOnly: true})
		if again[at] != text || len(again) != 1 {
			t.Errorf("at %v a run of its own finds another /proc", engine.Time(at))
		}
		if end.VirtualSeconds != engine.Time(at).Seconds() {
			t.Errorf("it ends at %v, not at %v", end.VirtualSeconds, engine.Time(at))
		}
	}
}

// The end of the run kills all processes, which exit before the machine is looked at; who never started is not
// heard of.
func TestEndKills(t *testing.T) {
	const head = `local m = machine { ram = "128MiB", thp = "never" }
		local free = {}
		m:at("1us", function(m) free.before = m:meminfo("MemFree") end)
		process("hog", function(p) p:touch(p:mmap(32*MiB), 32*MiB, "write") p:sleep("1s") end)
		process("spawner", function(p) while true do p:fork(nil, function(c) c:sleep("1s") end) end end)
		process("late", { start = "1s" }, function(p) p:record("late", 1) end)
		expect("memory is back", function(m) return m:meminfo("AnonPages") == 0 and m:meminfo("MemFree") > free.before - 4*MiB end)
	`
	for end, reason := range map[string]string{
		`stop_after("20ms")`: "time limit", `m:at("20ms", function(m) m:stop() end)`: "stopped",
		`process("ends", { start = "20ms" }, function(p) m:stop() p:sleep(1) p:record("alive", 1) end)`: "stopped",
	} {
		rec, sum, err := run1(t, head+end+`
			sample { every = "10ms", "meminfo.AnonPages" }
			m:every("15ms", function(m) m:record("hook", 1) end)`)
		if err != nil {
			t.Fatal(err)
		}
		if sum.Outcome != results.OK || sum.End != reason || sum.VirtualSeconds < 0.02 || sum.VirtualSeconds > 0.1 {
			t.Errorf("%s: %+v", end, sum)
		}
		want(t, rec.of("obs"), "machine hook=1")
		exits := rec.of("exit")
		for _, e := range exits {
			if !strings.HasSuffix(e, " 0 SIGKILL false") || strings.HasPrefix(e, "late") {
				t.Errorf("%s: exit %s", end, e)
			}
		}
		if !slices.Contains(exits, "hog 0 SIGKILL false") || len(exits) < 10 {
			t.Errorf("%s: exits %q", end, exits)
		}
		if last := len(rec.times) - 1; rec.times[last-1] < 20e6 || rec.rows[last-1][0] < 32<<20 || rec.rows[last][0] != 0 {
			t.Errorf("%s: samples at %v of %v", end, rec.times, rec.rows)
		}
	}
}

// Without processes a run goes on to its end, sampled; and one that is stuck is found out, whatever watches it.
func TestNothingAhead(t *testing.T) {
	rec, sum, err := run1(t, machineDecl+`stop_after("30ms") sample { every = "10ms", "meminfo.MemFree" }`)
	if err != nil || fmt.Sprint(rec.times) != "[0 10000000 20000000 30000000]" || sum.VirtualSeconds != 0.03 || sum.End != "time limit" {
		t.Errorf("%v, %v, %+v", err, rec.times, sum)
	}
	sc := mustLoad(t, machineDecl+`sample { every = "10ms", "meminfo.MemFree" } process("a", function(p) end)`)
	sum, err = sc.Run(t.Context(), RunOptions{ProcEvery: engine.Millisecond})
	if err != nil || sum.VirtualSeconds > 0.01 {
		t.Errorf("%v, %+v", err, sum)
	}
}

func TestWatchTimes(t *testing.T) {
	w := &watch{every: 10, times: []engine.Time{3, 10, 25}}
	var got []engine.Time
	for now := engine.Time(0); now < 40; now = w.next {
		w.advance(now)
		got = append(got, w.next)
	}
	if fmt.Sprint(got) != fmt.Sprint([]engine.Time{3, 10, 20, 25, 30, 40}) {
		t.Errorf("%v", got)
	}
	w = &watch{every: engine.MaxTime/2 + 1}
	if w.advance(engine.MaxTime/2 + 1); w.next != engine.MaxTime {
		t.Errorf("%v", w.next)
	}
}

// A run without sample{} tells how far it is, too.
func TestProgressWithoutSamples(t *testing.T) {
	sc := mustLoad(t, machineDecl+`process("a", function(p) while true do p:sleep("1ms") end end)`)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var last engine.Time
	_, err := sc.Run(ctx, RunOptions{Progress: func(p Progress) {
		if last = p.Time; last > engine.Second {
			cancel()
		}
	}})
	if err != nil || last <= engine.Second {
		t.Errorf("%v, last heard of at %v", err, last)
	}
}

// A mistake in the kernel reaches the caller as what it is.
func TestPanic(t *testing.T) {
	sc := mustLoad(t, machineDecl+`process("a", function(p) p:exit(0) end)`)
	sum, err := sc.Run(t.Context(), RunOptions{Recorder: thrower{}})
	var wrong *engine.PanicError
	if !errors.As(err, &wrong) || len(wrong.Stack) == 0 || strings.Contains(err.Error(), "goroutine") || sum.Outcome != results.Failed {
		t.Errorf("%v, %+v", err, sum)
	}
}

type thrower struct{ discard }

func (thrower) Exit(results.Exit) { panic("thrown") }
