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

// TestManyOutOfMemory has a thousand processes want twice the memory there is: while a victim is on its way out the others try and wait, which takes
// time, so that not more are killed than must be.
func TestManyOutOfMemory(t *testing.T) {
	k := testMachine{}.boot(t)
	const n, pages = 1000, 32
	free := k.Mem.FreeTotal()
	for i := range n {
		k.spawn(t, "p"+itoa(i), func(p *Process) {
			p.write(p.mustMmap(t, pages*4096), pages*4096)
			p.Sleep(10 * engine.Second)
		})
	}
	k.run(t)
	// A process is 32 pages, a few of stack and page tables, and what exec touched.
	if kills, most := k.vm(t, "oom_kill"), n-free/(pages+20)/2; kills == 0 || kills > most {
		t.Errorf("%d of %d processes were killed, want at least one and at most %d", kills, n, most)
	}
}
