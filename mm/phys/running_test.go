package phys

import "testing"

// oracleInit is what the oracle's init process and its text in the root file system hold on every recorded machine: the pages of AnonPages and
// Cached in /proc/meminfo.
const oracleInit = 468

// What the rule takes leaves as many pages free as the recorded machine had before anything ran, within 3.5% of what is in use.
func TestKernelUse(t *testing.T) {
	for _, r := range recorded(t) {
		t.Run(r.Name, func(t *testing.T) {
			m := mustBuild(t, r.config())
			m.TakeKernelUse()
			if err := m.CheckInvariants(); err != nil {
				t.Fatal(err)
			}
			free, recorded := uint64(0), uint64(0)
			for i := range r.Zones {
				z := m.testZone(t, &r.Zones[i])
				free += uint64(z.FreePages())
				recorded += r.Zones[i].Free
				for cpu, p := range r.Zones[i].PCP {
					free += uint64(z.PCP(cpu).Count)
					recorded += uint64(p[0])
				}
			}
			used, want := m.Managed()-free, r.Managed-recorded-oracleInit
			diff := float64(used)/float64(want) - 1
			t.Logf("in use %d, recorded %d: %+.1f%%", used, want, diff*100)
			limit := 0.035
			if r.Name == "boot-swap-list" {
				limit = 0.06 // three swap areas with their maps and devices
			}
			if diff < -limit || diff > limit {
				t.Errorf("in use %d pages, recorded %d", used, want)
			}
		})
	}
}
