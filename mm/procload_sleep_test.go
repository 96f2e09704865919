package mm

import (
	"strings"
	"testing"

	"mmsim/engine"
)

// TestLoadGoesOnWhileAllSleep: the load average follows a process that computes after everybody has slept for a while.
func TestLoadGoesOnWhileAllSleep(t *testing.T) {
	k := testMachine{}.boot(t)
	k.spawn(t, "p", func(p *Process) {
		p.Sleep(20 * engine.Second)
		p.Compute(60 * engine.Second)
		text, _ := k.ProcFile("/proc/loadavg")
		if strings.HasPrefix(text, "0.0") || strings.HasPrefix(text, "0.1") {
			t.Errorf("after a minute of computing /proc/loadavg says %q", text)
		}
	})
	k.run(t)
}
