package scripting

import (
	"fmt"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"

	"mmsim/mm"
)

// sampleName is a name that sample{} or plot{} asks for; "*" stands for any text in it.
type sampleName struct {
	name   string
	at     place
	byPlot bool
}

var (
	sampleKinds     = []string{"meminfo", "vmstat", "zone", "buddy", "process", "cgroup", "psi", "slab", "tlb"}
	laterKinds      = []string{"cgroup"}
	sampledStatuses = []string{"VmRSS", "VmSwap", "VmSize", "RssAnon", "RssFile", "RssShmem", "VmPTE"}
)

// nrOrders is how many orders of free blocks there are (MAX_ORDER of Linux 6.1).
const nrOrders = 11

// addSample notes a name. Whether there is such a value is known when the machine is.
func (sc *Scenario) addSample(c *call, name string, at place) {
	kind, _, dotted := strings.Cut(name, ".")
	switch {
	case !dotted || !slices.Contains(sampleKinds, kind):
		c.fail("%s", unknown("sampled name", name, sampleKinds)+" (names begin with "+alternatives(sampleKinds)+" and a dot)")
	case slices.Contains(laterKinds, kind):
		c.fail("%s", notYetMessage("sampling "+kind+".*"))
	}
	byPlot := c.e.Name == "plot"
	if byPlot && sc.SampleEvery == 0 {
		sc.SampleEvery = defaultEvery
	}
	sc.sampleNames = append(sc.sampleNames, sampleName{name, at, byPlot})
}

// catalogue is what can be sampled on a machine, by kind.
type catalogue struct {
	k       *mm.Kernel
	sc      *Scenario
	names   map[string][]string
	process map[string]bool // declared names
}

func (sc *Scenario) catalogue(k *mm.Kernel) *catalogue {
	c := &catalogue{k: k, sc: sc, names: map[string][]string{}, process: map[string]bool{}}
	add := func(kind, name string) { c.names[kind] = append(c.names[kind], kind+"."+name) }
	for _, f := range k.MeminfoFields() {
		add("meminfo", f)
	}
	for _, n := range k.VmstatNames() {
		add("vmstat", n)
	}
	for node := range sc.Machine.Nodes {
		for _, zone := range k.ZoneNames() {
			at := strconv.Itoa(node) + "." + zone + "."
			for _, n := range k.ZoneCounterNames() {
				if _, err := k.Zone(node, zone, n); err == nil {
					add("zone", at+n)
				}
			}
			for order := range nrOrders {
				if _, err := k.Buddy(node, zone, order); err == nil {
					add("buddy", at+strconv.Itoa(order))
				}
			}
		}
	}
	for _, line := range []string{"some", "full"} {
		for _, n := range psiNames {
			add("psi", "memory."+line+"."+n)
		}
	}
	for _, n := range k.TLBNames() {
		add("tlb", n)
	}
	for _, cache := range k.SlabCaches() {
		for _, f := range mm.SlabFields() {
			add("slab", cache+"."+f)
		}
	}
	for _, p := range sc.Processes {
		c.process[p.Name] = true
		for _, f := range sampledStatuses {
			add("process", p.Name+"."+f)
		}
	}
	return c
}

// expand gives the names that one asked for stands for.
func (c *catalogue) expand(name string) ([]string, error) {
	kind, rest, _ := strings.Cut(name, ".")
	known := c.names[kind]
	if slices.Contains(known, name) {
		return []string{name}, nil
	}
	if strings.Contains(name, "*") {
		var out []string
		pattern := strings.NewReplacer(`\`, `\\`, `[`, `\[`, `?`, `\?`).Replace(name)
		for _, n := range known {
			if ok, err := path.Match(strings.ReplaceAll(pattern, "/", "\x00"), strings.ReplaceAll(n, "/", "\x00")); ok && err == nil {
				out = append(out, n)
			}
		}
		if len(out) == 0 {
			return nil, fmt.Errorf("nothing that can be sampled is like '%s'", clip(name))
		}
		return out, nil
	}
	if kind == "tlb" && len(known) == 0 {
		_, err := c.k.TLB(rest)
		return nil, err
	}
	if kind != "process" {
		return nil, fmt.Errorf("%s", unknown("sampled name", name, known))
	}
	// A child of a declared process may be born during the run.
	dot := strings.LastIndexByte(rest, '.')
	if dot < 0 {
		return nil, fmt.Errorf("%s", unknown("sampled name", name, known))
	}
	process, field := rest[:dot], rest[dot+1:]
	parent, _, _ := strings.Cut(process, "/")
	if !c.process[parent] {
		var names []string
		for _, p := range c.sc.Processes {
			names = append(names, p.Name)
		}
		return nil, fmt.Errorf("sampled name '%s': %s", clip(name), unknown("process", parent, names))
	}
	if !slices.Contains(sampledStatuses, field) {
		return nil, fmt.Errorf("sampled name '%s': %s", clip(name), unknown("field", field, sampledStatuses))
	}
	return []string{name}, nil
}

// resolveSamples makes the list of columns: what sample{} names, or all of meminfo and vmstat, then what plots
// show besides.
func (sc *Scenario) resolveSamples(k *mm.Kernel) error {
	if sc.SampleEvery == 0 {
		return nil
	}
	c := sc.catalogue(k)
	seen := map[string]bool{}
	add := func(names ...string) {
		for _, n := range names {
			if !seen[n] {
				seen[n] = true
				sc.Samples = append(sc.Samples, n)
			}
		}
	}
	named := slices.ContainsFunc(sc.sampleNames, func(n sampleName) bool { return !n.byPlot })
	if sc.sampleAt != (place{}) && !named {
		add(c.names["meminfo"]...)
		add(c.names["vmstat"]...)
	}
	for _, byPlot := range []bool{false, true} {
		for _, n := range sc.sampleNames {
			if n.byPlot != byPlot {
				continue
			}
			names, err := c.expand(n.name)
			if err != nil {
				return errorAt(n.at, "%v", err)
			}
			add(names...)
		}
	}
	return nil
}

// probe gives the function that reads a column.
func (r *run) probe(name string) func() float64 {
	k := r.k
	kind, rest, _ := strings.Cut(name, ".")
	part := strings.Split(rest, ".")
	switch kind {
	case "meminfo", "vmstat":
		return r.table("/proc/" + kind).column(rest)
	case "zone":
		node, _ := strconv.Atoi(part[0])
		return func() float64 { n, _ := k.Zone(node, part[1], part[2]); return float64(n) }
	case "buddy":
		node, _ := strconv.Atoi(part[0])
		order, _ := strconv.Atoi(part[2])
		return func() float64 { n, _ := k.Buddy(node, part[1], order); return float64(n) }
	case "slab":
		dot := strings.LastIndexByte(rest, '.')
		return func() float64 { n, _ := k.SlabCount(rest[:dot], rest[dot+1:]); return float64(n) }
	case "psi":
		return func() float64 { return r.pressure(part[0], part[1], part[2]) }
	}
	if kind == "tlb" {
		return func() float64 { n, _ := k.TLB(rest); return float64(n) }
	}
	process, field := strings.Join(part[:len(part)-1], "."), part[len(part)-1]
	return func() float64 {
		p := k.FindProcess(process)
		if p == nil || p.Ended() {
			return math.NaN()
		}
		n, _ := p.PeekStatus(field)
		return float64(n)
	}
}

// psiNames are the values of a line of a file under /proc/pressure.
var psiNames = []string{"avg10", "avg60", "avg300", "total"}

// pressure is a value of a file under /proc/pressure: averages in per cent, the total in microseconds.
func (r *run) pressure(file, line, name string) float64 {
	f, _ := r.k.Pressure(file)
	s := f.Some
	if line == "full" {
		s = f.Full
	}
	switch name {
	case "avg10":
		return float64(s.Avg10) / 100
	case "avg60":
		return float64(s.Avg60) / 100
	case "avg300":
		return float64(s.Avg300) / 100
	}
	return float64(s.Total)
}

// table gives the table of a file, which every sample refreshes.
func (r *run) table(path string) *procTable {
	for _, t := range r.tables {
		if t.path == path {
			return t
		}
	}
	t := newProcTable(r.k, path)
	r.tables = append(r.tables, t)
	return t
}
