package mm

import (
	"strconv"
	"strings"

	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/procfs"
)

// numaMaps is /proc/PID/numa_maps (show_numa_map): of each VMA, how many pages lie on which node.
func (p *Process) numaMaps() *procfs.NumaMaps {
	f := &procfs.NumaMaps{}
	policy := "default"
	if p.node >= 0 {
		policy = "bind:" + strconv.Itoa(p.node)
	}
	nodes := make([]uint64, len(p.k.Mem.Nodes))
	p.mm.Each(func(v *addrspace.VMA) bool {
		m := procfs.NumaMapping{Start: v.Start, Policy: policy, KernelPagesize: addrspace.PageSize >> 10}
		switch {
		case v.Object != nil:
			m.File = strings.NewReplacer(" ", `\040`, "\n", `\012`, "\t", `\011`, `\`, `\134`).Replace(v.Object.Name)
		case v.Name != "":
		case v.Start <= p.mm.Brk && v.End >= p.mm.StartBrk:
			m.Heap = true
		case v.Start <= p.mm.Stack && v.End >= p.mm.Stack:
			m.Stack = true
		}
		clear(nodes)
		eachLeaf(p.mm, v.Start, v.End, func(l *addrspace.Leaf, first, last uint, _ uint64) bool {
			for i := first; i < last; i++ {
				pfn := phys.PFN(l.PTE[i])
				if !addrspace.Test(&l.Present, i) || uint32(pfn) == p.k.zeroPage || v.Flags&addrspace.VMPFNMap != 0 {
					continue
				}
				page := p.k.Mem.Page(pfn)
				gatherNumaStats(&m, page, addrspace.Test(&l.Dirty, i))
				nodes[p.k.zoneOf(page).Node.ID]++
			}
			return true
		})
		for id, n := range nodes {
			if n > 0 {
				m.Nodes = append(m.Nodes, procfs.NumaNodePages{Node: id, Pages: n})
			}
		}
		f.Mappings = append(f.Mappings, m)
		return true
	})
	return f
}

// gatherNumaStats counts one mapped page (gather_stats).
func gatherNumaStats(m *procfs.NumaMapping, p *phys.Page, dirty bool) {
	m.Pages++
	if dirty || p.Test(phys.FlagDirty) {
		m.Dirty++
	}
	if p.Test(phys.FlagSwapCache) {
		m.SwapCache++
	}
	if p.Test(phys.FlagActive | phys.FlagUnevictable) {
		m.Active++
	}
	if p.Test(phys.FlagWriteback) {
		m.Writeback++
	}
	if p.Kind() == phys.KindAnon {
		m.Anon++
	}
	m.MapcountMax = max(m.MapcountMax, uint64(p.Mapcount))
}
