package mm

import (
	"strings"
	"testing"

	"mmsim/engine"
)

// TestOOMReportsAreLimited kills many small processes at once: each kill has its line, the first ten the whole report.
func TestOOMReportsAreLimited(t *testing.T) {
	k := testMachine{}.boot(t)
	reports, kills := 0, 0
	k.OnDmesg = func(_ engine.Time, line string) {
		if strings.Contains(line, "invoked oom-killer") {
			reports++
		}
		if strings.Contains(line, "Out of memory: Killed process") {
			kills++
		}
	}
	for i := range 100 {
		k.spawn(t, "p"+itoa(i), func(p *Process) {
			p.write(p.mustMmap(t, 2*mib), 2*mib)
			p.Sleep(engine.Second)
		})
	}
	k.run(t)
	if int64(kills) != k.vm(t, "oom_kill") || kills <= oomReports {
		t.Errorf("the log has %d kills, oom_kill is %d, and there should be more than %d", kills, k.vm(t, "oom_kill"), oomReports)
	}
	if reports != oomReports {
		t.Errorf("%d full reports in an instant, want %d", reports, oomReports)
	}
}
