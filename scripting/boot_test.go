package scripting

import (
	"context"
	"strings"
	"testing"

	"mmsim/mm/procfs"
)

// recordedBoot is a machine of 1 GiB and one CPU that was recorded on a real kernel.
const recordedBoot = "../mm/testdata/boot/boot-min-free-before"

// A run that starts from a record has the recorded memory, and its settings, before anything happens.
func TestBootFromRecord(t *testing.T) {
	boot, err := procfs.ReadSnapshot(recordedBoot)
	if err != nil {
		t.Fatal(err)
	}
	sc, err := load(t, `local m = machine { ram = "1GiB", thp = "never" }
		process("p", function(p)
			p:record("total", m:meminfo("MemTotal"))
			p:record("anon", m:meminfo("AnonPages"))
			p:record("min", m:sysctl("vm.min_free_kbytes"))
		end)`, LoadOptions{Boot: boot})
	if err != nil {
		t.Fatal(err)
	}
	rec := &memo{}
	if _, err := sc.Run(context.Background(), RunOptions{Recorder: rec}); err != nil {
		t.Fatal(err)
	}
	want := "p total=1.020542976e+09 p anon=483328 p min=65536"
	if got := strings.Join(rec.of("obs"), " "); got != want {
		t.Errorf("observed %s, want %s", got, want)
	}
}

// A record of another machine is an error that says so, before the run.
func TestBootRefuses(t *testing.T) {
	boot, err := procfs.ReadSnapshot(recordedBoot)
	if err != nil {
		t.Fatal(err)
	}
	_, err = load(t, `machine { ram = "2GiB" }`, LoadOptions{Boot: boot})
	wantError(t, err, "s.lua:1: ", "ram = 2048 MiB: node 0 of the recorded machine has 1023 MiB")
}
