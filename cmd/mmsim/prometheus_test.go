package main

import (
	"bytes"
	"path/filepath"
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
