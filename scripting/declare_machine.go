package scripting

import (
	"fmt"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"mmsim/mm"
	"mmsim/mm/tlb"
)

// Slots of machine{}'s fields.
const (
	machineArch = iota + 1
	machineRAM
	machineNodes
	machineCPUs
	machineSwap
	machineSysctl
	machineTHP
	machineTHPDefrag
	machineLRU
	machineSlab
	machineSeed
	machineDistance
	machineCMA
	machineKernelCore
	machineMovableCore
	machineTLB
)

const defaultRAM = 1 << 30

func declareMachine(c *call) int {
	c.declaring()
	s, v := c.t.s, c.v[:]
	if s.sc.machined {
		c.fail("it is declared twice")
	}
	m := Machine{Arch: "x86_64", LRU: "classic", Slab: "slub", Seed: 1, at: here(c), Swap: []Swap{}, Sysctl: []Setting{}}
	for slot, field := range map[int]*string{
		machineArch: &m.Arch, machineTHP: &m.THP, machineTHPDefrag: &m.THPDefrag, machineLRU: &m.LRU, machineSlab: &m.Slab,
	} {
		if v[slot].set {
			*field = v[slot].s
		}
	}
	m.Nodes = c.nodes(v)
	if v[machineSwap].set {
		m.Swap = c.swap(v[machineSwap])
	}
	if v[machineSysctl].set {
		m.Sysctl = c.settings(v[machineSysctl].lv.(*lua.LTable), "sysctl")
	}
	if v[machineSeed].set {
		m.Seed = uint64(v[machineSeed].n)
	}
	if s.seed != nil {
		m.Seed = *s.seed
	}
	c.zones(&m, v)
	c.tlb(&m, v[machineTLB])
	s.sc.Machine, s.sc.machined, s.sc.seeded = m, true, true
	s.main.rand = nil
	c.L.Push(s.machine)
	return 1
}

// zones reads what changes where zones begin and how far nodes are apart.
func (c *call) zones(m *Machine, v []value) {
	if v[machineCMA].set {
		m.CMA = v[machineCMA].n
	}
	m.KernelCore = c.share(v[machineKernelCore], "kernelcore")
	m.MovableCore = c.share(v[machineMovableCore], "movablecore")
	if !v[machineDistance].set {
		return
	}
	for i, row := range c.list(v[machineDistance].lv, "distance") {
		var distances []int
		c.each(row, fmt.Sprintf("distance[%d]", i+1), func(lv lua.LValue) {
			n, ok := lv.(lua.LNumber)
			if !ok || n != lua.LNumber(int(n)) || n < 10 || n > 255 {
				c.fail("distance[%d]: expected a whole number from 10 to 255, got %s", i+1, typeName(lv))
			}
			distances = append(distances, int(n))
		})
		m.Distance = append(m.Distance, distances)
	}
}

var tlbFields = []Arg{
	{Name: "entries", Kind: KindInt, Opt: true, Min: 0, Max: tlb.MaxEntries},
	{Name: "ways", Kind: KindInt, Opt: true, Min: 1, Max: tlb.MaxWays},
}

// tlb reads the size of the translation lookaside buffers: true is the usual one, false, or 0 entries, none.
func (c *call) tlb(m *Machine, v value) {
	if !v.set {
		return
	}
	size := mm.DefaultTLB
	switch lv := v.lv.(type) {
	case lua.LBool:
		if !lv {
			return
		}
	case *lua.LTable:
		f := c.fields(tlbFields, lv, "tlb")
		if f[0].set {
			size.Entries = int(f[0].n)
		}
		if f[1].set {
			size.Ways = int(f[1].n)
		}
		if size.Entries == 0 {
			return
		}
	default:
		c.fail("tlb: expected true, false or a table { entries=, ways= }, got %s", typeName(lv))
	}
	if err := tlb.Check(size.Entries, size.Ways); err != nil {
		c.fail("tlb: %v", err)
	}
	m.TLB = TLB{Entries: size.Entries, Ways: size.Ways}
}

// share reads a size or a percentage of memory.
func (c *call) share(v value, what string) Share {
	if !v.set {
		return Share{}
	}
	if text, ok := v.lv.(lua.LString); ok {
		if digits, ok := strings.CutSuffix(string(text), "%"); ok {
			n, err := strconv.Atoi(digits)
			if err != nil || n < 1 || n > 99 {
				c.fail("%s: expected a share from \"1%%\" to \"99%%\", got %q", what, string(text))
			}
			return Share{Percent: n}
		}
	}
	var size value
	if bad := checkValue(&Arg{Name: what, Kind: KindSize}, v.lv, &size); bad != "" {
		c.fail("%s", bad)
	}
	return Share{Bytes: size.n}
}

func (c *call) nodes(v []value) []Node {
	if !v[machineNodes].set {
		n := Node{RAM: defaultRAM, CPUs: 1}
		if v[machineRAM].set {
			n.RAM = v[machineRAM].n
		}
		if v[machineCPUs].set {
			n.CPUs = int(v[machineCPUs].n)
		}
		return []Node{n}
	}
	if v[machineRAM].set || v[machineCPUs].set {
		c.fail("give ram and cpus or nodes, not both")
	}
	var nodes []Node
	cpus := 0
	for _, tb := range c.list(v[machineNodes].lv, "nodes") {
		f := c.fields(nodeFields, tb, "nodes")
		n := Node{RAM: f[0].n, CPUs: 1}
		if f[1].set {
			n.CPUs = int(f[1].n)
		}
		nodes = append(nodes, n)
		cpus += n.CPUs
	}
	switch {
	case len(nodes) == 0:
		c.fail("nodes: the list is empty")
	case len(nodes) > maxNodes:
		c.fail("nodes: %d are more than there can be (%d)", len(nodes), maxNodes)
	case cpus > maxCPUs:
		c.fail("nodes: %d CPUs are more than there can be (%d)", cpus, maxCPUs)
	case cpus == 0:
		c.fail("nodes: none of them has a CPU")
	}
	return nodes
}

var nodeFields = []Arg{
	{Name: "ram", Kind: KindSize},
	{Name: "cpus", Kind: KindInt, Opt: true, Min: 0, Max: maxCPUs},
}

var swapFields = []Arg{
	{Name: "size", Kind: KindSize},
	{Name: "device", Kind: KindEnum, Opt: true, Enum: []string{"disk", "ssd", "zram"}},
	{Name: "priority", Kind: KindInt, Opt: true, Min: -1, Max: 32767},
}

// swap reads a size or a list of areas. An area of no bytes is none.
func (c *call) swap(v value) []Swap {
	areas := []Swap{}
	if v.lv.Type() != lua.LTTable {
		size := value{}
		if bad := checkValue(&Arg{Name: "swap", Kind: KindSize}, v.lv, &size); bad != "" {
			c.fail("%s", bad)
		}
		if size.n > 0 {
			areas = append(areas, Swap{Size: size.n, Device: "ssd", Priority: -1})
		}
		return areas
	}
	for _, tb := range c.list(v.lv, "swap") {
		f := c.fields(swapFields, tb, "swap")
		a := Swap{Size: f[0].n, Device: "ssd", Priority: -1}
		if f[1].set {
			a.Device = f[1].s
		}
		if f[2].set {
			a.Priority = int(f[2].n)
		}
		if a.Size > 0 {
			areas = append(areas, a)
		}
	}
	return areas
}

// list gives the elements of a list of tables.
func (c *call) list(v lua.LValue, what string) []*lua.LTable {
	tb := v.(*lua.LTable)
	var out []*lua.LTable
	for k, e := tb.Next(lua.LNil); k != lua.LNil; k, e = tb.Next(k) {
		element, ok := e.(*lua.LTable)
		if _, indexed := k.(lua.LNumber); !ok || !indexed {
			c.fail("%s: expected a list of tables, got %s = %s", what, k.String(), typeName(e))
		}
		out = append(out, element)
	}
	return out
}

// settings reads a table of names and values, in the order of the names.
func (c *call) settings(tb *lua.LTable, what string) []Setting {
	keys, err := sortedFields(tb, what)
	if err != nil {
		c.fail("%v", err)
	}
	out := make([]Setting, 0, len(keys))
	for _, k := range keys {
		text, err := settingText(tb.RawGetString(k))
		if err != nil {
			c.fail("%s: %s: %v", what, clip(k), err)
		}
		out = append(out, Setting{k, text})
	}
	return out
}

// settingText is what the machine's administrator would write to a file of /proc/sys.
func settingText(v lua.LValue) (string, error) {
	switch v := v.(type) {
	case lua.LBool:
		return map[lua.LBool]string{true: "1", false: "0"}[v], nil
	case lua.LNumber:
		return strconv.FormatFloat(float64(v), 'f', 0, 64), nil
	case lua.LString:
		return string(v), nil
	}
	return "", fmt.Errorf("expected a number, a string or a boolean, got %s", typeName(v))
}
