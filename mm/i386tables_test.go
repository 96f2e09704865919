package mm

import "testing"

// TestHalfTables: on i386 a table of entries holds two of the chunks that entries are kept in here. It goes when both are empty, whichever was emptied
// first, and a child gets it where either is in use.
func TestHalfTables(t *testing.T) {
	const half = 2 << 20
	k := testMachine{arch: "i386"}.boot(t)
	k.spawn(t, "p", func(p *Process) {
		before := p.mm.TablePages
		a, err := p.Mmap(MmapArgs{Addr: 0x60000000, Len: 2 * half, Prot: ProtRead | ProtWrite, Fixed: true})
		if err != 0 {
			t.Fatal(err)
		}
		p.write(a, 4096)
		p.write(a+half, 4096)
		if got := p.mm.TablePages - before; got != 1 {
			t.Errorf("%d tables for two halves", got)
		}
		p.Munmap(a, half)
		if got := p.mm.TablePages - before; got != 1 {
			t.Errorf("%d tables while one half is mapped", got)
		}
		p.Munmap(a+half, half)
		if got := p.mm.TablePages - before; got != 0 {
			t.Errorf("%d tables when nothing is mapped", got)
		}
		// The lower half has been written to but holds nothing now; the upper one is another mapping, which the child does not get.
		p.Mmap(MmapArgs{Addr: a, Len: 2 * half, Prot: ProtRead | ProtWrite, Fixed: true})
		p.write(a, 4096)
		p.Madvise(a, half, MadvDontneed)
		p.Mprotect(a+half, half, ProtRead)
		p.Madvise(a+half, half, MadvDontfork)
		pid, _ := p.Fork("", func(c *Process) {
			if got := c.mm.TablePages - before; got != 1 {
				t.Errorf("%d tables of the child", got)
			}
		})
		p.Wait(pid)
		k.check(t)
	})
	k.run(t)
}
