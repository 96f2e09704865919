package scripting

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mmsim/engine"
	"mmsim/results"
)

const busy = `
	local m = machine { ram = "64MiB", cpus = 2, swap = "64MiB", thp = "never", seed = 5 }
	process("w", { count = 2 }, function(p)
		local a = p:mmap("40MiB")
		for i = 1, 3 do
			p:touch(a, "40MiB", "write", { order = "random", n = 5000 })
			p:record("random " .. i, math.random(1000))
			p:fork("kid", function(c) c:touch(a, "1MiB", "write") c:record("share", math.random()) end)
		end
		while p:wait() do end
		print(p, tostring({}), tostring(print))
	end)
	m:every("10ms", function(m) m:record("free", m:meminfo("MemFree")) end)
	sample { every = "5ms" }
	plot { file = "x", series = { "process.w.1/kid.VmRSS" } }
	expect("ran", function(m) return m:vmstat("pgfault") > 0 end)`

// The same scenario and seed leave the same bytes; another seed does not.
func TestDeterminism(t *testing.T) {
	leave := func(seed uint64) string {
		dir := filepath.Join(t.TempDir(), "run")
		w, err := results.Create(dir, false, results.Manifest{})
		if err != nil {
			t.Fatal(err)
		}
		sc, err := load(t, busy, LoadOptions{Seed: &seed})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sc.Run(t.Context(), RunOptions{Recorder: w}); err != nil {
			t.Fatal(err)
		}
		if err := w.Finish(results.End{Outcome: results.OK}); err != nil {
			t.Fatal(err)
		}
		var all strings.Builder
		for _, name := range []string{"observations.csv", "samples.csv", "exits.csv", "events.csv", "log.txt", "dmesg.txt", "after/vmstat", "after/zoneinfo"} {
			all.WriteString(mustRead(t, filepath.Join(dir, name)))
		}
		return all.String()
	}
	a, b, c := leave(5), leave(5), leave(6)
	if a != b {
		t.Error("two runs of the same seed differ")
	}
	if a == c {
		t.Error("two seeds give the same run")
	}
	if !strings.Contains(a, "w.1/kid") || !strings.Contains(a, "table: 0x00000001") {
		t.Error("the run left too little")
	}
}

// The random streams are those of the language: SplitMix64 by the process's name.
func TestRandomStreams(t *testing.T) {
	rec, _, err := run1(t, `
		local m = machine { ram = "64MiB", seed = 42 }
		local main = math.random()
		process("a", function(p)
			p:record("main", main)
			p:record("float", math.random())
			p:record("six", math.random(6))
			p:record("range", math.random(-5, 5))
			p:fork(function(c) c:record("child", math.random()) end)
			p:wait()
		end)`)
	if err != nil {
		t.Fatal(err)
	}
	a, main, child := engine.NewStream(42, "a"), engine.NewStream(42, ""), engine.NewStream(42, "a/1")
	want(t, rec.of("obs"),
		fmt.Sprintf("a main=%v", main.Float64()), fmt.Sprintf("a float=%v", a.Float64()), fmt.Sprintf("a six=%v", 1+a.Below(6)),
		fmt.Sprintf("a range=%v", -5+int64(a.Below(11))), fmt.Sprintf("a/1 child=%v", child.Float64()))
}

func TestProcesses(t *testing.T) {
	rec, sum, err := run1(t, machineDecl+`
		process("late", { start = "50ms" }, function(p) p:record("t", m:now()) end)
		process("a", function(p)
			local pid = p:fork("kid", function(c) c:sleep("1ms") c:exit(3) end)
			local who, st = p:wait(pid)
			p:record("kid", who == pid and st.code == 3 and st.signal == nil)
			local other = p:fork(function(c) c:sleep("1s") end)
			p:kill(other)
			local _, st = p:wait()
			p:record("killed", tostring(st.signal) .. tostring(st.oom) .. tostring(st.code))
			p:record("nil", nil)
			p:record("text", "x")
			p:log("hello")
			m:log("machine")
			p:compute("2ms")
			p:yield()
		end)`)
	if err != nil {
		t.Fatal(err)
	}
	want(t, rec.of("obs"), "a kid=true", "a killed=SIGTERMnilnil", "a nil=<nil>", "a text=x", "late t=0.05000241") // with the switch to it, 2,410 ns
	want(t, rec.of("log"), "a: hello", "machine: machine")
	want(t, rec.of("exit"), "a/kid 3  false", "a/2 0 SIGTERM false", "a 0  false", "late 0  false")
	want(t, rec.of("snapshot"), "before", "after")
	if len(sum.Processes) != 4 || sum.Processes[0].Code != 3 || sum.Outcome != results.OK || sum.Memory.Total == 0 || len(sum.Memory.Zones) == 0 {
		t.Fatalf("%+v", sum)
	}
}

func TestHooks(t *testing.T) {
	rec, sum, err := run1(t, machineDecl+`
		print("loading", 1)
		m:at("3ms", function(m) m:record("at", m:now()) m:at("4ms", function() m:record("nested", m:now()) end) end)
		m:every("2ms", function(m) m:record("every", m:now()) end)
		m:at("3ms", function(m) m:record("same time, later", m:now()) end)
		m:at("7ms", function(m) m:stop() end)
		process("a", function(p) p:sleep("1s") end)`)
	if err != nil {
		t.Fatal(err)
	}
	want(t, rec.of("obs"), "machine every=0.002", "machine at=0.003", "machine same time, later=0.003", "machine every=0.004",
		"machine nested=0.004", "machine every=0.006")
	want(t, rec.of("log"), "machine: loading\t1")
	want(t, rec.of("exit"), "a 0 SIGKILL false")
	if sum.End != "stopped" || sum.VirtualSeconds <= 0.007 || sum.VirtualSeconds > 0.008 {
		t.Fatalf("%+v", sum)
	}
	_, _, err = run1(t, machineDecl+"process('a', function(p) p:sleep(1) end)\nm:at('1ms', function(m)\n error('no') end)")
	wantError(t, err, "s.lua:4: no")
}

// Samples are taken at 0, every period and at the end.
func TestSampling(t *testing.T) {
	rec, _, err := run1(t, machineDecl+`
		sample { every = "10ms", names = "meminfo.MemTotal", "process.a.VmRSS", "buddy.0.DMA32.10", "zone.0.DMA32.managed" }
		plot { file = "x", series = { "process.a.VmSize", "process.a.VmRSS" }, lines = { "zone.0.DMA.*" } }
		process("a", function(p) p:touch(p:mmap(4096), 4096, "write") p:sleep("25ms") end)
		process("b", function(p) p:sleep("32ms") end)`)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"meminfo.MemTotal", "process.a.VmRSS", "buddy.0.DMA32.10", "zone.0.DMA32.managed", "process.a.VmSize", "zone.0.DMA.free"} {
		if i > 1 && rec.columns[i] != name && !strings.Contains(strings.Join(rec.columns, " "), name) {
			t.Fatalf("columns %q lack %s", rec.columns, name)
		}
	}
	var at []int64
	for _, ns := range rec.times {
		at = append(at, ns/1e6)
	}
	if fmt.Sprint(at) != "[0 10 20 30 32]" {
		t.Fatalf("sampled at %v ms", at)
	}
	rss := 0
	for i, c := range rec.columns {
		if c == "process.a.VmRSS" {
			rss = i
		}
	}
	if rec.rows[1][rss] <= 0 || !math.IsNaN(rec.rows[3][rss]) {
		t.Fatalf("VmRSS: %v", rec.rows)
	}
	rec, _, err = run1(t, machineDecl+"sample { every = 1 }")
	if err != nil || len(rec.columns) < 100 || rec.columns[0] != "meminfo.MemTotal" {
		t.Fatalf("%v, columns %q", err, rec.columns)
	}
	rec, _, err = run1(t, machineDecl)
	if err != nil || rec.columns != nil {
		t.Fatalf("%v: sampled without being asked", err)
	}
}

func TestExpect(t *testing.T) {
	_, sum, err := run1(t, machineDecl+`
		expect("true", function(m) return m:meminfo("MemTotal") > 0 end)
		expect("false", function() return false end)
		expect("nothing", function() end)
		expect("raises", function(m) m:vmstat("x") end)`)
	if err != nil {
		t.Fatal(err)
	}
	if sum.Outcome != results.ExpectFailed || len(sum.Expectations) != 4 || !sum.Expectations[0].Held {
		t.Fatalf("%+v", sum.Expectations)
	}
	for i, why := range map[int]string{1: "s.lua:4: the function gave false", 2: "s.lua:5: the function gave nil", 3: "s.lua:6: m:vmstat: unknown counter"} {
		if e := sum.Expectations[i]; e.Held || !strings.Contains(e.Why, why) {
			t.Errorf("%+v, want %q", e, why)
		}
	}
}

// The process whose script raises an error exits with 1, which ends the run; the end of the run kills the rest.
func TestFailure(t *testing.T) {
	rec, sum, err := run1(t, machineDecl+`
		process("a", function(p) p:sleep("1ms") local x = nil + 1 end)
		process("b", function(p) p:sleep("1s") end)
		expect("not judged", function() return false end)`)
	wantError(t, err, "s.lua:3: process 'a': ")
	want(t, rec.of("exit"), "a 1  false", "b 0 SIGKILL false")
	if sum.Outcome != results.Failed || sum.VirtualSeconds > 0.1 || len(sum.Expectations) != 0 || sum.Error != err.Error() {
		t.Fatalf("%+v", sum)
	}
}

// A cancelled context ends the run, also in a Lua loop, and is no error.
func TestCancel(t *testing.T) {
	for _, code := range []string{"while true do p:sleep('1ms') end", "while true do end"} {
		sc := mustLoad(t, machineDecl+"process('a', function(p) "+code+" end) sample { every = '1ms', 'vmstat.pgfault' }")
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()
		sum, err := sc.Run(ctx, RunOptions{})
		if err != nil || sum.Outcome != results.Interrupted {
			t.Errorf("%s: %v, %+v", code, err, sum)
		}
	}
}

// The scenarios that come with the program load, run and keep what they promise.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("../scenarios/*.lua")
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			sc, err := Load(f, LoadOptions{})
			if err != nil {
				t.Fatal(err)
			}
			sum, err := sc.Run(t.Context(), RunOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range sum.Expectations {
				if !e.Held {
					t.Errorf("%s: %s", e.What, e.Why)
				}
			}
		})
	}
}

// Every row of meminfo and vmstat can be sampled, and a sample is what the exact calls say, as far as /proc
// follows them.
func TestProcTable(t *testing.T) {
	rec, _, err := run1(t, machineDecl+`
		sample { every = 1 }
		process("a", function(p) m:record("MemTotal", m:meminfo("MemTotal")) m:record("nr_dirty", m:vmstat("nr_dirty")) end)`)
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]float64{}
	for i, c := range rec.columns {
		at[c] = rec.rows[0][i]
	}
	want(t, rec.of("obs"), fmt.Sprintf("machine MemTotal=%v", at["meminfo.MemTotal"]), fmt.Sprintf("machine nr_dirty=%v", at["vmstat.nr_dirty"]))
	if at["meminfo.Active(anon)"] < 0 || at["meminfo.MemFree"] <= 0 || at["vmstat.nr_free_pages"]*4096 != at["meminfo.MemFree"] || at["meminfo.HugePages_Total"] != 0 {
		t.Fatalf("%v", at)
	}
	sc := mustLoad(t, machineDecl)
	if _, err := sc.Run(t.Context(), RunOptions{}); err != nil {
		t.Fatal(err)
	}
	k := sc.s.run.k
	for path, names := range map[string][]string{"/proc/meminfo": k.MeminfoFields(), "/proc/vmstat": k.VmstatNames()} {
		table := newProcTable(k, path)
		for _, n := range names {
			if table.column(n) == nil {
				t.Errorf("%s has no row %s", path, n)
			}
		}
	}
}
