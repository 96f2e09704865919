package mm

import (
	"fmt"
	"strings"
	"testing"

	"mmsim/mm/addrspace"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// shmCounts are what a step of TestTmpfsSteps changes, in pages.
type shmCounts struct{ Shmem, Committed, Mapped, Activated, RssShmem, RssAnon, Major int64 }

func (p *Process) shmCounts() shmCounts {
	k := p.k
	st := k.nodeSums()
	return shmCounts{
		st[vmstat.NRShmem], k.committed, st[vmstat.NRMapped], int64(k.events[vmstat.PgActivate]), p.mm.RSS[addrspace.RSSShmem],
		p.mm.RSS[addrspace.RSSAnon], int64(k.events[vmstat.PgMajfault]),
	}
}

func (c shmCounts) less(d shmCounts) shmCounts {
	return shmCounts{
		c.Shmem - d.Shmem, c.Committed - d.Committed, c.Mapped - d.Mapped, c.Activated - d.Activated, c.RssShmem - d.RssShmem,
		c.RssAnon - d.RssAnon, c.Major - d.Major,
	}
}

func (p *Process) must(tb testing.TB, what string, err Errno) {
	tb.Helper()
	if err != 0 {
		tb.Fatalf("%s: %v", what, err)
	}
}

// TestTmpfsSteps is what a real kernel did with a file in /dev/shm, step by step, in pages: what reads, writes, mappings and truncation allocate, charge,
// map and activate.
func TestTmpfsSteps(t *testing.T) {
	const page = addrspace.PageSize
	k := testMachine{}.boot(t)
	k.spawn(t, "p", func(p *Process) {
		k.lruAddDrain(0)
		fd, err := p.Open("/dev/shm/a", OpenFlags{Read: true, Write: true, Create: true})
		p.must(t, "open", err)
		var a, b uint64
		io := func(n uint64, err Errno) func(want uint64) {
			return func(want uint64) {
				if n != want || err != 0 {
					t.Errorf("%d bytes were moved, want %d (%v)", n, want, err)
				}
			}
		}
		touch := func(at, first, n uint64, write bool) {
			p.Touch(TouchArgs{Addr: at + first*page, Len: n * page, Write: write, N: -1})
		}
		for _, step := range []struct {
			name string
			do   func()
			want shmCounts
		}{
			{"ftruncate", func() { p.must(t, "ftruncate", p.Ftruncate(fd, 64*page)) }, shmCounts{}},
			{"read a hole", func() { io(p.Read(fd, 64*page, 0))(64 * page) }, shmCounts{}},
			{"write", func() { io(p.Write(fd, 16*page, 0))(16 * page) }, shmCounts{Shmem: 16, Committed: 16}},
			{"write again", func() { io(p.Write(fd, 16*page, 0))(16 * page) }, shmCounts{Activated: 15}}, // the last page waits for its list
			{"read", func() { io(p.Read(fd, 16*page, 0))(16 * page) }, shmCounts{}},
			{"write parts of two pages", func() { io(p.Write(fd, 6144, 20*page+100))(6144) }, shmCounts{Shmem: 2, Committed: 2}},
			{"fallocate", func() { p.must(t, "fallocate", p.Fallocate(fd, 32*page, 8*page)) }, shmCounts{Shmem: 8, Committed: 8}},
			{"fallocate beyond the end", func() { p.must(t, "fallocate", p.Fallocate(fd, 60*page, 8*page)) }, shmCounts{Shmem: 8, Committed: 8}},
			{"read to the end", func() { io(p.Read(fd, 16*page, 64*page))(4 * page) }, shmCounts{}},
			{"map shared", func() {
				a, err = p.Mmap(MmapArgs{Len: 128 * page, Prot: rw, Shared: true, File: true, FD: fd})
				p.must(t, "mmap", err)
			}, shmCounts{}},
			{"read a hole in the mapping", func() { touch(a, 48, 4, false) }, shmCounts{Shmem: 4, Committed: 4, Mapped: 4, RssShmem: 4}},
			{"write a hole in the mapping", func() { touch(a, 52, 4, true) }, shmCounts{Shmem: 4, Committed: 4, Mapped: 4, RssShmem: 4}},
			{"read the mapping", func() { touch(a, 0, 16, false) }, shmCounts{Mapped: 16, RssShmem: 16}},
			{"map private", func() {
				b, err = p.Mmap(MmapArgs{Len: 64 * page, Prot: rw, File: true, FD: fd})
				p.must(t, "mmap", err)
			}, shmCounts{Committed: 64}},
			{"read the private mapping", func() { touch(b, 0, 16, false) }, shmCounts{RssShmem: 16}},
			{"write the private mapping", func() { touch(b, 0, 8, true) }, shmCounts{RssShmem: -8, RssAnon: 8}},
			{"write a hole in the private mapping", func() { touch(b, 56, 4, true) }, shmCounts{Shmem: 4, Committed: 4, RssAnon: 4}},
			{"DONTNEED", func() { p.must(t, "madvise", p.Madvise(b, 64*page, MadvDontneed)) }, shmCounts{RssShmem: -8, RssAnon: -12}},
			{"unmap the private mapping", func() { p.must(t, "munmap", p.Munmap(b, 64*page)) }, shmCounts{Committed: -64}},
			{"REMOVE", func() { p.must(t, "madvise", p.Madvise(a, 8*page, MadvRemove)) }, shmCounts{Shmem: -8, Committed: -8, Mapped: -8, RssShmem: -8}},
			{"fadvise", func() { p.must(t, "fadvise", p.Fadvise(fd, 0, 0, FadvDontneed)) }, shmCounts{}},
			{"drop what is clean and unmapped", func() {
				k.lruAddDrain(0)
				k.invalidatePages(0, &p.fd(fd).inode.mapping, 0, maxIndex)
			}, shmCounts{Shmem: -4}}, // and it stays charged
			{"fsync", func() { p.must(t, "fsync", p.Fsync(fd, false)) }, shmCounts{}},
			{"truncate", func() { p.must(t, "ftruncate", p.Ftruncate(fd, 10*page+5)) }, shmCounts{Shmem: -31, Committed: -35, Mapped: -13, RssShmem: -13}},
			{"unlink", func() { p.must(t, "unlink", p.Unlink("/dev/shm/a")) }, shmCounts{}},
			{"close", func() { p.must(t, "close", p.Close(fd)) }, shmCounts{}},
			{"unmap", func() { p.must(t, "munmap", p.Munmap(a, 128*page)) }, shmCounts{Shmem: -3, Committed: -3, Mapped: -3, RssShmem: -3}},
		} {
			before := p.shmCounts()
			step.do()
			if got := p.shmCounts().less(before); got != step.want {
				t.Errorf("%s: %+v, want %+v", step.name, got, step.want)
			}
			k.check(t)
		}
	})
	k.run(t)
}

// TestTmpfsNames looks at what /proc/PID/maps shows of files in memory.
func TestTmpfsNames(t *testing.T) {
	k := testMachine{}.boot(t)
	k.spawn(t, "p", func(p *Process) {
		fd, _ := p.Open("/dev/shm/a", OpenFlags{Read: true, Write: true, Create: true})
		p.Ftruncate(fd, 8192)
		tmp, _ := p.Open("/tmp/d/b", OpenFlags{Read: true, Write: true, Create: true})
		p.Ftruncate(tmp, 8192)
		mem, err := p.Memfd("x")
		p.must(t, "memfd", err)
		p.Ftruncate(mem, 8192)
		for _, f := range []int{fd, tmp, mem} {
			_, err := p.Mmap(MmapArgs{Len: 8192, Prot: rw, Shared: true, File: true, FD: f})
			p.must(t, "mmap", err)
		}
		id, _ := p.Shmget(77, 8192)
		p.Shmat(id)
		p.Mmap(MmapArgs{Len: 8192, Prot: rw, Shared: true})
		p.Unlink("/dev/shm/a")
		maps, _, _ := k.PIDFile(p, "/proc/self/maps")
		for _, want := range []string{
			" 00:15 2                          /dev/shm/a (deleted)\n", " 00:16 2                          /tmp/d/b\n",
			" 00:01 2                          /memfd:x (deleted)\n", " 00:01 0                          /SYSV0000004d (deleted)\n",
			" 00:01 4                          /dev/zero (deleted)\n",
		} {
			if !strings.Contains(maps, want) {
				t.Errorf("maps has no line that ends with %q:\n%s", want, maps)
			}
		}
		if _, err := p.Memfd(strings.Repeat("x", 250)); err != EINVAL {
			t.Errorf("a name of 250 bytes: %v", err)
		}
		if _, err := p.Open("/dev/shm/a", OpenFlags{Read: true, Direct: true, Create: true}); err != EINVAL {
			t.Errorf("O_DIRECT: %v", err)
		}
	})
	k.run(t)
}

// TestTmpfsFull fills a file system in memory: a write ends early and then fails, an access to a mapping is a bus error, fallocate gives back what it
// took. Everything is free again when the file goes.
func TestTmpfsFull(t *testing.T) {
	k := testMachine{swap: []SwapConfig{{Size: 256 << 20, Priority: -1}}}.boot(t)
	limit := uint64(k.totalRAM()) << 12
	var ended WaitStatus
	k.OnExit = func(e ExitEvent) {
		if e.Process == "mapper" {
			ended = e.WaitStatus
		}
	}
	k.spawn(t, "p", func(p *Process) {
		fd, _ := p.Open("/dev/shm/a", OpenFlags{Read: true, Write: true, Create: true})
		if err := p.Fallocate(fd, 0, limit+1); err != ENOSPC {
			t.Errorf("fallocate of more than all: %v", err)
		}
		if n, err := p.Write(fd, limit+mib, 0); n != limit || err != 0 {
			t.Errorf("%d of %d bytes were written: %v", n, limit, err)
		}
		k.check(t)
		if n, err := p.Write(fd, mib, int64(limit)); n != 0 || err != ENOSPC {
			t.Errorf("then %d: %v", n, err)
		}
		p.Ftruncate(fd, limit-mib)
		if err := p.Fallocate(fd, 0, limit); err != 0 {
			t.Errorf("fallocate of the rest: %v", err)
		}
		k.check(t)
		p.Ftruncate(fd, limit/2)
		other, _ := p.Open("/dev/shm/b", OpenFlags{Read: true, Write: true, Create: true})
		if err := p.Fallocate(other, 0, limit/2+mib); err == 0 {
			t.Error("fallocate of more than is left")
		}
		k.check(t)
		if n := p.fd(other).inode.tree.Pages(); n != 0 || p.fd(other).inode.size != 0 {
			t.Errorf("fallocate has left %d pages", n)
		}
		p.Ftruncate(other, limit)
		p.Fork("", func(c *Process) {})
		p.Wait(-1)
		k.spawn(t, "mapper", func(q *Process) {
			fd, _ := q.Open("/dev/shm/b", OpenFlags{Read: true, Write: true})
			a, err := q.Mmap(MmapArgs{Len: limit, Prot: rw, Shared: true, File: true, FD: fd})
			q.must(t, "mmap", err)
			q.write(a, limit)
		})
		for p.k.byName["mapper"].state == stateLive {
			p.Sleep(jiffy)
		}
		k.check(t)
		p.Close(other)
		p.Unlink("/dev/shm/a")
		p.Unlink("/dev/shm/b")
		p.Close(fd)
	})
	k.run(t)
	if ended.Signal != "SIGBUS" {
		t.Errorf("the one that mapped a full file system ended with %+v", ended)
	}
	// Pages that were being written when their file was cut keep their slots, as clean pages of the swap cache, until reclaim comes by.
	cached := int64(k.vm(t, "nr_swapcached"))
	if n := k.vm(t, "nr_shmem"); n != 0 || k.committed != 0 || int64(k.swap.NrFree)+int64(k.swap.Pending())+cached != int64(k.swap.Total) {
		t.Errorf("%d pages, %d committed, %d and %d of %d slots free or cached when all is gone", n, k.committed, k.swap.NrFree, cached, k.swap.Total)
	}
}

// TestTmpfsSwap writes more than fits to a file, reads it back, and cuts it in the middle of a page that is in swap, which comes back for it.
func TestTmpfsSwap(t *testing.T) {
	for _, dev := range []string{"ssd", "disk", "zram"} {
		k := testMachine{ram: 96 << 20, swap: []SwapConfig{{Size: 128 << 20, Device: dev, Priority: -1}}}.boot(t)
		k.spawn(t, "p", func(p *Process) {
			fd, _ := p.Memfd("")
			const n = 64 << 20
			p.Write(fd, n, 0)
			a := p.mustMmap(t, 60*mib)
			p.write(a, 60*mib)
			p.Munmap(a, 60*mib)
			o := p.fd(fd).inode.shm
			index, ok := o.nextSwapped(0, 0)
			if !ok || k.vm(t, "pgmajfault") != 0 {
				t.Fatalf("%s: nothing of the file is in swap, or was read back", dev)
			}
			k.check(t)
			slots := k.swap.NrFree
			in := k.vm(t, "pswpin")
			p.Ftruncate(fd, index<<12+7)
			if e, swapped := o.at(index); swapped || e == 0 || !k.Mem.Page(phys.PFN(e)).Test(phys.FlagDirty) || k.vm(t, "pswpin") == in {
				t.Errorf("%s: the page at the end is %d, in swap: %t", dev, e, swapped)
			}
			if o.swapped > int64(index) || k.swap.NrFree+k.swap.Pending() <= slots {
				t.Errorf("%s: %d pages are still in swap, %d slots free", dev, o.swapped, k.swap.NrFree)
			}
			k.check(t)
			p.Ftruncate(fd, 64<<20)
			if m, _ := p.Read(fd, 64<<20, 0); m != 64<<20 || o.swapped != 0 || k.vm(t, "pgmajfault") != 0 {
				t.Errorf("%s: %d bytes read, %d pages in swap, %d major faults", dev, m, o.swapped, k.vm(t, "pgmajfault"))
			}
		})
		k.run(t)
	}
}

// TestTmpfsStrict charges pages of files one by one under vm.overcommit_memory = 2: a write ends where the commit limit is.
func TestTmpfsStrict(t *testing.T) {
	k := testMachine{sys: []Sysctl{{"vm.overcommit_memory", "2"}}}.boot(t)
	k.spawn(t, "p", func(p *Process) {
		fd, _ := p.Open("/tmp/a", OpenFlags{Write: true, Create: true})
		before := k.committed
		n, err := p.Write(fd, 96*mib, 0)
		if err != 0 || n == 0 || n >= 96*mib || k.committed-before != int64(n/4096) {
			t.Errorf("%d bytes written (%v), %d pages committed", n, err, k.committed-before)
		}
		if _, err := p.Write(fd, 4096, int64(n)); err != ENOSPC {
			t.Errorf("then: %v", err)
		}
		p.Unlink("/tmp/a")
		p.Close(fd)
		if k.committed != before {
			t.Errorf("%d pages are still committed", k.committed-before)
		}
	})
	k.run(t)
}

// BenchmarkTmpfsWrite writes a file in memory of 64 MiB again and again.
func BenchmarkTmpfsWrite(b *testing.B) {
	for _, fresh := range []bool{true, false} {
		b.Run(fmt.Sprintf("fresh=%t", fresh), func(b *testing.B) {
			k := testMachine{ram: 256 << 20}.boot(b)
			k.spawn(b, "p", func(p *Process) {
				fd, _ := p.Memfd("")
				p.Write(fd, 64*mib, 0)
				for b.Loop() {
					if fresh {
						p.Ftruncate(fd, 0)
					}
					p.Write(fd, 64*mib, 0)
				}
			})
			k.run(b)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(64*mib/4096), "ns/page")
		})
	}
}

// TestMincoreFallocated has the figures of a real kernel: pages that fallocate made are not in memory for mincore before somebody has read or written them.
func TestMincoreFallocated(t *testing.T) {
	k := testMachine{}.boot(t)
	k.spawn(t, "p", func(p *Process) {
		fd, _ := p.Open("/dev/shm/a", OpenFlags{Read: true, Write: true, Create: true})
		p.Write(fd, 100000, 0)
		p.Write(fd, 10, int64(5*mib))
		a, err := p.Mmap(MmapArgs{Len: 6 * mib, File: true, FD: fd, Shared: true, Prot: ProtRead | ProtWrite})
		p.must(t, "mmap", err)
		resident := func(what string, want int64) {
			if n, err := p.Mincore(a, 6*mib); n != want || err != 0 {
				t.Errorf("%s: %d pages in memory (%v), on the real kernel %d", what, n, err, want)
			}
		}
		resident("written", 26)
		p.Fallocate(fd, mib, mib)
		resident("fallocated", 26)
		p.Touch(TouchArgs{Addr: a + mib, Len: mib, N: -1})
		resident("read", 26+256)
	})
	k.run(t)
}
