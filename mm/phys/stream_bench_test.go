package phys

import "testing"

// BenchmarkStream hands out and takes back pages as reading a large file does: windows of 32 pages come from the fast path, and the oldest go back, 32 at a time,
// from the low mark to the high mark. Before it is timed the file has passed ten times, so that free memory is as fragmented as it gets. The time is for one page.
func BenchmarkStream(b *testing.B) {
	const window = 32
	m := mustBuild(b, Config{Nodes: []NodeConfig{{RAM: 4 << 30, CPUs: 1}}})
	var ac AllocContext
	flags := m.Prepare(&ac, GFPHighuserMovable, 0, 0, nil)
	var as Page
	as.Begin(KindFile, FlagLocked)
	fifo := make([]PFN, 1<<20)
	var head, tail uint
	step := func() {
		at := fifo[head&(1<<20-1):][:window]
		for got := 0; got < window; {
			n := m.GetPageRun(&ac, flags, &as, at[got:])
			if n > 0 {
				got += n
				continue
			}
			for _, z := range m.Zones() {
				z.Flags |= ZoneReclaimActive
			}
			for _, z := range m.Zones() {
				for z.Populated() && z.FreePages() < int64(z.Wmark(WmarkHigh)) && head-tail > window {
					m.FreeList(0, fifo[tail&(1<<20-1):][:window])
					tail += window
				}
			}
			for _, z := range m.Zones() {
				z.Flags &^= ZoneReclaimActive
			}
		}
		head += window
	}
	for range 10 << 20 / window {
		step()
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		for range 1 << 15 {
			step()
		}
		n += 1 << 15 * window
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/page")
}
