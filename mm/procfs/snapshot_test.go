package procfs

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func snapshots(t testing.TB) []string {
	t.Helper()
	dirs, err := filepath.Glob("testdata/snapshot/*")
	if err != nil || len(dirs) < 10 {
		t.Fatal(len(dirs), err)
	}
	return append(dirs, "testdata/linux-6.18")
}

func TestSnapshot(t *testing.T) {
	for _, dir := range snapshots(t) {
		s, err := ReadSnapshot(dir)
		if err != nil {
			t.Error(err)
			continue
		}
		wantArch, wantCPUs := X86_64, 1
		if strings.Contains(dir, "i386") {
			wantArch = I386
		}
		if strings.Contains(dir, "2cpu") || strings.Contains(dir, "numa") || strings.Contains(dir, "6.18") {
			wantCPUs = 2
		} else if strings.Contains(dir, "cpus-4") {
			wantCPUs = 4
		}
		if arch, err := s.Arch(); err != nil || arch != wantArch {
			t.Errorf("%s: architecture %v, %v", dir, arch, err)
		}
		if cpus := s.CPUs(); cpus != wantCPUs {
			t.Errorf("%s: %d CPUs", dir, cpus)
		}
		to := filepath.Join(t.TempDir(), "a", "b")
		if err := s.WriteSnapshot(to); err != nil {
			t.Error(err)
		}
		written, err := os.ReadDir(to)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range written {
			got, _ := os.ReadFile(filepath.Join(to, f.Name()))
			want, err := os.ReadFile(filepath.Join(dir, f.Name()))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %s was written differently: %v%s", dir, f.Name(), err, diff(got, want))
			}
		}
		if all, _ := os.ReadDir(dir); len(all) != len(written) {
			t.Errorf("%s: %d of %d files were written", dir, len(written), len(all))
		}
	}
}

// copyDir copies a snapshot to a folder of its own.
func copyDir(t testing.TB, from string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestSnapshotOptional(t *testing.T) {
	for _, name := range SnapshotFiles() {
		dir := copyDir(t, "testdata/snapshot/boot-ram-1g-before")
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		_, err := ReadSnapshot(dir)
		required := slices.Contains([]string{"zoneinfo", "buddyinfo", "meminfo", "vmstat"}, name)
		if required && (err == nil || !strings.Contains(err.Error(), "has no file "+name)) {
			t.Errorf("without %s: %v", name, err)
		}
		if !required && err != nil {
			t.Errorf("without %s: %v", name, err)
		}
	}
	if _, err := ReadSnapshot("testdata/none"); err == nil || !strings.Contains(err.Error(), "testdata/none") {
		t.Error(err)
	}
	if _, err := ReadSnapshot("testdata/gen.sh"); err == nil || !strings.Contains(err.Error(), "is not a folder") {
		t.Error(err)
	}
	if err := (&Snapshot{}).Check(); err == nil || err.Error() != "the snapshot has no zoneinfo" {
		t.Error(err)
	}
}

// A snapshot whose numbers cannot be those of a machine is refused with the place that is wrong. Each case changes one file.
func TestSnapshotCheck(t *testing.T) {
	const base = "testdata/snapshot/boot-numa-2x2g-before"
	for _, c := range []struct{ file, old, new, want string }{
		{
			"zoneinfo", "spanned  4095", "spanned  3997",
			"zoneinfo: zone DMA of node 0: expected managed <= present <= spanned, not 3840, 3998, 3997",
		},
		{"zoneinfo", "managed  3840", "managed  3999", "expected managed <= present <= spanned"},
		{
			"zoneinfo", "spanned  4095", "spanned  1099511627777",
			"zone DMA of node 0: spanned is 1099511627777: expected at most 1099511627776",
		},
		{"zoneinfo", "pages free     3712", "pages free     3841", "zone DMA of node 0: free is 3841: expected at most 3840"},
		{"zoneinfo", "min      7", "min      4294967297", "zone DMA of node 0: min is 4294967297"},
		{"zoneinfo", "nr_mlock     0", "nr_mlock     9223372036854775807", "zone DMA of node 0: nr_mlock is 9223372036854775807"},
		{"zoneinfo", "(0, 1959,", "(0, 18446744073709551615,", "zone DMA of node 0: a protection is 18446744073709551615"},
		{"zoneinfo", "start_pfn:           1\n", "start_pfn:           9999999999999\n", "start_pfn is 9999999999999"},
		{"zoneinfo", "Node 0, zone    DMA32", "Node 0, zone      DMA", "zone DMA of node 0 stands there twice"},
		{
			"zoneinfo",
			"    cpu: 1\n              count: 0\n              high:  10\n              batch: 1\n  vm stats threshold: 4\n",
			"", "zone DMA32 of node 0 has per-CPU lists of 2 CPUs: expected 1",
		},
		{
			"zoneinfo", "    cpu: 1\n              count: 1258", "    cpu: 3\n              count: 1258",
			"zone DMA32 of node 0: the list of CPU 3 is not where",
		},
		{"zoneinfo", "high:  10", "high:  99999999999", "zone DMA of node 0: high of CPU 0 is 99999999999"},
		{
			"buddyinfo", "      3 \nNode 0, zone    DMA32", "      4 \nNode 0, zone    DMA32",
			"buddyinfo: zone DMA of node 0: blocks of order 10 is 4: expected at most 3",
		},
		{
			"buddyinfo", "DMA      0      0", "DMA   2000      0",
			"buddyinfo: zone DMA of node 0: pages in free blocks is 5712: expected at most 3840",
		},
		{"buddyinfo", "DMA      0", "DMA 18446744073709551615", "blocks of order 0 is 18446744073709551615"},
		{
			"buddyinfo", "Node 1, zone   Normal", "Node 1, zone  Movable",
			"buddyinfo has zone Movable of node 1: expected Normal of node 1, as in zoneinfo",
		},
		{
			"buddyinfo",
			"Node 1, zone   Normal      2      2      2      2      0      1      2      2      1      2    240 \n", "",
			"buddyinfo has 3 zones: expected the 4",
		},
		{
			"pagetypeinfo",
			"Number of blocks type     Unmovable      Movable  Reclaimable   HighAtomic      Isolate \nNode 0, zone      DMA            1",
			"Number of blocks type     Unmovable      Movable  Reclaimable   HighAtomic      Isolate \nNode 0, zone      DMA           10",
			"pagetypeinfo: zone DMA of node 0: pageblocks is 17",
		},
		{
			"pagetypeinfo", "DMA, type    Unmovable      0", "DMA, type    Unmovable   3000",
			"pagetypeinfo: zone DMA of node 0: pages in free blocks",
		},
		{
			"pagetypeinfo", "Node 1, zone   Normal           25          481            6            0            0 \n", "",
			"pagetypeinfo has 4 zones of free blocks and 3 of pageblocks: expected the 4",
		},
		{
			"meminfo", "MemTotal:        4028000", "MemTotal:        2028000",
			"meminfo: MemTotal is 2028000 kB: expected at least about 4028000",
		},
		{"meminfo", "MemTotal:        4028000", "MemTotal:    99999999999", "meminfo: MemTotal is 99999999999"},
		{"meminfo", "Percpu:              512", "Percpu: 18446744073709551615", "meminfo: Percpu is 18446744073709551615"},
		{"vmstat", "nr_free_pages ", "nr_free_pages 9", "vmstat: nr_free_pages is 9"},
		{"vmstat", "nr_anon_pages ", "nr_anon_pages 99999999", "vmstat: nr_anon_pages is 99999999"},
		{
			"slabinfo", "slabdata      1      1", "slabdata      1 18446744073709551615",
			"expected no more pages than the zones manage, 1007000",
		},
		{"slabinfo", "slabdata      1      1", "slabdata      1      0", "active_slabs is 1: expected at most 0"},
		{
			"slabinfo", "dentry", "dentry 1 1 18446744073709551615 1 1 : tunables 0 0 0 : slabdata 0 0 0\nx",
			"slabinfo: cache ext4_fc_dentry: objsize is 18446744073709551615",
		},
		{
			"slabinfo", "fsverity_info", "a 0 0 0 0 2 : tunables 0 0 0 : slabdata 0 9223372036854775808 0\nfsverity_info",
			"cache a has 9223372036854775808 slabs of 2 pages",
		},
		{
			"slabinfo", "fsverity_info",
			strings.Repeat("a 0 0 0 0 1 : tunables 0 0 0 : slabdata 0 600000 0\n", 2) + "fsverity_info",
			"slabinfo: pages of the caches up to a is 1200000",
		},
		{
			"zoneinfo", "spanned  524288\n        present  262112\n        managed  245728",
			"spanned  4294967296\n        present  4294967296\n        managed  4294967296",
			"zone DMA32 of node 1: with it the zones manage more than 16 TiB",
		},
		{"swaps", "Priority\n", "Priority\n/a partition 5 6 -2\n", "swaps: used of /a is 6: expected at most 5"},
		{"swaps", "Priority\n", "Priority\n/a partition 17179869185 6 -2\n", "swaps: size of /a is 17179869185"},
		{"swaps", "Priority\n", "Priority\n/a partition 5 5 32768\n", "swaps: the priority of /a is 32768"},
	} {
		dir := copyDir(t, base)
		name := filepath.Join(dir, c.file)
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Replace(string(data), c.old, c.new, 1)
		if changed == string(data) {
			t.Errorf("%s has no %q", c.file, c.old)
		}
		if err := os.WriteFile(name, []byte(changed), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadSnapshot(dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s with %q:\n got %v\nwant %s", c.file, c.new, err, c.want)
		}
	}
	z := read[*Zoneinfo](t, "snapshot/boot-ram-1g-before/zoneinfo")
	for i := range z.Zones {
		z.Zones[i].Zone = strings.ReplaceAll(z.Zones[i].Zone, "DMA32", "Normal2")
	}
	if _, err := (&Snapshot{Zoneinfo: z}).Arch(); err == nil || !strings.Contains(err.Error(), "DMA32") {
		t.Errorf("another architecture: %v", err)
	}
}

// A file that is far larger than a kernel's is not read into memory.
func TestSnapshotHuge(t *testing.T) {
	dir := copyDir(t, "testdata/snapshot/boot-ram-1g-before")
	name := filepath.Join(dir, "swaps")
	if err := os.Truncate(name, maxFile+1); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadSnapshot(dir); err == nil || !strings.Contains(err.Error(), name+" has more than 64 MB") {
		t.Error(err)
	}
}

// The error of a file that cannot be read names it with its folder.
func TestSnapshotParseError(t *testing.T) {
	dir := copyDir(t, "testdata/snapshot/boot-ram-1g-before")
	name := filepath.Join(dir, "slabinfo")
	if err := os.WriteFile(name, []byte("nothing\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadSnapshot(dir); err == nil || !strings.HasPrefix(err.Error(), name+`:1: "nothing"`) {
		t.Error(err)
	}
}

// A /proc made of recorded files is recorded as it was.
func TestRecord(t *testing.T) {
	const from = "testdata/snapshot/boot-numa-2x2g-before"
	proc := copyDir(t, from)
	sysctl := filepath.Join(proc, "sys", "vm")
	if err := os.MkdirAll(filepath.Join(sysctl, "folder"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(proc, "sysctl_vm")); err != nil {
		t.Fatal(err)
	}
	values := read[*SysctlVM](t, strings.TrimPrefix(from, "testdata/")+"/sysctl_vm").Values
	for _, v := range append(values, Sysctl{"compact_memory", "0"}, Sysctl{"drop_caches", "3"}, Sysctl{"stat_interval", "1"}) {
		if err := os.WriteFile(filepath.Join(sysctl, v.Name), []byte(v.Value+"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	dir := filepath.Join(t.TempDir(), "new")
	notes, err := Record(proc, dir)
	if err != nil || len(notes) > 0 {
		t.Fatal(notes, err)
	}
	for _, name := range SnapshotFiles() {
		got, _ := os.ReadFile(filepath.Join(dir, name))
		want, _ := os.ReadFile(filepath.Join(from, name))
		if name == "sysctl_vm" {
			want = append(want, "stat_interval = 1\n\n"...)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: %s", name, diff(got, want))
		}
	}
	if _, err := ReadSnapshot(dir); err != nil {
		t.Error(err)
	}

	// What a snapshot need not have is noted, whether it is missing or another version's; what it must have is an error.
	if err := os.Remove(filepath.Join(proc, "pagetypeinfo")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(proc, "slabinfo"), []byte("slabinfo - version: 3.0\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	notes, err = Record(proc, dir)
	if err != nil || len(notes) != 2 || !strings.Contains(notes[0], "pagetypeinfo is not recorded: this kernel does not have it") ||
		!strings.Contains(notes[1], `slabinfo:1: "slabinfo - version: 3.0": expected`) {
		t.Errorf("%q, %v", notes, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "slabinfo")); err == nil {
		t.Error("a slabinfo that cannot be read was recorded")
	}
	if err := os.Remove(filepath.Join(proc, "zoneinfo")); err != nil {
		t.Fatal(err)
	}
	if _, err := Record(proc, t.TempDir()); err == nil || !strings.Contains(err.Error(), "zoneinfo") {
		t.Error(err)
	}
}
