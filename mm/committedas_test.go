package mm

import (
	"testing"

	"pgregory.net/rapid"
)

// TestCommitBehind has the figures of a real kernel: 15,505 pages of RAM and one CPU, 513 pages charged and 7,370 allowed under vm.overcommit_memory = 2, and
// a file in memory that grows page by page until there is no more.
func TestCommitBehind(t *testing.T) {
	k := &Kernel{}
	k.commitBehind = commitBehind{parts: make([]int64, 1), batch: 15505 / 256}
	k.committed = 513
	written := 0
	for ; ; written++ {
		k.acct(0, 1)
		if k.committed-k.commitBehind.sum >= 7370 {
			k.acct(0, -1)
			break
		}
	}
	if written != 6899 || k.committed != 7412 {
		t.Errorf("%d pages were written, %d are charged; on the real kernel 6899 and 7412", written, k.committed)
	}
}

// TestCommitBehindSums: what a CPU keeps is less than a batch, and the sum is that of all CPUs; changes of the mode empty them.
func TestCommitBehindSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := &Kernel{}
		k.commitBehind = commitBehind{parts: make([]int64, 3), batch: 40}
		total := int64(0)
		for range 50 {
			n := rapid.Int64Range(-60, 60).Draw(t, "pages")
			k.acct(rapid.IntRange(0, 2).Draw(t, "cpu"), n)
			total += n
			sum := int64(0)
			for _, part := range k.commitBehind.parts {
				if part >= 40 || part <= -40 {
					t.Fatalf("a CPU keeps %d pages", part)
				}
				sum += part
			}
			if sum != k.commitBehind.sum || k.committed != total {
				t.Fatalf("%d behind, the parts are %v; %d charged, not %d", k.commitBehind.sum, k.commitBehind.parts, k.committed, total)
			}
		}
	})
}

// TestOvercommitModeEmptiesParts: whoever turns vm.overcommit_memory = 2 on is compared with all that is charged by then.
func TestOvercommitModeEmptiesParts(t *testing.T) {
	k := testMachine{sys: []Sysctl{{"vm.overcommit_memory", "2"}}}.boot(t)
	k.spawn(t, "p", func(p *Process) {
		p.Mmap(MmapArgs{Len: 4096, Prot: ProtRead | ProtWrite})
		if k.commitBehind.sum != 1 {
			t.Errorf("after one page %d are behind", k.commitBehind.sum)
		}
		for _, mode := range []string{"0", "2"} {
			if err := k.SetSysctl("vm.overcommit_memory", mode); err != nil {
				t.Fatal(err)
			}
			if k.commitBehind.sum != 0 || (k.commitBehind.parts == nil) != (mode == "0") {
				t.Errorf("mode %s: %+v", mode, k.commitBehind)
			}
		}
	})
	k.run(t)
}
