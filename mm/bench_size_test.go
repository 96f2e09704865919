package mm

import (
	"testing"
	"time"

	"mmsim/mm/vmstat"
)

// BenchmarkMachineSize shows that the cost of a page does not depend on the size of the machine: in nanoseconds a page, the least of all rounds, what
// it costs to read a file into the cache, to touch memory, to give that back, and to reclaim the file's pages. A machine of a terabyte is not filled;
// the lists hold up to 8 GiB of pages, which is more than any cache of the host does, and the same number of pages is touched and reclaimed
// on each. "loop" is the time of a loop of arithmetic, by which rounds on a busy host can be compared.
func BenchmarkMachineSize(b *testing.B) {
	for _, c := range []struct {
		name string
		ram  uint64
	}{{"1GiB", 1 << 30}, {"16GiB", 16 << 30}, {"256GiB", 256 << 30}, {"1TiB", 1 << 40}} {
		b.Run(c.name, func(b *testing.B) { machineSize(b, c.ram) })
	}
}

func machineSize(b *testing.B, ram uint64) {
	const bytes = 256 << 20 // touched and reclaimed
	size := min(ram/2, 8<<30)
	least := map[string]float64{}
	measure := func(what string, pages uint64, f func()) {
		start := time.Now()
		f()
		took := float64(time.Since(start).Nanoseconds()) / float64(pages)
		if old, ok := least[what]; !ok || took < old {
			least[what] = took
		}
	}
	for range b.N {
		measure("loop", 1<<22, func() {
			x := uint64(1)
			for range 1 << 22 {
				x ^= x << 13
				x ^= x >> 7
				x ^= x << 17
			}
			if x == 0 {
				b.Fatal("xorshift met its fixed point")
			}
		})
		benchFile(b, ram, size, func(k *Kernel, p *Process) {
			fd, _ := p.Open("/data", OpenFlags{Read: true})
			measure("read", size>>12, func() { p.Read(fd, size, 0) })
			a, _ := p.Mmap(MmapArgs{Len: bytes, Prot: ProtRead | ProtWrite})
			measure("touch", bytes>>12, func() { p.Touch(TouchArgs{Addr: a, Len: bytes, Write: true, N: -1}) })
			measure("unmap", bytes>>12, func() { p.Munmap(a, bytes) })
			n := k.Mem.Nodes[0]
			sc := scanControl{
				t: &p.task, nrToReclaim: bytes >> 12, reclaimIdx: n.Zones[len(n.Zones)-1].Type, gfp: gfpFile, mayUnmap: true, maySwap: true,
			}
			before := n.Stat[vmstat.NRFilePages]
			measure("reclaim", bytes>>12, func() { sc.shrinkNode(n) })
			if got := before - n.Stat[vmstat.NRFilePages]; got < bytes>>12 || got > bytes>>12+64 {
				b.Fatalf("%d pages reclaimed", got)
			}
		})
	}
	b.ReportMetric(0, "ns/op")
	for what, ns := range least {
		b.ReportMetric(ns, "ns/"+what)
	}
}
