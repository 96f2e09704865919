package procfs

import (
	"bytes"
	"path"
	"runtime"
	"strings"
	"testing"
)

// allocated returns the bytes that fn allocates.
func allocated(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Reading takes memory in proportion to the text, never to a number in it: also for the numbers of nodes, CPUs, orders and pages
// that make other readers reserve room.
func TestParseMemory(t *testing.T) {
	check := func(name string, data []byte) {
		t.Helper()
		got := allocated(func() {
			if f, err := Parse(name, data); err == nil {
				Text(f)
			}
		})
		if limit := 64<<10 + 40*uint64(len(data)); got > limit {
			t.Errorf("%s of %d bytes: %d bytes allocated, more than %d", name, len(data), got, limit)
		}
	}
	recorded(t, check)
	recorded(t, func(name string, data []byte) {
		if path.Dir(name) == "testdata/snapshot/boot-ram-1g-before" {
			for _, n := range []string{"1048575", "4294967295", "18446744073709551615"} {
				check(name, bytes.ReplaceAll(data, []byte(" 0"), []byte(" "+n)))
				check(name, bytes.ReplaceAll(data, []byte("1"), []byte(n)))
			}
			check(name, []byte(strings.Repeat("\n", 1<<16)))
			check(name, []byte(strings.Repeat("Node 0, zone DMA\n", 1<<12)))
			check(name, []byte(strings.Repeat("a = 1 ", 1<<14)+"\n"))
		}
	})
}

// Values are formatted at every sample of a run, into a buffer that is used again: that allocates nothing.
func TestAppendAllocates(t *testing.T) {
	const dir = "snapshot/boot-numa-2x2g-before/"
	for _, f := range []File{
		read[*Meminfo](t, dir+"meminfo"), read[*Vmstat](t, dir+"vmstat"), read[*Zoneinfo](t, dir+"zoneinfo"),
		read[*Buddyinfo](t, dir+"buddyinfo"), read[*Pagetypeinfo](t, dir+"pagetypeinfo"), read[*Slabinfo](t, dir+"slabinfo"),
		read[*Swaps](t, "snapshot/boot-swap-list-before/swaps"), read[*Maps](t, "process/x86_64/full/maps"),
		read[*Status](t, "process/x86_64/full/status"), read[*Stat](t, "process/x86_64/machine/stat"),
		&Pressure{Some: &PressureStall{}, Full: &PressureStall{}}, &Uptime{}, &Loadavg{}, &Statm{},
	} {
		buf := make([]byte, 0, 1<<17)
		if n := testing.AllocsPerRun(10, func() { buf = f.Append(buf[:0]) }); n != 0 {
			t.Errorf("%T: %v allocations", f, n)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, name := range []string{"meminfo", "vmstat", "zoneinfo", "slabinfo", "pagetypeinfo"} {
		f := read[File](b, "snapshot/boot-numa-2x2g-before/"+name)
		b.Run(name, func(b *testing.B) {
			buf := make([]byte, 0, 1<<17)
			for b.Loop() {
				buf = f.Append(buf[:0])
			}
			b.SetBytes(int64(len(buf)))
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for _, name := range []string{"meminfo", "vmstat", "zoneinfo", "slabinfo", "pagetypeinfo"} {
		data := Text(read[File](b, "snapshot/boot-numa-2x2g-before/"+name))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := Parse(name, data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
