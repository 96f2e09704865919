package phys

import "math/bits"

// blockOrder returns the order of the largest aligned block at start that ends by end.
func blockOrder(start, end uint64) int {
	order := MaxOrder - 1
	if start != 0 {
		order = min(order, bits.TrailingZeros64(start))
	}
	for start+1<<order > end {
		order--
	}
	return order
}

// movableStarts returns for each node the frame where its Movable zone begins, 0 for none (find_zone_movable_pfns_for_nodes). Memory that
// the kernel must have is spread evenly over the nodes; what a node cannot give is spread over the others again.
func (l *Layout) movableStarts(movableZone ZoneType, kernelcore, movablecore CoreSize) []uint64 {
	out := make([]uint64, len(l.Nodes))
	total := uint64(0)
	usable := 0
	for id := range l.Nodes {
		if l.NodeSpan[id].End > 0 {
			usable++
		}
	}
	for _, r := range l.RAM {
		total += r.End - r.Start
	}
	required := kernelcore.pages(total)
	if mv := movablecore.pages(total); mv > 0 {
		mv = min((mv+maxBlock-1)&^(maxBlock-1), total)
		required = max(required, total-mv)
	}
	if required == 0 || required >= total {
		return out
	}
	first := l.zoneRange(movableZone).Start // below this all is the kernel's anyway
	for {
		share := required / uint64(usable)
		for id := range l.Nodes {
			if l.NodeSpan[id].End == 0 {
				continue
			}
			if required < share {
				share = required / uint64(usable)
			}
			left := share
			for _, r := range l.RAM {
				start := max(r.Start, out[id])
				if r.Node != id || start >= r.End {
					continue
				}
				if start < first {
					n := min(r.End, first) - start
					left -= min(n, left)
					required -= min(n, required)
					if r.End <= first {
						out[id] = r.End
						continue
					}
					start = first
				}
				n := min(r.End-start, left)
				out[id] = start + n
				required -= min(required, n)
				if left -= n; left == 0 {
					break
				}
			}
		}
		usable--
		if usable == 0 || required <= uint64(usable) {
			break
		}
	}
	for id := range out {
		out[id] = (out[id] + maxBlock - 1) &^ (maxBlock - 1)
		if out[id] >= l.NodeSpan[id].End {
			out[id] = 0
		}
	}
	return out
}
