package procfs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	prometheus "github.com/prometheus/procfs"
	"github.com/prometheus/procfs/sysfs"

	"mmsim/mm/procfs"
	"mmsim/mm/vmstat"
)

// mount writes files to a folder that stands for /proc and opens it with the library that node_exporter reads /proc with. What it
// finds is compared with the data that the files were made from, whose numbers are all different.
func mount(t *testing.T, files map[string]procfs.File) prometheus.FS {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, files)
	fs, err := prometheus.NewFS(dir)
	if err != nil {
		t.Fatal(err)
	}
	return fs
}

func write(t *testing.T, dir string, files map[string]procfs.File) {
	t.Helper()
	for name, f := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, procfs.Text(f), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// load reads a recorded file.
func load[T procfs.File](t *testing.T, name string) T {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	f, err := procfs.Parse(name, data)
	if err != nil {
		t.Fatal(err)
	}
	return f.(T)
}

// fill gives every number of a structure a value of its own.
func fill(v reflect.Value, next *uint64) {
	switch v.Kind() {
	case reflect.Uint64:
		*next += 3
		v.SetUint(*next)
	case reflect.Int64:
		*next += 3
		v.SetInt(int64(*next))
	case reflect.Pointer:
		if v.Type() != reflect.TypeFor[*procfs.Layout]() && !v.IsNil() {
			fill(v.Elem(), next)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), next)
		}
	case reflect.Array, reflect.Slice:
		for i := range v.Len() {
			fill(v.Index(i), next)
		}
	}
}

func filled[T procfs.File](f T) T {
	next := uint64(1000)
	fill(reflect.ValueOf(f).Elem(), &next)
	return f
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestPrometheusMeminfo(t *testing.T) {
	for _, arch := range []procfs.Arch{procfs.X86_64, procfs.I386} {
		m := filled(&procfs.Meminfo{Layout: procfs.MeminfoLayout(arch)})
		got, err := mount(t, map[string]procfs.File{"meminfo": m}).Meminfo()
		if err != nil {
			t.Fatal(err)
		}
		compared := 0
		v, w := reflect.ValueOf(got), reflect.ValueOf(*m)
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			if p, ok := v.Field(i).Interface().(*uint64); ok && p != nil && !strings.HasSuffix(name, "Bytes") {
				equal(t, fmt.Sprint(arch, name), *p, w.FieldByName(name).Uint())
				compared++
			}
		}
		if compared < 45 {
			t.Errorf("%v: only %d values", arch, compared)
		}
	}
}

// camel makes a counter's name a field's: nr_free_pages is NrFreePages.
func camel(name string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(name, "_") {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}

func TestPrometheusVmstat(t *testing.T) {
	v := filled(&procfs.Vmstat{})
	dir := t.TempDir()
	write(t, dir, map[string]procfs.File{"devices/system/node/node0/vmstat": v})
	fs, err := sysfs.NewFS(dir)
	if err != nil {
		t.Fatal(err)
	}
	nodes, err := fs.VMStatNUMA()
	if err != nil {
		t.Fatal(err)
	}
	got := reflect.ValueOf(nodes[0])
	compared := 0
	for _, name := range procfs.VmstatNames(procfs.X86_64) {
		want, _ := v.Value(name)
		if f := got.FieldByName(camel(name)); f.IsValid() {
			equal(t, name, f.Uint(), want)
			compared++
		}
	}
	if compared < 45 {
		t.Errorf("only %d values", compared)
	}
}

func TestPrometheusZoneinfo(t *testing.T) {
	for _, name := range []string{"boot-numa-2x2g-before", "boot-i386-2g-before"} {
		z := filled(load[*procfs.Zoneinfo](t, "snapshot/"+name+"/zoneinfo"))
		zones, err := mount(t, map[string]procfs.File{"zoneinfo": z}).Zoneinfo()
		if err != nil {
			t.Fatal(err)
		}
		if len(zones) != len(z.Zones) {
			t.Fatalf("%d zones, want %d", len(zones), len(z.Zones))
		}
		for i, got := range zones {
			w := &z.Zones[i]
			where := fmt.Sprintf("%s: node %d zone %s: ", name, w.Node, w.Zone)
			equal(t, where+"node", got.Node, w.Node)
			equal(t, where+"zone", got.Zone, w.Zone)
			for what, v := range map[string]struct {
				got  *int64
				want uint64
			}{
				"min": {got.Min, w.Min}, "low": {got.Low, w.Low}, "high": {got.High, w.High}, "spanned": {got.Spanned, w.Spanned},
				"present": {got.Present, w.Present}, "managed": {got.Managed, w.Managed},
				"nr_free_pages": {got.NrFreePages, uint64(w.Stat[vmstat.NRFreePages])},
			} {
				equal(t, where+what, *v.got, v.want)
			}
			if z.ZoneItems.Has("numa_hit") {
				equal(t, where+"numa_other", *got.NumaOther, w.Numa[vmstat.NumaOther])
			} else if got.NumaHit != nil {
				t.Errorf("%s has numa_hit", where)
			}
			if w.NodeStats != nil {
				equal(t, where+"nr_written", *got.NrWritten, w.NodeStats.Stat[vmstat.NRWritten])
				equal(t, where+"nr_mapped", *got.NrMapped, w.NodeStats.Stat[vmstat.NRMapped])
				equal(t, where+"nr_slab_unreclaimable", *got.NrSlabUnreclaimable, w.NodeStats.Stat[vmstat.NRSlabUnreclaimable])
			}
			equal(t, where+"protections", len(got.Protection), len(w.Protection))
			for j, p := range got.Protection {
				equal(t, where+"protection", *p, w.Protection[j])
			}
		}
	}
}

func TestPrometheusBlocksAndCaches(t *testing.T) {
	b := filled(load[*procfs.Buddyinfo](t, "snapshot/boot-numa-2x2g-before/buddyinfo"))
	c := filled(load[*procfs.Slabinfo](t, "snapshot/boot-ram-1g-before/slabinfo"))
	fs := mount(t, map[string]procfs.File{"buddyinfo": b, "slabinfo": c})
	zones, err := fs.BuddyInfo()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "zones", len(zones), len(b.Zones))
	for i, z := range zones {
		equal(t, "place", z.Node+z.Zone, fmt.Sprint(b.Zones[i].Node, b.Zones[i].Zone))
		equal(t, "blocks", z.Sizes, b.Zones[i].Free)
	}
	slabs, err := fs.SlabInfo()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "caches", len(slabs.Slabs), len(c.Caches))
	for i, s := range slabs.Slabs {
		w := c.Caches[i]
		equal(t, w.Name, *s, prometheus.Slab{
			Name: w.Name, ObjActive: int64(w.ActiveObjs), ObjNum: int64(w.NumObjs), ObjSize: int64(w.ObjSize),
			ObjPerSlab: int64(w.ObjPerSlab), PagesPerSlab: int64(w.PagesPerSlab), Limit: int64(w.Limit), Batch: int64(w.Batchcount),
			SharedFactor: int64(w.Sharedfactor), SlabActive: int64(w.ActiveSlabs), SlabNum: int64(w.NumSlabs),
			SharedAvail: int64(w.SharedAvail),
		})
	}
}

func TestPrometheusSwaps(t *testing.T) {
	fs := mount(t, map[string]procfs.File{"swaps": &procfs.Swaps{Areas: []procfs.SwapArea{
		{Path: "/dev/vda", Size: 102396, Used: 12, Priority: 5},
		{Path: "/a/very/long/path/to/a/swap/file/on/a/disk", File: true, Size: 9999999, Used: 10000000, Priority: -2},
		{Path: "/dev/zram0", Size: 34359738364, Used: 34359738364, Priority: 32767},
	}}})
	swaps, err := fs.Swaps()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []prometheus.Swap{
		{Filename: "/dev/vda", Type: "partition", Size: 102396, Used: 12, Priority: 5},
		{
			Filename: "/a/very/long/path/to/a/swap/file/on/a/disk", Type: "file", Size: 9999999, Used: 10000000, Priority: -2,
		},
		{Filename: "/dev/zram0", Type: "partition", Size: 34359738364, Used: 34359738364, Priority: 32767},
	} {
		equal(t, "swap", *swaps[i], want)
	}
}

func TestPrometheusStat(t *testing.T) {
	f := filled(load[*procfs.Stat](t, "process/x86_64/machine/stat"))
	got, err := mount(t, map[string]procfs.File{"stat": f}).Stat()
	if err != nil {
		t.Fatal(err)
	}
	times := func(c procfs.StatTimes) string {
		var v []float64
		for _, ticks := range []uint64{
			c.User, c.Nice, c.System, c.Idle, c.Iowait, c.Irq, c.Softirq, c.Steal, c.Guest, c.GuestNice,
		} {
			v = append(v, float64(ticks)/procfs.UserHZ)
		}
		return strings.Trim(fmt.Sprint(v), "[]")
	}
	equal(t, "cpu", strings.Trim(fmt.Sprint(got.CPUTotal), "{}"), times(f.CPU))
	equal(t, "cpus", len(got.CPU), len(f.CPUs))
	for _, c := range f.CPUs {
		equal(t, "cpu"+strconv.Itoa(c.CPU), strings.Trim(fmt.Sprint(got.CPU[int64(c.CPU)]), "{}"), times(c.StatTimes))
	}
	equal(t, "intr", got.IRQTotal, f.Intr)
	equal(t, "interrupts", got.IRQ, f.IRQs)
	equal(t, "ctxt", got.ContextSwitches, f.Ctxt)
	equal(t, "btime", got.BootTime, f.Btime)
	equal(t, "processes", got.ProcessCreated, f.Processes)
	equal(t, "running", got.ProcessesRunning, f.ProcsRunning)
	equal(t, "blocked", got.ProcessesBlocked, f.ProcsBlocked)
	equal(t, "softirq", got.SoftIRQTotal, f.Softirq)
	equal(t, "softirqs", strings.Trim(fmt.Sprint(got.SoftIRQ), "{}"), strings.Trim(fmt.Sprint(f.Softirqs), "[]"))
}

func TestPrometheusLoadAndPressure(t *testing.T) {
	p := &procfs.Pressure{
		Some: &procfs.PressureStall{Avg10: 1205, Avg60: 7, Avg300: 10000, Total: 1 << 50},
		Full: &procfs.PressureStall{Avg10: 905, Avg60: 90, Avg300: 1, Total: 12},
	}
	fs := mount(t, map[string]procfs.File{
		"loadavg":         &procfs.Loadavg{Load: [3]uint64{5, 123, 45670}, Running: 3, Threads: 99, LastPID: 1234},
		"pressure/memory": p, "pressure/io": p, "pressure/cpu": p,
	})
	load, err := fs.LoadAvg()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "loadavg", *load, prometheus.LoadAvg{Load1: 0.05, Load5: 1.23, Load15: 456.7})
	for _, resource := range []string{"memory", "io", "cpu"} {
		stats, err := fs.PSIStatsForResource(resource)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "some", *stats.Some, prometheus.PSILine{Avg10: 12.05, Avg60: 0.07, Avg300: 100, Total: 1 << 50})
		equal(t, "full", *stats.Full, prometheus.PSILine{Avg10: 9.05, Avg60: 0.9, Avg300: 0.01, Total: 12})
	}
}

func TestPrometheusProcess(t *testing.T) {
	maps := load[*procfs.Maps](t, "process/x86_64/full/maps")
	rollup := filled(load[*procfs.SmapsRollup](t, "process/x86_64/full/smaps_rollup"))
	status := filled(load[*procfs.Status](t, "process/x86_64/full/status"))
	stat := &procfs.PIDStat{
		PID: 89, Comm: "a) (b", State: 'S', PPID: 1, PGRP: 2, Session: 3, TPGID: -1, Flags: 5, MinFlt: 6, CMinFlt: 7, MajFlt: 8, CMajFlt: 9, UTime: 10, STime: 11,
		Priority: 30, Nice: -10, Threads: 12, StartTime: 13, VSize: 14 << 12, RSS: 15, RSSLimit: 1<<64 - 1, StartCode: 16, EndCode: 17, StartStack: 18,
		StartBrk: 19, ExitSignal: 20, Processor: 21,
	}
	if again, err := procfs.ParsePIDStat(procfs.Text(stat)); err != nil || *again != *stat {
		t.Errorf("%+v, %v, want %+v", again, err, stat)
	}
	fs := mount(t, map[string]procfs.File{
		"89/maps": maps, "89/smaps_rollup": rollup, "89/status": status,
		"89/statm": &procfs.Statm{Size: 7, Resident: 6, Shared: 5, Text: 4, Data: 2}, "89/stat": stat,
	})
	p, err := fs.Proc(89)
	if err != nil {
		t.Fatal(err)
	}
	list, err := p.ProcMaps()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "mappings", len(list), len(maps.Mappings))
	for i, m := range list {
		w := maps.Mappings[i]
		equal(t, "mapping", fmt.Sprint(m.StartAddr, m.EndAddr, m.Offset, m.Inode, m.Pathname, *m.Perms),
			fmt.Sprint(w.Start, w.End, w.Offset, w.Inode, w.Name,
				prometheus.ProcMapPermissions{Read: w.Read, Write: w.Write, Execute: w.Exec, Shared: w.Shared, Private: !w.Shared}))
	}
	r, err := p.ProcSMapsRollup()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "rollup", r, prometheus.ProcSMapsRollup{
		Rss: rollup.Rss << 10, Pss: rollup.Pss << 10, SharedClean: rollup.SharedClean << 10, SharedDirty: rollup.SharedDirty << 10,
		PrivateClean: rollup.PrivateClean << 10, PrivateDirty: rollup.PrivateDirty << 10, Referenced: rollup.Referenced << 10,
		Anonymous: rollup.Anonymous << 10, Swap: rollup.Swap << 10, SwapPss: rollup.SwapPss << 10,
	})
	s, err := p.NewStatus()
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string][2]uint64{
		"VmPeak": {s.VmPeak, status.VmPeak}, "VmSize": {s.VmSize, status.VmSize}, "VmHWM": {s.VmHWM, status.VmHWM},
		"VmRSS": {s.VmRSS, status.VmRSS}, "RssAnon": {s.RssAnon, status.RssAnon}, "RssFile": {s.RssFile, status.RssFile},
		"RssShmem": {s.RssShmem, status.RssShmem}, "VmData": {s.VmData, status.VmData}, "VmStk": {s.VmStk, status.VmStk},
		"VmExe": {s.VmExe, status.VmExe}, "VmLib": {s.VmLib, status.VmLib}, "VmPTE": {s.VmPTE, status.VmPTE},
		"VmSwap": {s.VmSwap, status.VmSwap}, "VmLck": {s.VmLck, status.VmLck},
	} {
		equal(t, name, v[0], v[1]<<10)
	}
	equal(t, "name", s.Name, "app")
	st, err := p.Stat()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "stat", fmt.Sprint(st.PID, st.Comm, st.State, st.PPID, st.PGRP, st.Session, st.TPGID, st.Flags, st.MinFlt, st.CMinFlt, st.MajFlt, st.CMajFlt,
		st.UTime, st.STime, st.Priority, st.Nice, st.NumThreads, st.Starttime, st.VSize, st.RSS, st.RSSLimit, st.Processor),
		fmt.Sprint(stat.PID, stat.Comm, "S", stat.PPID, stat.PGRP, stat.Session, stat.TPGID, stat.Flags, stat.MinFlt, stat.CMinFlt, stat.MajFlt, stat.CMajFlt,
			stat.UTime, stat.STime, stat.Priority, stat.Nice, stat.Threads, stat.StartTime, stat.VSize, stat.RSS, stat.RSSLimit, stat.Processor))
	m, err := p.Statm()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "statm", m, prometheus.ProcStatm{PID: 89, Size: 7, Resident: 6, Shared: 5, Text: 4, Data: 2})
}
