package mm

import (
	"fmt"
	"testing"

	"mmsim/engine"
	"mmsim/mm/addrspace"
)

// caller is a process that makes random calls of every kind on its address space; so do its children.
type caller struct {
	k     *Kernel
	t     *testing.T
	r     *engine.Stream
	left  *int
	seen  map[string]int // calls that succeeded, by name
	depth int
}

func (c *caller) below(n int) int    { return int(c.r.Below(uint64(n))) }
func (c *caller) oneIn(n int) bool   { return c.below(n) == 0 }
func (c *caller) pages(n int) uint64 { return uint64(1+c.below(n)) << addrspace.PageShift }
func (c *caller) anyProt() (p Prot) {
	return []Prot{rw, rw, rw, ProtRead, 0, rw | ProtExec, ProtWrite}[c.below(7)]
}
func (c *caller) anyAdvice() Advice { return advices[c.below(len(advices))].a }

// spot is a range of pages: part of a mapping, now and then more.
func (c *caller) spot(p *Process) (v *addrspace.VMA, addr, n uint64) {
	var maps []*addrspace.VMA
	for _, v := range p.mm.List() {
		if v.Name == "" && v.Flags&addrspace.VMGrowsDown == 0 {
			maps = append(maps, v)
		}
	}
	if len(maps) == 0 {
		return nil, 0x7f0000000000, c.pages(50)
	}
	v = maps[c.below(len(maps))]
	first := uint64(c.below(int(v.Pages())))
	n = 1 + uint64(c.below(int(v.Pages()-first)))
	if c.oneIn(10) {
		n += uint64(c.below(100))
	}
	addr = v.Start + first<<addrspace.PageShift
	return v, addr, min(n<<addrspace.PageShift, p.mm.MmapBase-6*addrspace.PageSize-min(addr, p.mm.MmapBase-7*addrspace.PageSize))
}

func (c *caller) step(p *Process) (string, Errno) {
	v, a, n := c.spot(p)
	switch c.below(20) {
	case 16, 17, 18, 19:
		return c.file(p)
	case 0, 1:
		_, e := p.Mmap(MmapArgs{
			Len: c.pages(700), Prot: c.anyProt(), Shared: c.oneIn(3), Noreserve: c.oneIn(6), Populate: c.oneIn(6), Locked: c.oneIn(12), Stack: c.oneIn(20),
		})
		return "mmap", e
	case 2:
		_, e := p.Mmap(MmapArgs{Addr: a, Len: n, Fixed: c.oneIn(2), Prot: c.anyProt(), Shared: c.oneIn(3)})
		return "mmap at", e
	case 3:
		return "munmap", p.Munmap(a, n)
	case 4, 5:
		return "mprotect", p.Mprotect(a, n, c.anyProt())
	case 6:
		_, e := p.Mremap(a, n, c.pages(800), c.oneIn(2))
		return "mremap", e
	case 7:
		_, e := p.Sbrk(int64(c.below(200)-80) * addrspace.PageSize)
		return "sbrk", e
	case 8, 9, 10:
		return "madvise", p.Madvise(a, n, c.anyAdvice())
	case 11:
		if c.oneIn(6) {
			return "mlockall", p.Mlockall()
		}
		return "mlock", p.Mlock(a, n)
	case 12:
		if c.oneIn(3) {
			return "munlockall", p.Munlockall()
		}
		return "munlock", p.Munlock(a, n)
	case 13:
		_, e := p.Mincore(a, n)
		p.Smaps("Pss")
		return "mincore", e
	}
	if v == nil || v.Flags&addrspace.VMAccess == 0 {
		return "", 0
	}
	p.Touch(TouchArgs{Addr: a, Len: min(n, v.End-a), Write: v.Flags&addrspace.VMWrite != 0 && !c.oneIn(3), N: -1})
	return "touch", 0
}

// memoryFiles are the files that callers open, of which they unlink the second.
var memoryFiles = []string{"/dev/shm/a", "/tmp/b"}

// file makes a call on a file in memory.
func (c *caller) file(p *Process) (string, Errno) {
	fd := firstFD + c.below(4)
	off, n := uint64(c.below(300*4096)), uint64(1+c.below(200*4096))
	switch c.below(11) {
	case 0:
		_, e := p.Memfd("m")
		return "memfd", e
	case 1:
		_, e := p.Open(memoryFiles[c.below(2)], OpenFlags{Read: true, Write: true, Create: true, Trunc: c.oneIn(4)})
		return "open", e
	case 2:
		_, e := p.Read(fd, n, int64(off))
		return "read", e
	case 3, 4:
		_, e := p.Write(fd, n, int64(off))
		return "write", e
	case 5:
		return "ftruncate", p.Ftruncate(fd, off)
	case 6:
		return "fallocate", p.Fallocate(fd, off, n)
	case 7, 8:
		if c.oneIn(2) {
			return "unlink", p.Unlink(memoryFiles[1])
		}
		return "close", p.Close(fd)
	default:
		f := p.fd(fd)
		if f == nil {
			return "", 0
		}
		len := addrspace.PageAlign(max(min(f.inode.size, 200*4096), 1)) // an access beyond the end would be the end
		_, e := p.Mmap(MmapArgs{Len: len, Prot: c.anyProt() | ProtRead, Shared: c.oneIn(2), File: true, FD: fd, Populate: c.oneIn(4)})
		return "mmap file", e
	}
}

// swapping switches swap off or on.
func (c *caller) swapping(p *Process) string {
	if c.k.swap.Total > 0 {
		if e, _ := c.k.Swapoff(p); e != 0 {
			return ""
		}
		return "swapoff"
	}
	c.k.Swapon(p)
	return "swapon"
}

func (c *caller) run(p *Process) {
	children := 0
	for *c.left > 0 {
		*c.left--
		what := ""
		if c.depth < 2 && c.oneIn(15) {
			d := *c
			d.depth++
			if _, e := p.Fork("", func(q *Process) { d.run(q) }); e == 0 {
				what = "fork"
				children++
			}
		} else if children > 0 && c.oneIn(10) {
			p.Wait(-1)
			children--
		} else if len(c.k.swapDevs) > 0 && c.oneIn(20) {
			what = c.swapping(p)
		} else {
			var e Errno
			if what, e = c.step(p); e != 0 {
				what = ""
			}
		}
		c.seen[what]++
		if err := c.k.CheckInvariants(); err != nil {
			c.t.Errorf("%s after %s at %v: %v", p.Name(), what, c.k.Sim.Now(), err)
			*c.left = 0
		}
	}
}

// TestRandomCalls lets processes make random calls of every kind, with more memory than they find, and computes the state of the machine again after
// each. When all have ended, everything is free again. The last seeds are those in which somebody looked while another was in the middle of mremap or
// mprotect, or locked pages that were on no list.
func TestRandomCalls(t *testing.T) {
	seen := map[string]int{}
	for _, seed := range []uint64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 32, 41, 57, 107} {
		m := testMachine{ram: 96 << 20, cpus: 1 + int(seed%2)}
		if dev := []string{"", "ssd", "zram", "disk"}[seed/2%4]; dev != "" {
			m.swap = []SwapConfig{{Size: 48 << 20, Device: dev, Priority: -1}}
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			k := m.boot(t)
			base := map[string]int64{}
			for _, f := range []string{"nr_anon_pages", "nr_shmem", "nr_mapped", "nr_mlock", "nr_unevictable", "nr_page_table_pages"} {
				base[f] = k.vm(t, f)
			}
			left := 170
			for _, name := range []string{"a", "b"} {
				c := &caller{k: k, t: t, r: engine.NewStream(seed, name), left: &left, seen: seen}
				opt := DefaultProcessOptions()
				opt.Rlimit.Memlock = 24 << 20
				if _, err := k.Spawn(name, opt, c.run); err != nil {
					t.Fatal(err)
				}
			}
			k.spawn(t, "janitor", func(p *Process) {
				for k.live > 1 {
					p.Sleep(engine.Second)
				}
				for _, name := range memoryFiles {
					p.Unlink(name)
				}
			})
			k.run(t)
			for f, n := range base {
				if got := k.vm(t, f); got != n {
					t.Errorf("%s is %d when all have ended, and was %d", f, got, n)
				}
			}
			if k.committed != 0 || len(k.objects.free) != len(k.objects.byID)-3 { // entry 0, the data disk, and what its allocator keeps
				t.Errorf("%d pages are committed, and objects are left", k.committed)
			}
		})
	}
	for _, name := range []string{
		"mmap", "mmap at", "munmap", "mprotect", "mremap", "sbrk", "madvise", "mlock", "munlock", "mincore", "touch", "fork", "swapoff", "swapon",
		"memfd", "open", "read", "write", "ftruncate", "fallocate", "unlink", "close", "mmap file",
	} {
		if seen[name] < 3 {
			t.Errorf("%s succeeded %d times: the calls are not worth much", name, seen[name])
		}
	}
}
