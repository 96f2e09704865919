package mm

import "testing"

// TestFilePlacement checks where mappings of files go: large ones of a file on a device such that huge pages would fit, as a real kernel placed them
// (4 MiB and 2 pages at 7ffff7a00000 below mappings that end at 7ffff7ff3000), smaller ones and those of the 32-bit kernel where there is room.
func TestFilePlacement(t *testing.T) {
	for _, arch := range []string{"x86_64", "i386"} {
		k := testMachine{ram: 256 << 20, arch: arch, files: []FileConfig{{Path: "/f", Size: 64 << 20}}}.boot(t)
		k.spawn(t, "p", func(p *Process) {
			fd, _ := p.Open("/f", OpenFlags{Read: true})
			mmap := func(n, offset uint64) uint64 {
				a, err := p.Mmap(MmapArgs{Len: n, Prot: ProtRead, File: true, FD: fd, Offset: offset})
				if err != 0 {
					t.Fatal(err)
				}
				return a
			}
			const mib = 1 << 20
			a := mmap(4096*6, 0)
			b := mmap(4*mib+8192, 0)
			c := mmap(mib, 0)
			d := mmap(4*mib, mib)
			if arch == "i386" {
				if b != a-4*mib-8192 || c != b-mib || d != c-4*mib {
					t.Errorf("i386: %#x %#x %#x %#x", a, b, c, d)
				}
				return
			}
			// The small one fits between the large one and what is above it.
			if a != 0x7ffff7ff3000 || b != 0x7ffff7a00000 || c != a-mib || (d-mib)%(2*mib) != 0 || d+4*mib > b {
				t.Errorf("%#x %#x %#x %#x", a, b, c, d)
			}
			p.Mmap(MmapArgs{Len: 4096, Prot: ProtRead, Addr: b + 4*mib + 8192, Fixed: true})
			e, err := p.Mremap(b, 4*mib+8192, 6*mib, true)
			if err != 0 || e%(2*mib) != 0 || e+6*mib > b {
				t.Errorf("moved to %#x: %v", e, err)
			}
			p.read(e, 6*mib)
			if m := k.mappingOf(p.mm.Find(e)); p.mm.Find(e).Index(e+6*mib) != 6*mib/4096 || m.tree.Pages() < 6*mib/4096 {
				t.Error("the moved mapping shows something else")
			}
		})
		k.run(t)
	}
}
