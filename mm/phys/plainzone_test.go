package phys

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// walk is GetPageFromFreelist without the shortcuts of single pages.
func (m *Memory) walk(ac *AllocContext, flags AllocFlags) PFN {
	for {
		pfn, again := m.walkZones(ac, 0, flags)
		if pfn != 0 || !again && flags&AllocNoFragment == 0 {
			return pfn
		}
		flags &^= AllocNoFragment
	}
}

// TestShortcutsAreTheWalk asks two equal machines of two nodes for pages in all ways that the walk over zones knows, one by runs and one by walks, while memory
// is short, zones are boosted, other nodes are near or have too much that is dirty, and compares pages, rows of zones, stocks and what the hooks are asked.
func TestShortcutsAreTheWalk(t *testing.T) {
	ways := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		type machine struct {
			*Memory
			asked []any
		}
		reclaims, dirty := rapid.Bool().Draw(rt, "node reclaim helps"), rapid.IntRange(-1, 1).Draw(rt, "dirty node")
		build := func() *machine {
			m := &machine{Memory: mustBuild(t, Config{Nodes: []NodeConfig{{RAM: 64 << 20, CPUs: 1}, {RAM: 32 << 20, CPUs: 1}}})}
			m.Hooks = Hooks{
				WakeKswapd: func(z *Zone, _ GFP, _ int, _ ZoneType) { m.asked = append(m.asked, z.id) },
				NodeDirtyOK: func(n *Node) bool {
					m.asked = append(m.asked, "dirty", n.ID)
					return n.ID != dirty
				},
				NodeReclaim: func(n *Node, gfp GFP, _ int) bool {
					m.asked = append(m.asked, "reclaim", n.ID, gfp)
					return reclaims
				},
			}
			return m
		}
		a, b := build(), build()
		mode := rapid.SampledFrom([]int{0, 0, 1}).Draw(rt, "zone_reclaim_mode")
		a.SetZoneReclaimMode(mode)
		b.SetZoneReclaimMode(mode)
		var held []PFN
		for range rapid.IntRange(20, 120).Draw(rt, "steps") {
			gfp := rapid.SampledFrom([]GFP{GFPHighuserMovable, GFPHighuserMovable, GFPKernel, GFPAtomic, GFPHighuserMovable | GFPWrite}).Draw(rt, "gfp")
			cpu := rapid.IntRange(0, 1).Draw(rt, "cpu")
			var ca, cb AllocContext
			mask := rapid.SampledFrom([]*Nodemask{nil, nil, {1}}).Draw(rt, "mask")
			flags := a.Prepare(&ca, gfp, cpu, cpu, mask)
			b.Prepare(&cb, gfp, cpu, cpu, mask)
			switch rapid.IntRange(0, 7).Draw(rt, "how") {
			case 0, 1:
				flags = a.SlowFlags(&ca, 0, false)
			case 2:
				flags |= AllocNoFragment
			case 3:
				flags = flags&^AllocWmarkMask | AllocWmarkMin | AllocOOM
			case 4:
				flags = flags&^AllocWmarkMask | AllocNoWatermarks
			}
			if rapid.IntRange(0, 5).Draw(rt, "boost") == 0 {
				i := rapid.IntRange(0, len(a.zones)-1).Draw(rt, "zone")
				a.zones[i].Flags |= ZoneBoostedWatermark
				b.zones[i].Flags |= ZoneBoostedWatermark
				boost := rapid.Uint64Range(0, 300).Draw(rt, "by")
				a.zones[i].WatermarkBoost, b.zones[i].WatermarkBoost = boost, boost
			}
			if rapid.IntRange(0, 3).Draw(rt, "kswapd ran") == 0 {
				for i := range a.zones {
					a.zones[i].Flags &^= ZoneBoostedWatermark
					b.zones[i].Flags &^= ZoneBoostedWatermark
				}
			}
			for left := rapid.SampledFrom([]int{1, 30, 300, 1 << 20}).Draw(rt, "pages"); left > 0; {
				out := make([]PFN, min(left, rapid.SampledFrom([]int{1, 5, 64}).Draw(rt, "run")))
				if mode != 0 {
					out = out[:1] // a run asks once, walks each time
				}
				plain := a.plainZone(&ca, flags) != nil
				n := a.GetPageRun(&ca, flags, &Page{flags: uint32(KindKernel) << kindShift}, out)
				for i, pfn := range out[:n] {
					if want := b.walk(&cb, flags); pfn != want {
						rt.Fatalf("page %d of a run of %d for %v, flags %#x, is %d, by a walk %d", i, n, gfp, flags, pfn, want)
					}
				}
				if n == 0 {
					if want := b.walk(&cb, flags); want != 0 {
						rt.Fatalf("no page for %v, flags %#x, by a walk %d", gfp, flags, want)
					}
					break
				}
				switch z := a.ZoneOf(out[0]); {
				case !plain:
					ways["by a walk"]++
				case z == ca.Zonelist.Zones[ca.Preferred]:
					ways["from the preferred zone"]++
				default:
					ways["from the next zone"]++
				}
				held = append(held, out[:n]...)
				left -= n
			}
			if len(held) > 0 && rapid.Bool().Draw(rt, "give back") {
				n := min(rapid.SampledFrom([]int{1, 40, 200, 600, 1 << 20}).Draw(rt, "pages back"), len(held))
				a.FreeList(cpu, held[len(held)-n:])
				b.FreeList(cpu, held[len(held)-n:])
				held = held[:len(held)-n]
			}
			if !slices.Equal(a.asked, b.asked) {
				rt.Fatalf("for %v, flags %#x, the hooks were asked %v, in walks %v", gfp, flags, a.asked, b.asked)
			}
			a.asked, b.asked = a.asked[:0], b.asked[:0]
			for i, z := range a.zones {
				y := b.zones[i]
				if z.Stat != y.Stat || z.NumaStat != y.NumaStat || z.Flags != y.Flags {
					rt.Fatalf("after %v, flags %#x, zone %s/%d differs", gfp, flags, z.Name(), z.Node.ID)
				}
				for cpu := range z.pcp {
					if p, q := &z.pcp[cpu], &y.pcp[cpu]; p.Count != q.Count || p.freeFactor != q.freeFactor {
						rt.Fatalf("after %v, flags %#x, the stock of %s/%d has %d pages and a factor of %d, after walks %d and %d",
							gfp, flags, z.Name(), z.Node.ID, p.Count, p.freeFactor, q.Count, q.freeFactor)
					}
				}
			}
			if *a.Events != *b.Events {
				rt.Fatalf("after %v, flags %#x, the events differ", gfp, flags)
			}
		}
	})
	for _, way := range []string{"by a walk", "from the preferred zone", "from the next zone"} {
		if ways[way] == 0 {
			t.Errorf("no page came %s", way)
		}
	}
}
