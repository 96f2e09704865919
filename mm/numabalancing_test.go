package mm

import "testing"

// TestNumaBalancingIsOff: the setting says what is the case, and refuses what is not there.
func TestNumaBalancingIsOff(t *testing.T) {
	k := testMachine{}.boot(t)
	if v, ok := k.Sysctl("kernel.numa_balancing"); !ok || v != "0" {
		t.Errorf("kernel.numa_balancing is %q", v)
	}
	if err := k.SetSysctl("kernel.numa_balancing", "0"); err != nil {
		t.Error(err)
	}
	if err := k.SetSysctl("kernel.numa_balancing", "1"); err == nil {
		t.Error("kernel.numa_balancing = 1 is accepted")
	}
	for _, f := range k.SnapshotFiles(true) {
		if f.Name == "sysctl_vm" && len(f.Text) == 0 {
			t.Error("sysctl_vm is empty")
		}
	}
}
