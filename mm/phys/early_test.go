package phys

import "testing"

// recordedReserve is vm.user_reserve_kbytes of the recorded machines where it is below its limit of 128 MiB.
var recordedReserve = map[string]uint64{
	"boot-cpus-2": 30574, "boot-cpus-4": 30549, "boot-i386-2g": 64175, "boot-i386-512m": 15544, "boot-lowmem-reserve": 125144,
	"boot-min-free": 30631, "boot-numa-2x2g": 124892, "boot-ram-128m": 2462, "boot-ram-1g": 30631, "boot-ram-2g": 62825,
	"boot-ram-4g": 125144, "boot-ram-512m": 14530, "boot-swap-list": 14524, "boot-thp-always": 30631, "boot-watermark-scale-100": 125144,
}

// The reserve of every recorded machine follows from its managed pages.
func TestEarlyFree(t *testing.T) {
	tested := 0
	for _, r := range recorded(t) {
		want, ok := recordedReserve[r.Name]
		if !ok {
			continue
		}
		tested++
		m := mustBuild(t, r.snapshot())
		modules := uint64(0)
		if r.Name == "boot-swap-list" {
			modules = 40
		}
		before := m.Sysctl()
		if got := m.EarlyFree(modules) * 4 / 32; got != want {
			t.Errorf("%s: %d pages were free, so the reserve is %d kB, recorded %d", r.Name, m.EarlyFree(modules), got, want)
		}
		if m.Sysctl() != before {
			t.Errorf("%s: settings changed from %+v to %+v", r.Name, before, m.Sysctl())
		}
	}
	if tested != len(recordedReserve) {
		t.Errorf("%d machines compared, want %d", tested, len(recordedReserve))
	}
}
