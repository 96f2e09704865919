package mm

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"mmsim/mm/addrspace"
)

// TestRandomFileMappings makes random calls on mappings of files, by two processes on one small machine, and computes its state anew after each: resident
// sets, mapped pages, dirty tags, what entries may write.
func TestRandomFileMappings(t *testing.T) {
	const filePages = 300
	rapid.Check(t, func(rt *rapid.T) {
		draws := rapid.SliceOfN(rapid.Uint32(), 20, 800).Draw(rt, "draws") // ahead: the processes run where rapid cannot stop them
		pick := func(_ string, n int) int {
			if len(draws) == 0 {
				return 0
			}
			d := draws[0]
			draws = draws[1:]
			return int(d % uint32(n))
		}
		m := testMachine{
			ram: 72 << 20, swap: []SwapConfig{{Size: 16 << 20, Device: "ssd", Priority: -1}}, sys: []Sysctl{{"vm.overcommit_memory", "1"}},
			files: []FileConfig{{Path: "/a", Size: filePages*4096 - 100}, {Path: "/b", Size: 48 << 20}},
		}
		if pick("lru", 2) == 1 {
			m.lru = "mglru"
		}
		k := m.boot(t)
		var log []string
		walk := func(p *Process, steps int) {
			var fds []int
			for _, name := range []string{"/a", "/b", "/a"} {
				fd, err := p.Open(name, OpenFlags{Read: true, Write: true})
				if err != 0 {
					rt.Fatalf("open %s: %v", name, err)
				}
				fds = append(fds, fd)
			}
			type area struct{ a, n uint64 }
			var maps []area
			for range steps {
				if len(draws) == 0 {
					return
				}
				fd := fds[pick("fd", len(fds))]
				i := p.fd(fd).inode
				at := func(pages uint64) uint64 { return uint64(pick("page", int(max(pages, 1)))) }
				step := pick("step", 14)
				if len(maps) == 0 {
					step = 0
				}
				var v area
				var first, n uint64
				if len(maps) > 0 {
					v = maps[pick("map", len(maps))]
					first = at(v.n)
					n = 1 + at(v.n-first)
				}
				log = append(log, fmt.Sprint(p.Name(), " step ", step, " fd ", fd, " pages ", first, "+", n, " of ", v))
				switch step {
				case 0, 1:
					a := MmapArgs{File: true, FD: fd, Offset: at(filePages) * 4096, Len: (1 + at(200)) * 4096, Prot: rw, Shared: pick("shared", 2) == 1}
					a.Populate = pick("populate", 8) == 7
					if addr, err := p.Mmap(a); err == 0 {
						maps = append(maps, area{addr, a.Len >> 12})
					}
				case 2, 3, 4, 5: // an access that no signal can follow
					vma := p.mm.Find(v.a + first<<12)
					if vma == nil || vma.Flags&addrspace.VMWrite == 0 {
						continue
					}
					if last := k.mappingOf(vma).host.filePages(); vma.Index(v.a+first<<12)+n > last {
						continue
					}
					if end := (vma.End - v.a) >> 12; first+n > end {
						n = end - first
					}
					p.Touch(TouchArgs{Addr: v.a + first<<12, Len: n << 12, Write: step > 3, Order: TouchOrder(pick("order", 2)), N: -1})
				case 6:
					p.Ftruncate(fd, (at(filePages)+1)*4096-uint64(pick("less", 4096)))
				case 7:
					p.Fsync(fd, false)
				case 8:
					p.Fadvise(fd, 0, 0, FadvDontneed)
				case 9:
					advice := []Advice{MadvDontneed, MadvCold, MadvPageout, MadvWillneed, MadvRemove, MadvRandom, MadvSequential, MadvPopulateWrite}
					p.Madvise(v.a+first<<12, n<<12, advice[pick("advice", len(advice))])
				case 10:
					p.Mprotect(v.a+first<<12, n<<12, []Prot{ProtRead, rw, rw, 0}[pick("prot", 4)])
				case 11:
					if e := p.Munmap(v.a, v.n<<12); e != 0 {
						rt.Fatalf("munmap: %v", e)
					}
					for j, w := range maps {
						if w == v {
							maps = append(maps[:j], maps[j+1:]...)
							break
						}
					}
				case 12:
					p.Read(fd, 1<<20, int64(at(i.filePages()))<<12)
				case 13:
					if pick("fork", 3) == 0 {
						p.Fork("", func(c *Process) {
							k.check(rt)
							c.Exit(0)
						})
						p.Wait(-1)
					} else {
						p.Mlock(v.a+first<<12, n<<12)
						p.Munlock(v.a, v.n<<12)
					}
				}
				k.check(rt)
			}
		}
		a := k.spawn(t, "one", func(p *Process) { walk(p, 25) })
		b := k.spawn(t, "two", func(p *Process) { walk(p, 25) })
		res := k.Sim.Run(t.Context())
		if res.Err != nil {
			rt.Fatalf("%v\n%v", res.Err, log)
		}
		for _, p := range []*Process{a, b} {
			if p.status.Signal != "" && p.status.Signal != "SIGBUS" {
				rt.Fatalf("%s ended with %+v\n%v", p.Name(), p.status, log)
			}
		}
		if n := k.committed; n != 0 {
			rt.Fatalf("%d pages stay charged", n)
		}
		k.check(rt)
	})
}
