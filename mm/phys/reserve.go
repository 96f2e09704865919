package phys

// setupLowmemReserve computes what each zone keeps back from requests that could have used higher ones
// (setup_per_zone_lowmem_reserve).
func (m *Memory) setupLowmemReserve() {
	for _, n := range m.Nodes {
		for i, z := range n.Zones {
			ratio := uint64(m.sysctl.LowmemReserveRatio[z.Type])
			z.LowmemReserve = [NrZoneTypes]uint64{}
			if ratio == 0 || z.Managed == 0 {
				continue
			}
			above := uint64(0)
			for _, u := range n.Zones[i+1:] {
				above += u.Managed
				z.LowmemReserve[u.Type] = above / ratio
			}
		}
	}
	m.calculateTotalreserve()
}

// calculateTotalreserve sums what user memory cannot have: the high watermark and the largest reserve of each zone
// (calculate_totalreserve_pages).
func (m *Memory) calculateTotalreserve() {
	m.TotalreservePages = 0
	for _, n := range m.Nodes {
		n.TotalreservePages = 0
		for i, z := range n.Zones {
			most := uint64(0)
			for _, u := range n.Zones[i:] {
				most = max(most, z.LowmemReserve[u.Type])
			}
			n.TotalreservePages += min(z.Managed, most+z.Wmark(WmarkHigh))
		}
		m.TotalreservePages += n.TotalreservePages
	}
}
