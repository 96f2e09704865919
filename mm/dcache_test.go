package mm

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"mmsim/engine"
	"mmsim/mm/phys"
	"pgregory.net/rapid"
)

// inCore is how many names, inodes of ext4 and inodes of shared memory are in memory, and how many of the first two are on lists.
type inCore struct{ dentries, ext4, shmem, listed, listedInodes int }

func (k *Kernel) inCoreNames() inCore {
	k.rcuBarrier()
	s, f := &k.slabs, &k.vfs.disk.super
	return inCore{
		s.dentries.Used() - s.bootDentries, s.ext4Inodes.Used() - s.bootExt4Inodes, s.shmemInodes.Used() - s.bootShmemInodes,
		f.dentries[0].n, f.inodes[0].n,
	}
}

// TestNamesInMemory makes, looks up, holds and removes files and tells what of them is in memory after each step.
func TestNamesInMemory(t *testing.T) {
	create, read := OpenFlags{Read: true, Write: true, Create: true}, OpenFlags{Read: true}
	k := testMachine{files: []FileConfig{{Path: "/data/a", Size: 8192}}}.boot(t)
	k.spawn(t, "p", func(p *Process) {
		open := func(name string, f OpenFlags) int {
			fd, err := p.Open(name, f)
			p.must(t, "open "+name, err)
			return fd
		}
		drop := func(what int) func() { return func() { k.DropCaches(p, what) } }
		var fd int
		var at uint64
		for _, s := range []struct {
			name string
			do   func()
			want inCore
		}{
			{"the folder and the file", func() { p.Close(open("/data/a", read)) }, inCore{2, 2, 0, 1, 0}},
			{"known", func() { p.Close(open("/data/a", read)) }, inCore{2, 2, 0, 1, 0}},
			{"a name that is not there", func() { p.Open("/data/x", read) }, inCore{3, 2, 0, 2, 0}},
			{"in a folder that is not there", func() { p.Open("/no/x", read); p.Open("/no/y", read) }, inCore{4, 2, 0, 3, 0}},
			{"the file that is used again stays for a round", func() { k.vfs.disk.super.pruneDentries(&p.task, 0, 3) }, inCore{2, 2, 0, 1, 0}},
			{"dropped with its folder", drop(DropSlab), inCore{}},
			{"made", func() { fd = open("/data/b", create) }, inCore{2, 2, 0, 0, 0}},
			{"held", drop(DropSlab), inCore{2, 2, 0, 0, 0}},
			{"without a name, held", func() { p.must(t, "unlink", p.Unlink("/data/b")) }, inCore{2, 2, 0, 0, 0}},
			{"nor found", func() { p.Open("/data/b", read) }, inCore{3, 2, 0, 1, 0}},
			{"gone", func() { p.Close(fd) }, inCore{2, 1, 0, 1, 0}},
			{"made where it was missed", func() { fd = open("/data/b", create) }, inCore{2, 2, 0, 1, 0}},
			{"closed, removed: missed", func() { p.Close(fd); p.must(t, "unlink", p.Unlink("/data/b")) }, inCore{2, 1, 0, 1, 0}},
			{"one that is used and alone stays for a round", drop(DropSlab), inCore{2, 1, 0, 1, 0}},
			{"with a page", func() { fd = open("/data/a", read); p.Read(fd, 4096, -1); p.Close(fd) }, inCore{3, 2, 0, 2, 0}},
			{"whose inode stays without a name", drop(DropSlab), inCore{0, 1, 0, 0, 0}},
			{"until the page goes", drop(DropPagecache), inCore{0, 1, 0, 0, 1}},
			{"found again, it stays on the list", func() { fd = open("/data/a", read) }, inCore{2, 2, 0, 0, 1}},
			{"and is used when it is looked at", drop(DropSlab), inCore{2, 2, 0, 0, 0}},
			{"mapped", func() {
				a, err := p.Mmap(MmapArgs{Len: 8192, Prot: ProtRead, File: true, FD: fd})
				p.must(t, "mmap", err)
				at = a
				p.Close(fd)
			}, inCore{2, 2, 0, 0, 0}},
			{"nor dropped", drop(DropSlab), inCore{2, 2, 0, 0, 0}},
			{"unmapped", func() { p.must(t, "munmap", p.Munmap(at, 8192)) }, inCore{2, 2, 0, 1, 0}},
			{"dropped", drop(3), inCore{}},
			{"files in memory", func() { p.Close(open("/dev/shm/a", create)) }, inCore{1, 0, 1, 0, 0}},
			{"stay", drop(3), inCore{1, 0, 1, 0, 0}},
			{"what is not there is not remembered", func() { p.Open("/dev/shm/x", read); p.Open("/tmp/x", read) }, inCore{1, 0, 1, 0, 0}},
			{"held", func() { fd = open("/dev/shm/a", read); p.must(t, "unlink", p.Unlink("/dev/shm/a")) }, inCore{1, 0, 1, 0, 0}},
			{"gone", func() { p.Close(fd) }, inCore{}},
			{"without any name", func() {
				n, err := p.Memfd("m")
				p.must(t, "memfd", err)
				fd = n
			}, inCore{1, 0, 1, 0, 0}},
			{"gone", func() { p.Close(fd) }, inCore{}},
		} {
			s.do()
			if got := k.inCoreNames(); got != s.want {
				t.Errorf("%s: %+v, want %+v", s.name, got, s.want)
			}
			k.check(t)
		}
	})
	k.run(t)
}

// TestVFSCachePressure: the shrinker is asked for as much as the pressure says, and a request that must not call into file systems is refused; what it was
// asked for then is made up for.
func TestVFSCachePressure(t *testing.T) {
	for _, c := range []struct {
		pressure       string
		count, scanned uint64
	}{{"0", 0, 0}, {"50", 1500, 2048}, {"100", 3000, 5120}, {"250", 7500, 14336}} {
		k := testMachine{sys: []Sysctl{{"vm.vfs_cache_pressure", c.pressure}}}.boot(t)
		k.spawn(t, "p", func(p *Process) {
			for i := range 3000 {
				p.Open(fmt.Sprint("/x", i), OpenFlags{Read: true})
			}
			s := k.shrinkers[slices.IndexFunc(k.shrinkers, func(s *shrinker) bool { return s.name == "sb-ext4" })]
			n := k.Mem.Nodes[0]
			if got := s.count(k, n); got != c.count {
				t.Errorf("pressure %s: %d objects count, want %d", c.pressure, got, c.count)
			}
			before := k.vm(t, "slabs_scanned")
			p.doShrinkSlab(s, phys.GFPKernel&^phys.GFPFS, n, 0)
			if got := k.vm(t, "slabs_scanned"); got != before || c.count > 0 && s.left[0] != 2*c.count {
				t.Errorf("pressure %s: without __GFP_FS %d were scanned and %d are left", c.pressure, got-before, s.left[0])
			}
			p.doShrinkSlab(s, phys.GFPKernel, n, 0)
			if got := uint64(k.vm(t, "slabs_scanned") - before); got != c.scanned {
				t.Errorf("pressure %s: %d were scanned, want %d", c.pressure, got, c.scanned)
			}
			k.check(t)
		})
		k.run(t)
	}
}

// TestNamesWalk makes random calls on a few names from several processes while memory is short, and checks the machine after each.
func TestNamesWalk(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		arch := rapid.SampledFrom([]string{"x86_64", "i386"}).Draw(rt, "arch")
		k := testMachine{arch: arch, files: []FileConfig{{Path: "/d/0", Size: 4096}, {Path: "/d/e/1", Size: 9 << 12}, {Path: "/big", Size: 192 << 20}}}.boot(t)
		names := []string{"/d/0", "/d/e/1", "/d/2", "/d/e/3", "/4", "/dev/shm/5", "/tmp/t/6", "/dev/7", "/d/0/8", "/d/e"}
		for w := range rapid.IntRange(1, 3).Draw(rt, "processes") {
			type call struct{ what, name, n int }
			calls := rapid.SliceOfN(rapid.Custom(func(g *rapid.T) call {
				return call{rapid.IntRange(0, 9).Draw(g, "call"), rapid.IntRange(0, len(names)-1).Draw(g, "name"), rapid.IntRange(1, 40).Draw(g, "n")}
			}), 1, 25).Draw(rt, "calls")
			k.spawn(t, fmt.Sprint("p", w), func(p *Process) {
				var fds []int
				for _, c := range calls {
					name := names[c.name]
					switch c.what {
					case 0, 1, 2:
						fd, err := p.Open(name, OpenFlags{Read: true, Write: c.what > 0, Create: c.what == 2})
						if err == 0 {
							fds = append(fds, fd)
						}
					case 3:
						p.Unlink(name)
					case 4:
						if len(fds) > 0 {
							p.Close(fds[0])
							fds = fds[1:]
						}
					case 5:
						if len(fds) > 0 {
							p.Write(fds[0], uint64(c.n)<<10, -1)
							p.Mmap(MmapArgs{Len: 4096, Prot: ProtRead, File: true, FD: fds[0]})
						}
					case 6:
						for i := range c.n * 20 {
							p.Open(fmt.Sprint(name, "x", i), OpenFlags{Read: true})
						}
					case 7:
						k.DropCaches(p, c.n%3+1)
					case 8:
						if fd, err := p.Open("/big", OpenFlags{Read: true}); err == 0 {
							p.Read(fd, uint64(c.n)<<22, -1)
							p.Close(fd)
						}
					case 9:
						k.Sync(p)
					}
					k.check(rt)
				}
			})
		}
		k.runRapid(rt)
	})
}

// BenchmarkNames makes files and looks for names that are not there, each with its share of what reclaim does about them. bytes/name is what the simulator
// needs for one.
func BenchmarkNames(b *testing.B) {
	for _, what := range []string{"made", "missed"} {
		b.Run(what, func(b *testing.B) {
			k := testMachine{ram: 8 << 30}.boot(b)
			var before, after runtime.MemStats
			k.spawn(b, "p", func(p *Process) {
				names := make([]string, b.N)
				for i := range names {
					names[i] = fmt.Sprint("/", i)
				}
				runtime.GC()
				runtime.ReadMemStats(&before)
				b.ResetTimer()
				for i := range b.N {
					if fd, err := p.Open(names[i], OpenFlags{Read: true, Write: what == "made", Create: what == "made"}); err == 0 {
						p.Close(fd)
					}
				}
				b.StopTimer()
				runtime.GC()
				runtime.ReadMemStats(&after)
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(b.N), "bytes/name")
				runtime.KeepAlive(names)
			})
			k.run(b)
		})
	}
}

// TestUnlinkedByTwo has two processes unlink a name that both, and a third that opens it, are still reading from the disk: one of them does it, the other finds no
// such name.
func TestUnlinkedByTwo(t *testing.T) {
	k := testMachine{files: []FileConfig{{Path: "/d/f", Size: 9 << 12}}}.boot(t)
	k.spawn(t, "opens", func(p *Process) {
		if _, err := p.Open("/d/f", OpenFlags{Read: true}); err != 0 {
			t.Errorf("open: %v", err)
		}
		p.Sleep(engine.Second)
		k.check(t)
	})
	ends := map[Errno]int{}
	for _, name := range []string{"one", "two"} {
		k.spawn(t, name, func(p *Process) {
			ends[p.Unlink("/d/f")]++
			if _, err := p.Open("/d/f", OpenFlags{Read: true}); err != ENOENT {
				t.Errorf("%s opens the file that is gone: %v", name, err)
			}
			k.check(t)
		})
	}
	k.run(t)
	if ends[0] != 1 || ends[ENOENT] != 1 {
		t.Errorf("the two unlinks ended with %v", ends)
	}
}
