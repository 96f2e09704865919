package phys

import "mmsim/mm/vmstat"

// cmaRange chooses the rows for the CMA area: the highest of the low memory that are free, aligned to the largest block
// (dma_contiguous_reserve). It is empty without CMA or when nothing is large enough.
func (m *Memory) cmaRange(c Config, reserved []Range) Range {
	pages := (c.CMA>>pageShift + maxBlock - 1) &^ (maxBlock - 1)
	if pages == 0 {
		return Range{}
	}
	taken := m.rows(reserved)
	var best Range
	for _, r := range m.ranges {
		if r.zone.IsHighmem() || r.zone.Type == ZoneMovable {
			continue
		}
		free := []Range{{r.start, r.end}}
		for _, k := range taken {
			last := free[len(free)-1]
			free = append(free[:len(free)-1], subtract(last, k)...)
			if len(free) == 0 {
				break
			}
		}
		for _, f := range free {
			end := f.End &^ (maxBlock - 1)
			if end >= pages && end-pages >= f.Start {
				best = Range{end - pages, end}
			}
		}
	}
	return best
}

// addCMA frees rows as CMA pageblocks (init_cma_reserved_pageblock).
func (z *Zone) addCMA(start, end uint64) {
	m := z.mem
	for s := start >> sectionShift; s <= (end-1)>>sectionShift; s++ {
		m.own(s)
	}
	for at := start; at < end; at += 1 << m.pageblockOrder {
		m.setBlockType(PFN(at), MigrateCMA)
		z.freeOne(PFN(at), m.pageblockOrder, MigrateCMA, false)
	}
	z.CMAPages += end - start
}

// FreeCMA returns the free pages of CMA pageblocks.
func (z *Zone) FreeCMA() int64 { return z.Stat[vmstat.NRFreeCma] }
