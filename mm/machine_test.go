package mm

import (
	"context"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"mmsim/engine"
	"mmsim/mm/phys"
)

// testMachine is a small machine whose cost table is the default one. Its zero value has 96 MiB, one CPU and no swap.
type testMachine struct {
	ram  uint64
	cpus int
	swap []SwapConfig
	sys  []Sysctl
	cost string
	arch string
	lru  string

	files []FileConfig
	// table is the table of costs in place of a preset.
	table *CostTable
	tlb   TLBConfig
}

// boot makes the machine.
func (m testMachine) boot(tb testing.TB) *Kernel {
	tb.Helper()
	if m.ram == 0 {
		m.ram = 96 << 20
	}
	if m.cpus == 0 {
		m.cpus = 1
	}
	cost, err := CostPreset(m.cost)
	if err != nil {
		tb.Fatal(err)
	}
	if m.table != nil {
		cost = m.table
	}
	sim := engine.New(engine.Options{Seed: 1, CPUs: m.cpus})
	k, err := New(sim, Config{
		Arch: m.arch, Nodes: []NodeConfig{{RAM: m.ram, CPUs: m.cpus}}, Swap: m.swap, Sysctl: m.sys, THP: "never", LRU: m.lru, Seed: 1, Cost: cost, Files: m.files, TLB: m.tlb,
	})
	if err != nil {
		tb.Fatal(err)
	}
	k.missedMlocks = map[phys.PFN]bool{}
	return k
}

// spawn adds a process with default options.
func (k *Kernel) spawn(tb testing.TB, name string, body func(*Process)) *Process {
	tb.Helper()
	p, err := k.Spawn(name, DefaultProcessOptions(), body)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// run runs the machine to the end of all processes and checks it there.
func (k *Kernel) run(tb testing.TB) engine.Result {
	tb.Helper()
	res := k.Sim.Run(context.Background())
	var pe *engine.PanicError
	if errors.As(res.Err, &pe) {
		tb.Fatalf("the run failed: %v\n%s", pe, pe.Stack)
	}
	if res.Err != nil {
		tb.Fatalf("the run failed: %v", res.Err)
	}
	k.check(tb)
	return res
}

// runRapid runs a machine whose processes draw from rapid and check with it: what rapid throws in one of them is for rapid, which then looks for a smaller case.
func (k *Kernel) runRapid(rt *rapid.T) {
	rt.Helper()
	var pe *engine.PanicError
	if res := k.Sim.Run(rt.Context()); errors.As(res.Err, &pe) {
		panic(pe.Value)
	} else if res.Err != nil {
		rt.Fatal(res.Err)
	}
	k.check(rt)
}

func (k *Kernel) check(tb interface {
	Helper()
	Fatalf(format string, args ...any)
},
) {
	tb.Helper()
	if err := k.CheckInvariants(); err != nil {
		tb.Fatalf("at %v: %v", k.Sim.Now(), err)
	}
}

func (k *Kernel) vm(tb testing.TB, name string) int64 {
	tb.Helper()
	v, ok := k.Vmstat(name)
	if !ok {
		tb.Fatalf("no %s in vmstat", name)
	}
	return v
}

const (
	kib = uint64(1) << 10
	mib = uint64(1) << 20
	rw  = ProtRead | ProtWrite
)

func (p *Process) mustMmap(tb testing.TB, n uint64) uint64 {
	tb.Helper()
	a, err := p.Mmap(MmapArgs{Len: n, Prot: rw})
	if err != 0 {
		tb.Fatalf("mmap of %d bytes: %v", n, err)
	}
	return a
}

func (p *Process) write(a, n uint64) { p.Touch(TouchArgs{Addr: a, Len: n, Write: true, N: -1}) }
func (p *Process) read(a, n uint64)  { p.Touch(TouchArgs{Addr: a, Len: n, N: -1}) }
