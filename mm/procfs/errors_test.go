package procfs

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

// Every error names the file, the line, the wrong text and what should be there.
func TestParseErrors(t *testing.T) {
	const zone = "Node 0, zone      DMA\n  pages free     5\n        min      1\n        low      1\n        high     1\n" +
		"        spanned  9\n        present  8\n        managed  7\n        protection: (0, 1)\n"
	const stats = "      nr_free_pages 5\n  pagesets\n    cpu: 0\n              count: 0\n  vm stats threshold: 2\n"
	const tail = "  node_unreclaimable:  0\n  start_pfn:           1\n"
	const pagetypes = "Page block order: 9\nPages per block:  512\n\nFree pages count per migrate type at order       0      1 \n"
	slab := slabinfoVersion + "\n" + slabinfoHeader + "\n"
	statText := func(softirqs string) string {
		return "cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\nintr 0\nctxt 0\nbtime 0\nprocesses 0\nprocs_running 0\nprocs_blocked 0\n" +
			"softirq 0 " + softirqs + "\n"
	}
	smaps := func(key string) string {
		text := string(Text(&Smaps{Mappings: make([]SmapsMapping, 1)}))
		return strings.Replace(text, "VmFlags", key+"VmFlags", 1)
	}
	for _, c := range []struct{ file, text, want string }{
		{"meminfo", "", "meminfo: expected a line MemTotal"},
		{"meminfo", "MemTotal: 5 kB\n", "meminfo: expected a line MemFree"},
		{"/x/meminfo", "MemTotal: 5 kB\nMemFree 5 kB\n", `/x/meminfo:2: "MemFree 5 kB": expected a label, a colon and a number`},
		{"meminfo", "MemTotal: -5 kB\n", `meminfo:1: "-5": expected a number`},
		{"meminfo", "MemTotal: 5x kB\n", `meminfo:1: "5x": expected a number`},
		{"meminfo", "MemTotal: 18446744073709551616 kB\n", `"18446744073709551616": expected a number of 64 bits`},
		{"meminfo", "MemTotal: 5 MB\n", `meminfo:1: "MemTotal: 5 MB": expected a number after the label, and kB`},
		{"meminfo", "MemTotal: 5\n", `meminfo:1: "MemTotal: 5": expected the unit kB after every value but`},
		{"meminfo", "MemTotal: 5 kB\nMemTotal: 5 kB\n", `meminfo:2: "MemTotal": expected each line once`},
		{"meminfo", "MemTotal: 5 kB\nMemFree: 1", `meminfo:2: "MemFree: 1": expected a newline at its end: the file is cut off`},
		{"vmstat", "nr_free_pages\n", `vmstat:1: "nr_free_pages": expected a name, a space and a number`},
		{"vmstat", "nr_free_pages 9223372036854775808\n", `vmstat:1: "9223372036854775808": expected a number of at most`},
		{"vmstat", "pgfault 1\n", "vmstat: expected a line nr_free_pages"},
		{"vmstat", "pgfault 1\npgfault 1\n", `vmstat:2: "pgfault": expected each name once`},
		{"zoneinfo", "", "zoneinfo: expected at least one zone"},
		{"zoneinfo", "Node x, zone DMA\n", `zoneinfo:1: "x": expected a number`},
		{"zoneinfo", "Node 1048576, zone DMA\n", `zoneinfo:1: "1048576": expected a number of at most 1048575`},
		{"zoneinfo", "Zone 0\n", `zoneinfo:1: "Zone 0": expected "Node N, zone NAME"`},
		{"zoneinfo", "Node 0, zone DMA\n", `zoneinfo:2: expected "  pages", not the end of the file`},
		{"zoneinfo", "Node 0, zone DMA\n pages free 1\n", `zoneinfo:2: " pages free 1": expected "  pages free N"`},
		{"zoneinfo", zone, `zoneinfo:10: expected "  pagesets", not the end of the file`},
		{"zoneinfo", zone + stats, `expected a line "node_unreclaimable" in zone DMA of node 0`},
		{
			"zoneinfo", zone + stats + tail + zone + "      nr_mlock 5\n",
			`"nr_mlock": expected "nr_free_pages", as in the blocks before`,
		},
		{
			"zoneinfo", zone + stats + tail + zone + stats + "  start_pfn: 1\n",
			`"start_pfn": expected "node_unreclaimable", as in the blocks`,
		},
		{"zoneinfo", strings.Replace(zone, "        managed  7\n", "", 1), `expected a line "managed" before it`},
		{"zoneinfo", strings.Replace(zone, "(0, 1)", "(0, 1", 1), `expected a parenthesis at the end`},
		{"zoneinfo", zone + "      nr_free_pages 5\n      nr_free_pages 5\n", `"nr_free_pages": expected each zone counter once`},
		{"zoneinfo", zone + stats + "    cpu: 1\n" + tail, "expected \"count\", as in the blocks before"},
		{
			"zoneinfo", zone + stats + "    cpu: 1\n              count: 0\n" + tail,
			"expected a vm stats threshold for every CPU or for none",
		},
		{
			"zoneinfo", zone + stats + "    cpu: 1\n              count: 0\n",
			`zoneinfo:17: expected "  vm stats threshold:", not the end`,
		},
		{"buddyinfo", "", "buddyinfo: expected at least one zone"},
		{"buddyinfo", "Node 0, zone DMA\n", "expected the number of free blocks of each order, 1 to 32"},
		{
			"buddyinfo", "Node 0, zone DMA" + strings.Repeat(" 0", 33) + "\n",
			"expected the number of free blocks of each order, 1 to 32",
		},
		{"buddyinfo", "Node 0, zone DMA 1 2\nNode 0, zone Normal 1\n", `buddyinfo:2: "Node 0, zone Normal 1": expected 2 orders`},
		{"pagetypeinfo", "Page block order: 9\nPages per block:  513\n", "pagetypeinfo:2: \"Pages per block:  513\": expected 512"},
		{"pagetypeinfo", "Page block order: 64\n", "expected an order below 32"},
		{"pagetypeinfo", pagetypes + "Node 0, zone DMA, type Movable 1\n", "expected a type and 2 numbers"},
		{"pagetypeinfo", pagetypes + "Node 0, zone DMA, type Movable 1 >5\n", `pagetypeinfo:5: ">5": expected >100000`},
		{"pagetypeinfo", pagetypes + "Node 0, zone DMA, type Movable 1 100000\n", `"100000": expected a number of at most 99999`},
		{
			"pagetypeinfo", pagetypes + "Node 0, zone DMA, type Movable 1 1\n\nNumber of blocks type Movable CMA\n",
			"expected free blocks of 2 types",
		},
		{
			"pagetypeinfo", pagetypes + "Node 0, zone DMA, type Movable 1 1\n\nNumber of blocks type CMA\n",
			"expected the types in the order of the free blocks, whose row 1 is Movable",
		},
		{
			"pagetypeinfo", pagetypes + "\nNumber of blocks type Movable\nNode 0, zone DMA 1 2\n",
			"expected a number of pageblocks for each of 1 types",
		},
		{"slabinfo", "slabinfo - version: 2.0\n", `slabinfo:1: "slabinfo - version: 2.0": expected "slabinfo - version: 2.1"`},
		{"slabinfo", slab + "x 1 2 3\n", `slabinfo:3: "x 1 2 3": expected a cache`},
		{"slabinfo", slab + "1 2 3 4 5 : tunables 1 2 3 : slabdata 1 2 3\n", "expected a name and 5 numbers"},
		{"slabinfo", slab + "x 1 2 3 4 5 : tunables 1 2 : slabdata 1 2 3\n", "expected 3 numbers"},
		{"swaps", "Filename\n", `swaps:1: "Filename": expected "Filename\t`},
		{"swaps", swapsHeader + "\n/a disk 5 5 -2\n", `swaps:2: "disk": expected partition or file`},
		{"swaps", swapsHeader + "\n/a file 5 -5 -2\n", `swaps:2: "-5": expected a number`},
		{"swaps", swapsHeader + "\n/a file 5 5 +2\n", `swaps:2: "+2": expected a signed number`},
		{"vmallocinfo", "0x1-0x2 5\n", `expected addresses of 8 digits`},
		{"vmallocinfo", "0xf73fe000-0xf7400000 8192 f pages=x\n", `"x": expected a number`},
		{"vmallocinfo", "0xf73fe000-0xf7400000 8192 f wat\n", `"wat": expected pages=, phys=`},
		{"iomem", "    00000000-00000fff : x\n", "expected two spaces for each of at most 0 levels"},
		{"iomem", "00001000-00000fff : x\n", "expected an end that is not below the start"},
		{"iomem", "0000100g-00000fff : x\n", `"0000100g": expected a hexadecimal number`},
		{"sysctl_vm", "a=5\n", `sysctl_vm:1: "a=5": expected "name = value"`},
		{"sysctl_vm", "a = 5\n\na = 6\n", `sysctl_vm:3: "a": expected each sysctl once`},
		{"stat", "cpu 1 2 3\n", "expected cpu and 10 times"},
		{"stat", statText("1 2 3 4 5 6 7 8 9"), "expected a sum and 10 numbers"},
		{"stat", statText("1 2 3 4 5 6 7 8 9 10") + "more\n", `stat:10: "more": expected the end of the file`},
		{"stat", strings.Replace(statText("0"), "ctxt 0", "ctxt 0 0", 1), "expected one number"},
		{"uptime", "1.5 2.00\n", `"1.5": expected a number with two decimals`},
		{"uptime", "1.50 2.00\nmore\n", `uptime:2: "more": expected the end of the file`},
		{"loadavg", "0.00 0.00 0.00 1 5\n", `"1": expected running/threads`},
		{"pressure/memory", "some avg10=0.00 avg60=0.00 avg300=0.00\n", "expected avg10=, avg60=, avg300= and total="},
		{
			"pressure/memory", strings.Repeat("some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n", 2),
			`expected "some" and "full", in this order`,
		},
		{"pressure/memory", "", "pressure/memory: expected a line some or full"},
		{"self/status", "VmPeak:\t5 kB\nVmRSS:\t5 kB\n", `self/status:2: "VmRSS:\t5 kB": expected VmSize`},
		{"self/statm", "1 2 3\n", "expected 7 numbers of pages"},
		{"self/maps", "00001000-00002000 rwxq 00000000 00:00 0 \n", `"rwxq": expected permissions such as rw-p`},
		{
			"self/maps", "00002000-00001000 rwxp 00000000 00:00 0 \n",
			`"00002000-00001000": expected an end that is not below the start`,
		},
		{"self/maps", "1-2 rwxp 0 0:0 0 \n", "expected addresses and an offset of at least 8 digits"},
		{
			"self/smaps", "00001000-00002000 ---p 00000000 00:00 0 \nSize: 5\n",
			`self/smaps:2: "Size: 5": expected Size: and a number of kB`,
		},
		{"self/smaps", smaps("") + smaps("ProtectionKey:         0\n"), "expected a ProtectionKey in every mapping or in none"},
		{"self/smaps", smaps("ProtectionKey:         0\n") + smaps(""), "expected a ProtectionKey in every mapping or in none"},
		{"self/oom_score", "x\n", `self/oom_score:1: "x": expected a signed number`},
		{"cmdline", "x\n", "cmdline: expected the name of a file in /proc"},
	} {
		f, err := Parse(c.file, []byte(c.text))
		var e *ParseError
		if !errors.As(err, &e) || f != nil {
			t.Errorf("%s %q: %v, %v", c.file, c.text, f, err)
		} else if got := err.Error(); !strings.Contains(got, c.want) {
			t.Errorf("%s %q:\n got %s\nwant %s", c.file, c.text, got, c.want)
		}
	}
	if _, err := ParseMeminfo([]byte(strings.Repeat("x", 1<<20) + "\n")); err == nil || len(err.Error()) > 300 {
		t.Error("an error about a long line is long")
	}
}

// Text that is not quite the kernel's is read all the same where its meaning is plain, and written as the kernel writes it.
func TestNormalized(t *testing.T) {
	for _, c := range []struct{ file, text, want string }{
		{"meminfo", "MemTotal: 5 kB\nMemFree:\t5 kB\n", "MemTotal:              5 kB\nMemFree:               5 kB\n"},
		{"vmallocinfo", "0xf73fe000-0xf7400000 8192 vm_map_ram  \n", "0xf73fe000-0xf7400000    8192 vm_map_ram\n"},
		{"vmallocinfo", "0xf73fe000-0xf7400000 8192 f vmap pages=1\n", "0xf73fe000-0xf7400000    8192 f pages=1 vmap\n"},
		{
			"swaps", swapsHeader + "\n/a\\040b\\134c\\101 file 1 0 -1\n",
			swapsHeader + "\n/a\\040b\\134cA" + strings.Repeat(" ", 27) + "file\t\t1\t\t0\t\t-1\n",
		},
		{"iomem", "0-FFFF : x\n", "00000000-0000ffff : x\n"},
		{"sysctl_vm", "a = 1\nb = 2\n", "a = 1\n\nb = 2\n\n"},
		{"buddyinfo", "Node 0, zone DMA 1 2\n", "Node 0, zone      DMA      1      2 \n"},
	} {
		f, err := Parse(c.file, []byte(c.text))
		if err != nil {
			t.Error(err)
		} else if got := string(Text(f)); got != c.want {
			t.Errorf("%s: %s", c.file, diff([]byte(got), []byte(c.want)))
		} else if again, err := Parse(c.file, []byte(got)); err != nil || !reflect.DeepEqual(again, f) {
			t.Errorf("%s: read again: %+v, %v", c.file, again, err)
		}
	}
}

// A kernel without SMP has no thresholds.
func TestZoneinfoWithoutSMP(t *testing.T) {
	z := read[*Zoneinfo](t, "snapshot/boot-ram-1g-before/zoneinfo")
	text := strings.ReplaceAll(string(Text(z)), "  vm stats threshold: 2\n", "")
	text = strings.ReplaceAll(text, "  vm stats threshold: 8\n", "")
	got, err := ParseZoneinfo([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if !got.NoThreshold || string(Text(got)) != text {
		t.Errorf("without thresholds: %v%s", got.NoThreshold, diff(Text(got), []byte(text)))
	}
}
