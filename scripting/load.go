package scripting

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"mmsim/engine"
	"mmsim/mm"
	"mmsim/mm/phys"
	"mmsim/mm/procfs"
)

// LoadOptions says how a scenario is loaded. The zero value is all defaults.
type LoadOptions struct {
	Set       map[string]string // values of parameters
	Seed      *uint64           // instead of the machine's
	MaxSteps  int64             // Lua instructions of a process or the main chunk; 0: DefaultMaxSteps
	MaxMemory int64             // bytes of this program's heap; 0: three quarters of the host's memory
	Boot      *procfs.Snapshot  // what the machine starts from; nil: an estimate
}

// Load runs the main chunk of the scenario at path and checks what it declares, as far as that can be known
// before the run. Every error is an *Error, but for those of reading the file.
func Load(path string, opt LoadOptions) (*Scenario, error) {
	text, err := readScenario(path)
	if err != nil {
		return nil, err
	}
	s := &state{
		path: path, dir: filepath.Dir(path), sets: opt.Set, seed: opt.Seed, maxSteps: opt.MaxSteps,
		ids: map[lua.LValue]int{}, loaded: map[string]lua.LValue{}, sc: &Scenario{Path: path, snapshot: opt.Boot},
	}
	s.sc.s = s
	if s.maxSteps <= 0 {
		s.maxSteps = DefaultMaxSteps
	}
	s.guard = newMemoryGuard(opt.MaxMemory)
	s.open()
	s.bind()
	fn, err := s.compile(text, path)
	if err != nil {
		return nil, scriptError(err, path, "")
	}
	if _, err := s.main.runProtected(s.L, fn); err != nil {
		return nil, s.explain(err, "")
	}
	s.declared = true
	if err := s.sc.validate(); err != nil {
		return nil, err
	}
	return s.sc, nil
}

func readScenario(path string) (string, error) {
	info, err := os.Stat(path)
	var failed *fs.PathError
	switch {
	case errors.As(err, &failed):
		return "", &Error{File: path, Msg: failed.Err.Error()}
	case err != nil:
		return "", &Error{File: path, Msg: err.Error()}
	case info.IsDir():
		return "", &Error{File: path, Msg: "this is a folder, not a scenario"}
	case info.Size() > maxSource:
		return "", &Error{File: path, Msg: fmt.Sprintf("the file has %d bytes; a scenario may have %d", info.Size(), maxSource)}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", &Error{File: path, Msg: err.Error()}
	}
	return string(text), nil
}

// explain makes a script's error an *Error, and says more about the two messages in which the interpreter
// names nothing.
func (s *state) explain(err error, process string) *Error {
	e := scriptError(err, s.path, process)
	name := s.unknownGlobal
	if name == "" || !strings.HasPrefix(e.Msg, "attempt to call a non-function") && !strings.HasPrefix(e.Msg, "attempt to index a non-table object(nil)") {
		return e
	}
	known := append(namesOf(ScopeGlobal), "KiB", "MiB", "GiB", "TiB", "PAGE_SIZE", "pcall", "pairs", "ipairs", "print", "tostring", "tonumber", "require", "string", "table", "math")
	e.Msg += fmt.Sprintf(" (the global '%s' is not there%s)", clip(name), didYouMean(name, known))
	return e
}

// validate checks what could not be checked line by line.
func (sc *Scenario) validate() error {
	s := sc.s
	var names []string
	for _, p := range sc.Params {
		names = append(names, p.Name)
	}
	var unset []string
	for name := range s.sets {
		if !slices.Contains(names, name) {
			unset = append(unset, name)
		}
	}
	if len(unset) > 0 {
		slices.Sort(unset)
		return errorf(sc.Path, 0, "%s", unknown("parameter", unset[0], names)+parametersAre(names))
	}
	if !sc.machined {
		return errorf(sc.Path, 0, "the scenario declares no machine{}")
	}
	seen := map[string]place{}
	cpus := 0
	for _, n := range sc.Machine.Nodes {
		cpus += n.CPUs
	}
	for _, p := range sc.Processes {
		if at, ok := seen[p.Name]; ok {
			return errorAt(p.at, "two processes are named '%s'; the other is declared in line %d", p.Name, at.Line)
		}
		seen[p.Name] = p.at
		if p.CPU >= cpus {
			return errorAt(p.at, "process '%s': there is no CPU %d; the machine has %d, from 0", p.Name, p.CPU, cpus)
		}
		if p.Node >= len(sc.Machine.Nodes) {
			return errorAt(p.at, "process '%s': there is no node %d; the machine has %d, from 0", p.Name, p.Node, len(sc.Machine.Nodes))
		}
	}
	// A machine that is made and not run finds what is wrong with its declaration, and knows its names.
	cost, err := mm.CostPreset("")
	if err != nil {
		return err
	}
	k, err := sc.boot(engine.New(engine.Options{Seed: sc.Machine.Seed, CPUs: cpus}), cost)
	if err != nil {
		return err
	}
	return sc.resolveSamples(k)
}

func parametersAre(names []string) string {
	if len(names) == 0 {
		return "; the scenario declares none"
	}
	return "; there are: " + strings.Join(names, ", ")
}

// boot makes the declared machine, from recorded files if there are any.
func (sc *Scenario) boot(sim *engine.Sim, cost *mm.CostTable) (*mm.Kernel, error) {
	m := &sc.Machine
	cfg := mm.Config{
		Arch: m.Arch, THP: m.THP, LRU: m.LRU, Seed: m.Seed, Cost: cost, Boot: sc.snapshot, Distance: m.Distance, CMA: uint64(m.CMA),
		KernelCore:  phys.CoreSize{Bytes: uint64(m.KernelCore.Bytes), Percent: m.KernelCore.Percent},
		MovableCore: phys.CoreSize{Bytes: uint64(m.MovableCore.Bytes), Percent: m.MovableCore.Percent},
	}
	cfg.TLB = mm.TLBConfig{Entries: m.TLB.Entries, Ways: m.TLB.Ways}
	for _, n := range m.Nodes {
		cfg.Nodes = append(cfg.Nodes, mm.NodeConfig{RAM: uint64(n.RAM), CPUs: n.CPUs})
	}
	for _, a := range m.Swap {
		cfg.Swap = append(cfg.Swap, mm.SwapConfig{Size: uint64(a.Size), Device: a.Device, Priority: a.Priority})
	}
	for _, v := range m.Sysctl {
		cfg.Sysctl = append(cfg.Sysctl, mm.Sysctl{Name: v.Name, Value: v.Value})
	}
	for _, f := range sc.Files {
		cfg.Files = append(cfg.Files, mm.FileConfig{Path: f.Path, Size: uint64(f.Size)})
	}
	k, err := mm.New(sim, cfg)
	if bad := (*mm.FileError)(nil); errors.As(err, &bad) {
		return nil, errorAt(sc.Files[bad.Index].at, "%v", err)
	}
	if err != nil {
		return nil, errorAt(m.at, "%v", err)
	}
	return k, nil
}
