package scripting

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func mustRead(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// BenchmarkLuaCall is a call from Lua that reaches Go, is checked, costs virtual time and returns; one turn of
// the Lua loop around it is part of it.
func BenchmarkLuaCall(b *testing.B) {
	for _, c := range []struct{ name, code string }{
		{"getpid", "p:getpid()"},
		{"two-numbers", "p:mincore(0x555555554000, 0)"},
		{"meminfo-free", "m:zone(0, 'DMA', 'free')"},
	} {
		b.Run(c.name, func(b *testing.B) {
			sc, err := load(b, fmt.Sprintf(machineDecl+"process('a', function(p) for i = 1, %d do %s end end)", b.N, c.code), LoadOptions{MaxSteps: 1 << 60})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			if _, err := sc.Run(b.Context(), RunOptions{}); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
		})
	}
}

// BenchmarkLuaLoop is an instruction of a Lua loop with the count of steps, of which a turn has two.
func BenchmarkLuaLoop(b *testing.B) {
	sc, err := load(b, fmt.Sprintf(machineDecl+"process('a', function(p) local x = 0 for i = 1, %d do x = x + i end end)", b.N), LoadOptions{MaxSteps: 1 << 60})
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	if _, err := sc.Run(b.Context(), RunOptions{}); err != nil {
		b.Fatal(err)
	}
}

const manyProcesses = `
	local m = machine { ram = "4GiB", cpus = 4, thp = "never" }
	process("w", { count = %d }, function(p)
		local a = p:mmap("64KiB")
		p:touch(a, "64KiB", "write")
		p:sleep("10s")
	end)
	m:at("9s", function() MEASURE() end)`

// processMemory runs n Lua processes at a time and gives the bytes of heap and stacks that they take.
func processMemory(t testing.TB, n int) int64 {
	inUse := func() int64 {
		runtime.GC()
		var ms runtime.MemStats
		runtime.ReadMemStats(&ms)
		return int64(ms.HeapAlloc + ms.StackInuse)
	}
	before := inUse()
	var during int64
	sc := mustLoad(t, fmt.Sprintf(manyProcesses, n))
	sc.s.L.G.Global.RawSetString("MEASURE", sc.s.L.NewFunction(func(*luaState) int { during = inUse(); return 0 }))
	if _, err := sc.Run(t.Context(), RunOptions{}); err != nil {
		t.Fatal(err)
	}
	return during - before
}

// Ten thousand processes that run Lua, alive at once, take less than 300 MiB.
func TestProcessMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second")
	}
	const n = 10_000
	used := processMemory(t, n)
	t.Logf("%d processes: %d MiB, %d bytes each", n, used>>20, used/n)
	if used > 300<<20 {
		t.Fatalf("%d processes take %d MiB", n, used>>20)
	}
}

// BenchmarkProcesses is the whole life of a process that runs Lua; MB is what 10,000 of them take at once.
func BenchmarkProcesses(b *testing.B) {
	for range b.N {
		b.ReportMetric(float64(processMemory(b, 10_000))/1e6, "MB")
	}
}

// BenchmarkLoad is what mmsim check does with a small scenario.
func BenchmarkLoad(b *testing.B) {
	path := filepath.Join(b.TempDir(), "s.lua")
	if err := os.WriteFile(path, []byte(machineDecl+"process('a', function(p) end)"), 0o644); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Load(path, LoadOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSample is one sample of all of meminfo and vmstat.
func BenchmarkSample(b *testing.B) {
	sc := mustLoad(b, fmt.Sprintf(machineDecl+"process('a', function(p) p:sleep('%dms') end) sample { every = '1ms' }", b.N))
	b.ResetTimer()
	if _, err := sc.Run(b.Context(), RunOptions{}); err != nil {
		b.Fatal(err)
	}
}
