package scripting

import (
	"bytes"
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"sync/atomic"
)

// memoryGuard watches this program's heap. It looks after every collection of garbage, which a script that
// allocates brings about by itself, and costs nothing otherwise.
type memoryGuard struct {
	limit   int64 // bytes
	tooMuch atomic.Bool
	done    atomic.Bool
}

func newMemoryGuard(limit int64) *memoryGuard {
	if limit <= 0 {
		limit = defaultMaxMemory()
	}
	g := &memoryGuard{limit: limit}
	g.arm()
	return g
}

// arm leaves an object to be collected; its cleanup is the look.
func (g *memoryGuard) arm() {
	canary := new([16]byte)
	runtime.AddCleanup(canary, func(g *memoryGuard) {
		if g.done.Load() {
			return
		}
		g.tooMuch.Store(heapInUse() > g.limit)
		g.arm()
	}, g)
}

func (g *memoryGuard) over() bool { return g.tooMuch.Load() }

func (g *memoryGuard) stop() { g.done.Store(true) }

// heapInUse is what the last collection found alive and what was allocated since.
func heapInUse() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// defaultMaxMemory is three quarters of the host's memory, where that can be learnt, and 4 GiB elsewhere.
func defaultMaxMemory() int64 {
	const unknown = 4 << 30
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return unknown
	}
	for line := range bytes.Lines(text) {
		f := bytes.Fields(line)
		if len(f) >= 2 && string(f[0]) == "MemTotal:" {
			if kib, err := strconv.ParseInt(string(f[1]), 10, 64); err == nil {
				return kib * 1024 / 4 * 3
			}
		}
	}
	return unknown
}
