package mm

import (
	"testing"

	"mmsim/engine"
)

// TestCopiesByRunsAreTheSame writes to memory that a child shares, by runs on one machine and page by page on another: zones, lists and counters must be
// the same. Among the pages are some that were only read, some that the child has given up, and some of the child's own.
func TestCopiesByRunsAreTheSame(t *testing.T) {
	const size = 24 * mib
	var text [2]map[string]string
	for i := range text {
		k, err := New(engine.New(engine.Options{Seed: 1, CPUs: 1}), Config{Nodes: []NodeConfig{{RAM: 128 << 20, CPUs: 1}}, THP: "never", Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		text[i] = map[string]string{}
		k.spawn(t, "p", func(p *Process) {
			a := p.mustMmap(t, size)
			p.write(a, size/2)
			p.Touch(TouchArgs{Addr: a + size/2, Len: size / 4, N: -1})
			ready := false
			pid, errno := p.Fork("", func(c *Process) {
				c.Munmap(a+mib, mib/2)
				c.write(a+4*mib, mib/4)
				ready = true
				c.Sleep(1000 * engine.Second)
			})
			if errno != 0 {
				t.Fatal(errno)
			}
			for !ready {
				p.Sleep(engine.Millisecond)
			}
			if i == 0 {
				p.write(a, size)
			} else {
				for at := uint64(0); at < size; at += 4096 {
					p.fault(a+at, true)
				}
			}
			k.check(t)
			for _, f := range k.SnapshotFiles(false) {
				text[i][f.Name] = f.Text
			}
			p.Kill(pid, "SIGKILL")
			p.Wait(pid)
		})
		if res := k.Sim.Run(t.Context()); res.Err != nil {
			t.Fatal(res.Err)
		}
	}
	for _, f := range []string{"buddyinfo", "pagetypeinfo", "zoneinfo", "vmstat", "meminfo"} {
		if text[0][f] != text[1][f] {
			t.Errorf("/proc/%s differs between runs and single faults:\n%s\n%s", f, text[0][f], text[1][f])
		}
	}
}
