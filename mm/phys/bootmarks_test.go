package phys

import "testing"

// TestMarksAsBooted has recorded machines on which user space did not write to transparent_hugepage/enabled: their marks are those that hugepage_init has
// computed, before the initial RAM disk and init memory were freed, but after the SMP alternatives were.
func TestMarksAsBooted(t *testing.T) {
	type zone struct {
		node           int
		name           string
		managed        uint64
		min, low, high uint64
	}
	const gib = 1 << 30
	for _, c := range []struct {
		name    string
		config  Config
		minFree int
		zones   []zone
	}{
		{"i386", Config{Arch: I386, Nodes: []NodeConfig{{RAM: 3 * gib, CPUs: 1}}}, 42056, []zone{
			{0, "DMA", 3840, 190, 237, 284}, {0, "Normal", 208657, 10323, 12903, 15483}, {0, "HighMem", 562146, 128, 7108, 14088},
		}},
		{"four nodes", Config{Arch: X86_64, Nodes: []NodeConfig{{gib, 1}, {gib, 1}, {3 * gib, 1}, {2 * gib, 1}}}, 135168, []zone{
			{0, "DMA", 3840, 72, 90, 108},
			{0, "DMA32", 245741, 4628, 5785, 6942},
			{1, "DMA32", 257943, 4901, 6126, 7351},
			{2, "DMA32", 245728, 4661, 5826, 6991},
			{2, "Normal", 511895, 9726, 12157, 14588},
			{3, "Normal", 515787, 9800, 12250, 14700},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.config.THP, c.config.THPBoot = true, true
			m := mustBuild(t, c.config)
			find := func(z zone) *Zone { return m.testZone(t, &recordedZone{Node: z.node, Zone: z.name}) }
			for _, z := range c.zones {
				find(z).Managed = z.managed
			}
			for _, z := range m.zones {
				z.Watermark = [NrWmark]uint64{}
			}
			m.initWatermarks(m.afterInitcalls())
			m.EarlyFree(0) // looks at marks of another moment, and leaves these
			if got := m.sysctl.MinFreeKbytes; got != c.minFree {
				t.Errorf("min_free_kbytes is %d, recorded %d", got, c.minFree)
			}
			for _, z := range c.zones {
				w := find(z).Watermark
				if got := [...]uint64{w[WmarkMin], w[WmarkLow], w[WmarkHigh]}; got != [...]uint64{z.min, z.low, z.high} {
					t.Errorf("node %d, %s: marks %d, recorded %d %d %d", z.node, z.name, got, z.min, z.low, z.high)
				}
			}
		})
	}
}
