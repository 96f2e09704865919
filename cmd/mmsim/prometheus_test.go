package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/procfs"
)

// What a run records of /proc, another reader understands.
func TestPrometheusReads(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	var stdout, stderr bytes.Buffer
	if code := run([]string{"run", "--quiet", "--out", dir, "--proc-at", "10ms", filepath.Join(root, "scenarios", "hello.lua")}, &stdout, &stderr); code != exitOK {
		t.Fatal(code, stderr.String())
	}
	for _, at := range []string{"before", "proc/0.010000", "after"} {
		fs, err := procfs.NewFS(filepath.Join(dir, at))
		if err != nil {
			t.Fatal(err)
		}
		mem, err := fs.Meminfo()
		if err != nil || mem.MemTotal == nil || *mem.MemTotal < 200<<10 || *mem.MemTotal > 256<<10 {
			t.Errorf("%s: meminfo %+v, %v", at, mem.MemTotal, err)
		}
		zones, err := fs.Zoneinfo()
		if err != nil || len(zones) < 2 || zones[0].NrFreePages == nil {
			t.Errorf("%s: zoneinfo %v, %v", at, zones, err)
		}
		buddy, err := fs.BuddyInfo()
		if err != nil || len(buddy) != 2 || len(buddy[1].Sizes) != 11 {
			t.Errorf("%s: buddyinfo %v, %v", at, buddy, err)
		}
		stat, err := fs.Stat()
		if err != nil || len(stat.CPU) != 1 || at == "after" && stat.CPUTotal.User+stat.CPUTotal.System <= 0 {
			t.Errorf("%s: stat %+v, %v", at, stat, err)
		}
		if load, err := fs.LoadAvg(); err != nil || load.Load1 < 0 || load.Load1 > 1 {
			t.Errorf("%s: loadavg %v, %v", at, load, err)
		}
		swaps, err := fs.Swaps()
		if err != nil || len(swaps) != 1 || swaps[0].Size != 256<<10-4 {
			t.Errorf("%s: swaps %v, %v", at, swaps, err)
		}
		if _, err := fs.SlabInfo(); err != nil {
			t.Errorf("%s: slabinfo: %v", at, err)
		}
	}
}

// TestPrometheusReadsProcesses: what `mmsim proc` shows of a process, another reader understands.
func TestPrometheusReadsProcesses(t *testing.T) {
	tmp := t.TempDir()
	scenario := filepath.Join(tmp, "s.lua")
	err := os.WriteFile(scenario, []byte(`machine { ram = "256MiB", thp = "never" }
process("p", function(p)
  local a = p:mmap("8MiB")
  p:touch(a, "2MiB", "write")
  p:mprotect(a + 4 * MiB, "4MiB", "r")
  p:sleep("100ms")
end)`), 0o644)
	if err != nil {
		t.Fatal(err)
	}
	dir, proc := filepath.Join(tmp, "run"), filepath.Join(tmp, "proc")
	mmsim := func(args ...string) string {
		var stdout, stderr bytes.Buffer
		if code := run(args, &stdout, &stderr); code != exitOK {
			t.Fatal(args, code, stderr.String())
		}
		return stdout.String()
	}
	mmsim("run", "--quiet", "--out", dir, scenario)
	list := mmsim("proc", dir, "--at", "50ms")
	if err := os.MkdirAll(filepath.Join(proc, "100"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields(list) {
		if strings.HasPrefix(name, "100/") {
			if err := os.WriteFile(filepath.Join(proc, name), []byte(mmsim("proc", dir, name, "--at", "50ms")), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	fs, err := procfs.NewFS(proc)
	if err != nil {
		t.Fatal(err)
	}
	p, err := fs.Proc(100)
	if err != nil {
		t.Fatal(err)
	}
	status, err := p.NewStatus()
	if err != nil || status.RssAnon < 2<<20 || status.RssAnon > 2<<20+64<<10 || status.VmSize < 8<<20 || status.VmPTE == 0 {
		t.Errorf("status %+v, %v", status, err)
	}
	maps, err := p.ProcMaps()
	if err != nil || len(maps) < 5 {
		t.Fatalf("%d maps, %v", len(maps), err)
	}
	found := false
	for i, m := range maps[1:] {
		half := m.EndAddr-m.StartAddr == 4<<20 && !m.Perms.Write && maps[i].EndAddr == m.StartAddr && maps[i].Perms.Write
		found = found || half
	}
	if !found {
		t.Error("the mapping that was made read-only is not among them")
	}
	rollup, err := p.ProcSMapsRollup()
	if err != nil || rollup.Anonymous < 2<<20 || rollup.Rss < rollup.Anonymous || rollup.Pss == 0 {
		t.Errorf("smaps_rollup %+v, %v", rollup, err)
	}
}
