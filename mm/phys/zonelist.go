package phys

// Zonelist is the order in which a node's requests look at zones (struct zonelist).
type Zonelist struct {
	Zones []*Zone // populated zones, most preferred first
}

// First returns the position of the first zone that a request may use: of a type up to highest, on a node of mask (nil: any); -1 if there
// is none (first_zones_zonelist).
func (l *Zonelist) First(highest ZoneType, mask *Nodemask) int { return l.Next(0, highest, mask) }

// Next returns the position of the first such zone at or after position i, -1 if there is none (next_zones_zonelist).
func (l *Zonelist) Next(i int, highest ZoneType, mask *Nodemask) int {
	for ; i < len(l.Zones); i++ {
		if z := l.Zones[i]; z.Type <= highest && (mask == nil || mask.Has(z.Node.ID)) {
			return i
		}
	}
	return -1
}

// buildZonelists makes the zonelists of all nodes (build_all_zonelists), then decides about mobility grouping.
func (m *Memory) buildZonelists() {
	load := make([]int, len(m.Nodes)) // node_load: spreads the fallback of different nodes
	for _, n := range m.Nodes {
		n.Zonelist[0].Zones = nil
		var used Nodemask
		prev := n
		for {
			best := m.nextBestNode(n, &used, load)
			if best == nil {
				break
			}
			if m.Distance(n.ID, best.ID) != m.Distance(n.ID, prev.ID) {
				load[best.ID]++
			}
			prev = best
			n.Zonelist[0].Zones = appendZones(n.Zonelist[0].Zones, best)
		}
		n.Zonelist[1].Zones = appendZones(nil, n)
	}
}

// nextBestNode chooses the node that comes next in the fallback of local (find_next_best_node), nil when all nodes with memory are used.
func (m *Memory) nextBestNode(local *Node, used *Nodemask, load []int) *Node {
	if !used.Has(local.ID) && local.Present() > 0 {
		used.Add(local.ID)
		return local
	}
	var best *Node
	min := 0
	for _, n := range m.Nodes {
		if used.Has(n.ID) || n.Present() == 0 {
			continue
		}
		v := m.Distance(local.ID, n.ID)
		if n.ID < local.ID {
			v++
		}
		if len(n.CPUs) > 0 {
			v++
		}
		v = v*MaxNodes + load[n.ID]
		if best == nil || v < min {
			best, min = n, v
		}
	}
	if best != nil {
		used.Add(best.ID)
	}
	return best
}

// appendZones adds a node's populated zones, highest first (build_zonerefs_node; what counts there is managed pages).
func appendZones(l []*Zone, n *Node) []*Zone {
	for i := len(n.Zones) - 1; i >= 0; i-- {
		if n.Zones[i].Managed > 0 {
			l = append(l, n.Zones[i])
		}
	}
	return l
}

// FallbackOrder returns the nodes in the order of a node's zonelist, as dmesg prints "Fallback order for Node".
func (n *Node) FallbackOrder() []int {
	var order []int
	for _, z := range n.Zonelist[0].Zones {
		if len(order) == 0 || order[len(order)-1] != z.Node.ID {
			order = append(order, z.Node.ID)
		}
	}
	return order
}
