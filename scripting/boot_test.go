package scripting

import (
	"context"
	"strings"
	"testing"
)

// recordedBoot is a machine of 1 GiB and one CPU that was recorded on a real kernel.
const recordedBoot = "../mm/testdata/boot/boot-min-free-before"

// A run that starts from a record has the recorded memory, and its settings, before anything happens.
func TestBootFromRecord(t *testing.T) {
	sc := mustLoad(t, `local m = machine { ram = "1GiB", thp = "never" }
		process("p", function(p)
			p:record("total", m:meminfo("MemTotal"))
			p:record("anon", m:meminfo("AnonPages"))
			p:record("min", m:sysctl("vm.min_free_kbytes"))
		end)`)
	rec := &memo{}
	if _, err := sc.Run(context.Background(), RunOptions{Boot: recordedBoot, Recorder: rec}); err != nil {
		t.Fatal(err)
	}
	want := "p total=1.020542976e+09 p anon=483328 p min=65536"
	if got := strings.Join(rec.of("obs"), " "); got != want {
		t.Errorf("observed %s, want %s", got, want)
	}
}

// A record of another machine, or none, is an error that says so.
func TestBootRefuses(t *testing.T) {
	for _, c := range []struct{ ram, dir, want string }{
		{"2GiB", recordedBoot, "ram = 2048 MiB: node 0 of the recorded machine has 1023 MiB"},
		{"1GiB", t.TempDir(), "has no file zoneinfo"},
	} {
		sc := mustLoad(t, `machine { ram = "`+c.ram+`" }`)
		_, err := sc.Run(context.Background(), RunOptions{Boot: c.dir})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}
