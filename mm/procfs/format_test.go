package procfs

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mmsim/mm/vmstat"
)

// read is the data of a recorded file, of the type that its name says.
func read[T File](t testing.TB, name string) T {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	f, err := Parse(name, data)
	if err != nil {
		t.Fatal(err)
	}
	return f.(T)
}

// Widths, padding and what happens when a value is wider than its place. The texts are the kernel's formats filled in by hand.
func TestFormat(t *testing.T) {
	minus := Number(-1000)
	for _, c := range []struct {
		name string
		f    File
		want string
	}{
		{"meminfo fits 16 TiB and more", &Meminfo{
			Layout:   MeminfoLayoutOf("MemTotal", "Inactive(anon)", "HardwareCorrupted", "HugePages_Total", "HugePages_Free", "Hugepagesize", "DirectMap1G"),
			MemTotal: 17179869184, InactiveAnon: 99999999, HardwareCorrupted: 123456, HugePagesTotal: 99999, HugePagesFree: 1234567,
			Hugepagesize: 2048, DirectMap1G: 1,
		}, "" +
			"MemTotal:       17179869184 kB\n" +
			"Inactive(anon): 99999999 kB\n" +
			"HardwareCorrupted: 123456 kB\n" +
			"HugePages_Total:   99999\n" +
			"HugePages_Free:    1234567\n" +
			"Hugepagesize:       2048 kB\n" +
			"DirectMap1G:           1 kB\n"},
		{"meminfo with a line of another kernel", &Meminfo{
			Layout:  MeminfoLayoutOf("Balloon", "MemFree", "SomethingNewAndLong", "HugePages_New"),
			MemFree: 5, Unknown: []MeminfoValue{{Value: 7}, {Value: 8}, {Value: 9, Count: true}},
		}, "" +
			"Balloon:               7 kB\n" +
			"MemFree:               5 kB\n" +
			"SomethingNewAndLong:   8 kB\n" +
			"HugePages_New:         9\n"},
		{"meminfo with long names and values", &Meminfo{
			Layout: MeminfoLayoutOf("EighteenCharacters", "Sixteen_Letters_"), Unknown: []MeminfoValue{{Value: 1234567}, {Value: 123456789}},
		}, "EighteenCharacters: 1234567 kB\nSixteen_Letters_: 123456789 kB\n"},
		{"buddyinfo with counts wider than 6", &Buddyinfo{Zones: []BuddyinfoZone{
			{Node: 0, Zone: "DMA32", Free: []uint64{0, 999999, 1000000}}, {Node: 12, Zone: "VeryLongZone", Free: []uint64{1, 2, 3}},
		}}, "" +
			"Node 0, zone    DMA32      0 999999 1000000 \n" +
			"Node 12, zone VeryLongZone      1      2      3 \n"},
		{"pagetypeinfo stops counting at 100000", &Pagetypeinfo{Nodes: []PagetypeinfoNode{{
			PageBlockOrder: 9, PagesPerBlock: 512, Orders: 3, Types: []string{"Unmovable", "CMA"},
			Free: []PagetypeinfoFree{
				{Node: 0, Zone: "Normal", Type: "Unmovable", Count: []uint64{99999, 100000, 5000000}},
				{Node: 0, Zone: "Normal", Type: "CMA", Count: []uint64{1, 0, 0}},
			},
			Blocks: []PagetypeinfoBlocks{{Node: 0, Zone: "Normal", Count: []uint64{123456789012, 1234567890123}}},
			Mixed:  []PagetypeinfoBlocks{{Node: 0, Zone: "Normal", Count: []uint64{1, 0}}},
		}}}, "" +
			"Page block order: 9\n" +
			"Pages per block:  512\n" +
			"\n" +
			"Free pages count per migrate type at order       0      1      2 \n" +
			"Node    0, zone   Normal, type    Unmovable  99999 >100000 >100000 \n" +
			"Node    0, zone   Normal, type          CMA      1      0      0 \n" +
			"\n" +
			"Number of blocks type     Unmovable          CMA \n" +
			"Node 0, zone   Normal 123456789012 1234567890123 \n" +
			"\n" +
			"Number of mixed blocks    Unmovable          CMA \n" +
			"Node 0, zone   Normal            1            0 \n"},
		{"slabinfo with long names and large numbers", &Slabinfo{Caches: []SlabCache{
			{Name: "request_sock_subflow_v6", ObjSize: 384, ObjPerSlab: 10, PagesPerSlab: 1},
			{
				Name: "dentry", ActiveObjs: 12345678, NumObjs: 12345679, ObjSize: 192, ObjPerSlab: 21, PagesPerSlab: 1,
				ActiveSlabs: 587889, NumSlabs: 587890,
			},
			{
				Name: "filp", ActiveObjs: 1, NumObjs: 2, ObjSize: 3, ObjPerSlab: 4, PagesPerSlab: 5, Limit: 54, Batchcount: 27, Sharedfactor: 8,
				ActiveSlabs: 6, NumSlabs: 7, SharedAvail: 432,
			},
		}}, slabinfoVersion + "\n" + slabinfoHeader + "\n" +
			"request_sock_subflow_v6      0      0    384   10    1 : tunables    0    0    0 : slabdata      0      0      0\n" +
			"dentry            12345678 12345679    192   21    1 : tunables    0    0    0 : slabdata 587889 587890      0\n" +
			"filp                   1      2      3    4    5 : tunables   54   27    8 : slabdata      6      7    432\n"},
		{"swaps without areas", &Swaps{}, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"},
		{"swaps: tabs and paths", &Swaps{Areas: []SwapArea{
			{Path: "/dev/sda2", Size: 9999999, Used: 0, Priority: -2},
			{Path: "/swap file", File: true, Size: 10000000, Used: 9999999, Priority: 5},
			{Path: "/" + strings.Repeat("x", 38), Size: 1, Used: 1, Priority: 0},
			{Path: "/" + strings.Repeat("y", 39), Size: 17179869180, Used: 10000000, Priority: 32767},
			{Path: "/" + strings.Repeat("z", 50), File: true, Size: 1, Used: 1, Priority: 0},
		}}, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n" +
			"/dev/sda2                               partition\t9999999\t\t0\t\t-2\n" +
			"/swap\\040file                           file\t\t10000000\t9999999\t\t5\n" +
			"/" + strings.Repeat("x", 38) + " partition\t1\t\t1\t\t0\n" +
			"/" + strings.Repeat("y", 39) + " partition\t17179869180\t10000000\t32767\n" +
			"/" + strings.Repeat("z", 50) + " file\t\t1\t\t1\t\t0\n"},
		{"vmallocinfo of x86-64", &Vmallocinfo{Areas: []VmallocArea{
			{
				Start: 0xffffc90000000000, End: 0xffffc90000005000, Size: 20480, Caller: "a+0x1/0x2 [mod]", Pages: 4,
				Flags: VmallocVmalloc | VmallocVpages, Nodes: []VmallocNode{{0, 3}, {1, 1}},
			},
			{
				Start: 1, End: 2, Size: 123456789, HasPhys: true, Phys: 0xfed00000,
				Flags: VmallocIoremap | VmallocVmap | VmallocUser | VmallocDMACoherent,
			},
			{Start: 3, End: 4, Size: 4096, Kind: VmallocMapRAM},
			{Start: 5, End: 6, Size: 4096, Kind: VmallocUnpurged},
		}}, "" +
			"0xffffc90000000000-0xffffc90000005000   20480 a+0x1/0x2 [mod] pages=4 vmalloc vpages N0=3 N1=1\n" +
			"0x0000000000000001-0x0000000000000002 123456789 phys=0x00000000fed00000 ioremap vmap user dma-coherent\n" +
			"0x0000000000000003-0x0000000000000004    4096 vm_map_ram\n" +
			"0x0000000000000005-0x0000000000000006    4096 unpurged vm_area\n"},
		{"vmallocinfo of i386 with PAE", &Vmallocinfo{Arch: I386, PhysDigits: 16, Areas: []VmallocArea{
			{Start: 0xf73fe000, End: 0xf7400000, Size: 8192, Caller: "f", HasPhys: true, Phys: 1, Flags: VmallocIoremap},
		}}, "0xf73fe000-0xf7400000    8192 f phys=0x0000000000000001 ioremap\n"},
		{"iomem", &Iomem{Ranges: []IomemRange{
			{0, 0, 0xfff, "Reserved"}, {1, 0x100, 0x1ff, "inner"}, {0, 0x100000000, 0x17fffffff, "PCI Bus 0000:00"},
		}}, "00000000-00000fff : Reserved\n  00000100-000001ff : inner\n100000000-17fffffff : PCI Bus 0000:00\n"},
		{
			"sysctl_vm", &SysctlVM{Values: []Sysctl{{"lowmem_reserve_ratio", "256\t256\t32"}, {"swappiness", "60"}}},
			"lowmem_reserve_ratio = 256\t256\t32\n\nswappiness = 60\n\n",
		},
		{"uptime", &Uptime{Uptime: 12305, Idle: 7}, "123.05 0.07\n"},
		{"loadavg", &Loadavg{Load: [3]uint64{0, 199, 12345}, Running: 1, Threads: 57, LastPID: 89}, "0.00 1.99 123.45 1/57 89\n"},
		{
			"pressure of an old kernel's cpu", &Pressure{Some: &PressureStall{Avg10: 380, Total: 527248}},
			"some avg10=3.80 avg60=0.00 avg300=0.00 total=527248\n",
		},
		{"stat", &Stat{CPU: StatTimes{User: 1, GuestNice: 10}, CPUs: []StatCPU{{CPU: 3}}, Intr: 5, IRQs: []uint64{2, 3}, Softirqs: [10]uint64{9: 4}}, "" +
			"cpu  1 0 0 0 0 0 0 0 0 10\ncpu3 0 0 0 0 0 0 0 0 0 0\nintr 5 2 3\nctxt 0\nbtime 0\nprocesses 0\nprocs_running 0\n" +
			"procs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 4\n"},
		{"statm", &Statm{Size: 724, Resident: 710, Shared: 344, Text: 214, Data: 373}, "724 710 344 214 0 373 0\n"},
		{"oom_score_adj", &minus, "-1000\n"},
		{"status of a kernel thread", &Status{
			KernelThread: true, VmPeak: 5, Before: []StatusLine{{"Name", "kswapd0"}}, After: []StatusLine{{"Threads", "1"}},
		}, "Name:\tkswapd0\nThreads:\t1\n"},
		{"maps of x86-64", &Maps{Mappings: []Mapping{
			{Start: 0x1000, End: 0x2000, Read: true, Exec: true, Offset: 0x1000, Minor: 2, Inode: 11074, Name: "/init"},
			{Start: 0xffffffffff600000, End: 0xffffffffff601000, Exec: true, Name: "[vsyscall]"},
			{
				Start: 0x7ffff6400000, End: 0x7ffff6500000, Write: true, Shared: true, Major: 0x103, Minor: 0xfffff,
				Inode: 12345678901234567890, Offset: 0x1234567890000, Name: "/a\nb",
			},
			{Start: 0x3000, End: 0x4000},
		}}, "" +
			"00001000-00002000 r-xp 00001000 00:02 11074" + strings.Repeat(" ", 30) + "/init\n" +
			"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0" + strings.Repeat(" ", 18) + "[vsyscall]\n" +
			"7ffff6400000-7ffff6500000 -w-s 1234567890000 103:fffff 12345678901234567890  /a\\012b\n" +
			"00003000-00004000 ---p 00000000 00:00 0 \n"},
		{
			"maps of i386", &Maps{Arch: I386, Mappings: []Mapping{{Start: 0xbffdf000, End: 0xc0000000, Name: "[stack]"}}},
			"bffdf000-c0000000 ---p 00000000 00:00 0          [stack]\n",
		},
		{"smaps with protection keys and wide values", &Smaps{ProtectionKeys: true, Mappings: []SmapsMapping{{
			Mapping: Mapping{Start: 0x1000, End: 0x2000}, Size: 17179869184, SmapsUsage: SmapsUsage{Rss: 99999999, PrivateHugetlb: 9999999, SharedHugetlb: 10000000},
			THPEligible: 1, ProtectionKey: 3, VMFlags: []string{"rd", "mr"},
		}}}, "" +
			"00001000-00002000 ---p 00000000 00:00 0 \n" +
			"Size:           17179869184 kB\nKernelPageSize:        0 kB\nMMUPageSize:           0 kB\n" +
			"Rss:            99999999 kB\nPss:                   0 kB\nPss_Dirty:             0 kB\n" +
			"Shared_Clean:          0 kB\nShared_Dirty:          0 kB\nPrivate_Clean:         0 kB\nPrivate_Dirty:         0 kB\n" +
			"Referenced:            0 kB\nAnonymous:             0 kB\nLazyFree:              0 kB\nAnonHugePages:         0 kB\n" +
			"ShmemPmdMapped:        0 kB\nFilePmdMapped:         0 kB\nShared_Hugetlb: 10000000 kB\nPrivate_Hugetlb: 9999999 kB\n" +
			"Swap:                  0 kB\nSwapPss:               0 kB\nLocked:                0 kB\n" +
			"THPeligible:    1\nProtectionKey:         3\nVmFlags: rd mr \n"},
	} {
		if got := Text(c.f); string(got) != c.want {
			t.Errorf("%s: %s", c.name, diff(got, []byte(c.want)))
		}
	}
}

// A counter that is below zero for a moment prints as 0, and a file without a layout is that of x86-64.
func TestZoneinfoFormat(t *testing.T) {
	z := &Zoneinfo{Zones: []ZoneinfoZone{
		{
			Node: 0, Zone: "Normal", Present: 5, Protection: []uint64{0, 1}, NodeStats: &ZoneinfoNode{},
			Pagesets: []ZoneinfoPageset{{CPU: 2, Count: 1, High: 2, Batch: 3, Threshold: 4}}, StartPFN: 9, Unreclaim: 1,
		},
		{Node: 0, Zone: "Movable", Protection: []uint64{0, 0}},
	}}
	z.Zones[0].Stat[vmstat.NRMlock] = -3
	z.Zones[0].NodeStats.Stat[vmstat.NRDirty] = -1
	z.Zones[0].Numa[vmstat.NumaOther] = 1 << 63
	text := string(Text(z))
	for _, want := range []string{
		"Node 0, zone   Normal\n  per-node stats\n      nr_inactive_anon 0\n",
		"      nr_dirty     0\n", "      nr_mlock     0\n", "      numa_other   9223372036854775808\n",
		"  pages free     0\n        boost    0\n        min      0\n", "        present  5\n        managed  0\n",
		"        cma      0\n        protection: (0, 1)\n      nr_free_pages 0\n",
		"  pagesets\n    cpu: 2\n              count: 1\n              high:  2\n              batch: 3\n  vm stats threshold: 4\n",
		"  node_unreclaimable:  1\n  start_pfn:           9\nNode 0, zone  Movable\n  pages free     0\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if !strings.HasSuffix(text, "        protection: (0, 0)\n") {
		t.Error("an unpopulated zone does not end after its protection")
	}
	v := &Vmstat{}
	v.Zone[vmstat.NRFreePages], v.Node[vmstat.NRSwapcached] = -5, -1
	if text := string(Text(v)); !strings.HasPrefix(text, "nr_free_pages 0\n") || !strings.Contains(text, "nr_swapcached 0\n") {
		t.Error("a negative counter is not 0 in vmstat")
	}
	if a, b := Text(&Zoneinfo{Zones: z.Zones}), Text(&Zoneinfo{Zones: z.Zones, NodeItems: NewZoneinfo(X86_64).NodeItems}); string(a) != string(b) {
		t.Error("the layout that is not given is not that of x86-64")
	}
}

// The lines of each architecture are those that the recorded kernels printed.
func TestLayouts(t *testing.T) {
	for arch, dir := range map[Arch]string{X86_64: "snapshot/boot-ram-1g-before/", I386: "snapshot/boot-i386-2g-before/"} {
		if v := read[*Vmstat](t, dir+"vmstat"); !slices.Equal(v.Layout.Names(), VmstatNames(arch)) || v.Layout != VmstatLayout(arch) {
			t.Errorf("%v: vmstat has %d lines, expected %d", arch, len(v.Layout.Names()), len(VmstatNames(arch)))
		}
		if m := read[*Meminfo](t, dir+"meminfo"); m.Layout != MeminfoLayout(arch) {
			t.Errorf("%v: meminfo has %q, expected %q", arch, m.Layout.Names(), MeminfoLayout(arch).Names())
		}
		z, want := read[*Zoneinfo](t, dir+"zoneinfo"), NewZoneinfo(arch)
		if z.NodeItems != want.NodeItems || z.ZoneItems != want.ZoneItems || z.PageLines != want.PageLines ||
			z.PagesetLines != want.PagesetLines || z.TailLines != want.TailLines || z.NoThreshold {
			t.Errorf("%v: zoneinfo has other lines than expected", arch)
		}
	}
	// What a newer kernel prints beyond that is kept.
	z := read[*Zoneinfo](t, "linux-6.18/zoneinfo")
	if !slices.Contains(z.PageLines.Unknown(), "promo") || !slices.Equal(z.PagesetLines.Unknown(), []string{"high_min", "high_max"}) {
		t.Errorf("6.18: unknown lines are %q and %q", z.PageLines.Unknown(), z.PagesetLines.Unknown())
	}
	if m := read[*Meminfo](t, "linux-6.18/meminfo"); !slices.Contains(m.Layout.Unknown(), "Balloon") {
		t.Errorf("6.18: unknown lines of meminfo are %q", m.Layout.Unknown())
	}
}

func TestValues(t *testing.T) {
	m := read[*Meminfo](t, "snapshot/boot-ram-1g-before/meminfo")
	for label, want := range map[string]uint64{"MemTotal": 996624, "Unevictable": 1872, "Hugepagesize": 2048, "VmallocTotal": 34359738367} {
		if v, ok := m.Value(label); !ok || v != want {
			t.Errorf("meminfo %s is %d, %v", label, v, ok)
		}
	}
	if _, ok := m.Value("HighTotal"); ok {
		t.Error("x86-64 has HighTotal")
	}
	v := read[*Vmstat](t, "snapshot/boot-ram-1g-before/vmstat")
	for name, want := range map[string]uint64{"nr_free_pages": 241454, "numa_interleave": 585, "nr_kernel_stack": 704, "nr_dirty_threshold": 60078, "pgfree": 251595, "drop_slab": 1} {
		if got, ok := v.Value(name); !ok || got != want {
			t.Errorf("vmstat %s is %d, %v", name, got, ok)
		}
	}
	if v.Zone[vmstat.NRFreePages] != 241454 || v.Events[vmstat.PgFree] != 251595 || v.Node[vmstat.NRKernelStack] != 704 {
		t.Error("vmstat: the enumerations hold other values than the names")
	}
	if _, ok := v.Value("zswpin"); ok {
		t.Error("the cloud kernel has zswpin")
	}
	s := read[*SysctlVM](t, "snapshot/boot-lowmem-reserve-before/sysctl_vm")
	if got, ok := s.Numbers("lowmem_reserve_ratio"); !ok || !slices.Equal(got, []int64{64, 16, 8, 0, 0}) {
		t.Errorf("lowmem_reserve_ratio is %v, %v", got, ok)
	}
	if _, ok := s.Numbers("lowmem_reserve"); ok {
		t.Error("a sysctl that was not recorded has numbers")
	}
}
