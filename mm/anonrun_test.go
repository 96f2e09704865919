package mm

import (
	"strconv"
	"testing"

	"mmsim/engine"
)

// TestRunsAreTheSame reads and writes memory by runs on one machine and page by page on another that is the same: the same zones, lists and counters must come of
// it, also where the allocator has flags of its own for the request: CMA, and a Normal zone that it does not want to fragment.
func TestRunsAreTheSame(t *testing.T) {
	for name, c := range map[string]struct {
		cfg   Config
		write uint64
	}{
		"plain":  {Config{Nodes: []NodeConfig{{RAM: 128 << 20, CPUs: 1}}}, 60 * mib},
		"cma":    {Config{Nodes: []NodeConfig{{RAM: 256 << 20, CPUs: 1}}, CMA: 64 << 20}, 180 * mib},
		"normal": {Config{Nodes: []NodeConfig{{RAM: 4608 << 20, CPUs: 1}}}, 1800 * mib},
	} {
		var text [2]map[string]string
		for i := range text {
			c.cfg.THP, c.cfg.Seed = "never", 1
			k, err := New(engine.New(engine.Options{Seed: 1, CPUs: 1}), c.cfg)
			if err != nil {
				t.Fatal(err)
			}
			text[i] = map[string]string{}
			k.spawn(t, "p", func(p *Process) {
				a := p.mustMmap(t, c.write)
				if i == 0 {
					p.Touch(TouchArgs{Addr: a, Len: c.write / 4, N: -1})
					p.write(a, c.write)
				} else {
					for at := uint64(0); at < c.write/4; at += 4096 {
						p.fault(a+at, false)
					}
					for at := uint64(0); at < c.write; at += 4096 {
						p.fault(a+at, true)
					}
				}
				text[i]["faults"] = strconv.FormatUint(p.minFlt, 10)
				for _, f := range k.SnapshotFiles(false) {
					text[i][f.Name] = f.Text
				}
			})
			if res := k.Sim.Run(t.Context()); res.Err != nil {
				t.Fatal(res.Err)
			}
		}
		for _, f := range []string{"faults", "buddyinfo", "pagetypeinfo", "zoneinfo", "vmstat", "meminfo"} {
			if text[0][f] == "" || text[0][f] != text[1][f] {
				t.Errorf("%s: %s differs between a run and single faults:\n%s\n%s", name, f, text[0][f], text[1][f])
			}
		}
	}
}
