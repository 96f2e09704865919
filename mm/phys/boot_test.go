package phys

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
)

// A recorded machine of testdata/boot.json (made by testdata/gen.sh).
type recordedMachine struct {
	Name               string            `json:"name"`
	Arch               string            `json:"arch"`
	Nodes              [][2]uint64       `json:"nodes"`
	THP                string            `json:"thp"`
	Set                map[string]string `json:"set"`
	MinFreeKbytes      int               `json:"min_free_kbytes"`
	LowmemReserveRatio []int             `json:"lowmem_reserve_ratio"`
	WatermarkScale     int               `json:"watermark_scale_factor"`
	Managed            uint64            `json:"managed_pages"`
	Present            uint64            `json:"present_pages"`
	Zones              []recordedZone    `json:"zones"`
}

type recordedZone struct {
	Node       int                 `json:"node"`
	Zone       string              `json:"zone"`
	Free       uint64              `json:"free"`
	Boost      uint64              `json:"boost"`
	Min        uint64              `json:"min"`
	Low        uint64              `json:"low"`
	High       uint64              `json:"high"`
	Spanned    uint64              `json:"spanned"`
	Present    uint64              `json:"present"`
	Managed    uint64              `json:"managed"`
	StartPFN   uint64              `json:"start_pfn"`
	Protection []uint64            `json:"protection"`
	PCP        [][3]int            `json:"pcp"`
	Threshold  int                 `json:"threshold"`
	FreeBlocks map[string][]uint64 `json:"free_blocks"`
	BlockTypes []uint64            `json:"block_types"`
}

func recorded(tb testing.TB) []recordedMachine {
	tb.Helper()
	text, err := os.ReadFile("testdata/boot.json")
	if err != nil {
		tb.Fatal(err)
	}
	var all []recordedMachine
	if err := json.Unmarshal(text, &all); err != nil {
		tb.Fatal(err)
	}
	if len(all) < 25 {
		tb.Fatalf("%d recorded machines", len(all))
	}
	return all
}

func (r *recordedMachine) config() Config {
	c := Config{THP: r.THP != "never"}
	if r.Arch == "i386" {
		c.Arch = I386
	}
	for _, n := range r.Nodes {
		c.Nodes = append(c.Nodes, NodeConfig{RAM: n[0], CPUs: int(n[1])})
	}
	return c
}

// zone finds the zone of a recorded one.
func (m *Memory) testZone(tb testing.TB, r *recordedZone) *Zone {
	tb.Helper()
	for _, z := range m.Nodes[r.Node].Zones {
		if z.Name() == r.Zone {
			return z
		}
	}
	tb.Fatalf("no zone %s on node %d", r.Zone, r.Node)
	return nil
}

// The declared machine has the recorded one's zones, and the managed pages within 0.1%.
func TestManagedPages(t *testing.T) {
	for _, r := range recorded(t) {
		t.Run(r.Name, func(t *testing.T) {
			m := mustBuild(t, r.config())
			for i := range r.Zones {
				rz := &r.Zones[i]
				z := m.testZone(t, rz)
				acpi := uint64(0)
				if r.Name == "boot-swap-list" && z.Type == ZoneDMA32 {
					acpi = 6 // the recorded machine has more devices: its ACPI tables are 6 pages longer
				}
				if z.Spanned != rz.Spanned+acpi || z.Present != rz.Present+acpi {
					t.Errorf("%s/%d: spanned %d present %d, recorded %d and %d", rz.Zone, rz.Node, z.Spanned, z.Present, rz.Spanned, rz.Present)
				}
				if z.Spanned > 0 && m.TruePFN(PFN(z.StartPFN)) != rz.StartPFN {
					t.Errorf("%s/%d: starts at %d, recorded %d", rz.Zone, rz.Node, m.TruePFN(PFN(z.StartPFN)), rz.StartPFN)
				}
				if d := int64(z.Managed) - int64(rz.Managed); d != 0 {
					t.Logf("%s/%d: managed %d, recorded %d: %+d", rz.Zone, rz.Node, z.Managed, rz.Managed, d)
				}
			}
			if d := float64(m.Managed())/float64(r.Managed) - 1; d < -0.001 || d > 0.001 {
				t.Errorf("managed %d, recorded %d: %+.2f%%", m.Managed(), r.Managed, d*100)
			}
		})
	}
}

// The marks follow from the managed pages exactly.
func TestRecordedWatermarks(t *testing.T) {
	for _, r := range recorded(t) {
		t.Run(r.Name, func(t *testing.T) {
			m := mustBuild(t, r.config())
			for i := range r.Zones { // what is under test starts from the recorded managed pages
				m.testZone(t, &r.Zones[i]).Managed = r.Zones[i].Managed
			}
			m.sysctl = defaultSysctl(m.Arch)
			m.sysctl.THP = r.THP != "never"
			for _, z := range m.zones {
				z.Watermark = [NrWmark]uint64{}
			}
			m.initWatermarks(m.afterInitcalls())
			if _, ok := r.Set["vm.min_free_kbytes"]; ok {
				if err := m.SetMinFreeKbytes(r.MinFreeKbytes); err != nil {
					t.Fatal(err)
				}
			}
			if _, ok := r.Set["vm.lowmem_reserve_ratio"]; ok {
				if err := m.SetLowmemReserveRatio(r.LowmemReserveRatio); err != nil {
					t.Fatal(err)
				}
			}
			if _, ok := r.Set["vm.watermark_scale_factor"]; ok {
				if err := m.SetWatermarkScaleFactor(r.WatermarkScale); err != nil {
					t.Fatal(err)
				}
			}
			if got := m.Sysctl().MinFreeKbytes; got != r.MinFreeKbytes {
				t.Errorf("min_free_kbytes %d, recorded %d", got, r.MinFreeKbytes)
			}
			for i := range r.Zones {
				compareZone(t, m.testZone(t, &r.Zones[i]), &r.Zones[i])
			}
		})
	}
}

func compareZone(t *testing.T, z *Zone, rz *recordedZone) {
	t.Helper()
	got := [3]uint64{z.Watermark[WmarkMin], z.Watermark[WmarkLow], z.Watermark[WmarkHigh]}
	if want := [3]uint64{rz.Min, rz.Low, rz.High}; got != want {
		t.Errorf("%s/%d: watermarks %d, recorded %d", rz.Zone, rz.Node, got, want)
	}
	var prot []uint64
	for _, zt := range z.mem.Arch.ZoneTypes() {
		prot = append(prot, z.LowmemReserve[zt])
	}
	if !slices.Equal(prot, rz.Protection) {
		t.Errorf("%s/%d: protection %d, recorded %d", rz.Zone, rz.Node, prot, rz.Protection)
	}
	for cpu, p := range rz.PCP {
		if c := z.PCP(cpu); c == nil || c.High != p[1] || c.Batch != p[2] {
			t.Errorf("%s/%d: cpu %d: pcp %+v, recorded high %d batch %d", rz.Zone, rz.Node, cpu, c, p[1], p[2])
		}
	}
	if len(rz.PCP) > 0 && z.StatThreshold != rz.Threshold {
		t.Errorf("%s/%d: stat threshold %d, recorded %d", rz.Zone, rz.Node, z.StatThreshold, rz.Threshold)
	}
}
