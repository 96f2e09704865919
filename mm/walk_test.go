package mm

import (
	"testing"

	"pgregory.net/rapid"

	"mmsim/engine"
)

// walked is what a walker knows of one of its mappings.
type walked struct{ addr, pages uint64 }

// walker is a process that makes random system calls; every child of it is one, too.
type walker struct {
	k     *Kernel
	rt    *rapid.T
	depth int
	left  *int // steps left, of all walkers together
}

// walk makes random calls until none are left, and has the machine checked after each.
func (w walker) walk(p *Process, maps []walked) {
	maps = append([]walked(nil), maps...) // a child has its own copy of what it inherited
	children := 0
	for *w.left > 0 {
		*w.left--
		pick := func(label string, n int) int { return rapid.IntRange(0, n-1).Draw(w.rt, label) }
		some := func() (walked, uint64, uint64) {
			m := maps[pick("mapping", len(maps))]
			from := uint64(pick("from", int(m.pages)))
			n := 1 + uint64(pick("pages", int(m.pages-from)))
			return m, m.addr + from*4096, n
		}
		switch op := pick("op", 13); {
		case op < 2 || len(maps) == 0:
			n := uint64(1 + pick("size", 2000))
			if a, err := p.Mmap(MmapArgs{Len: n * 4096, Prot: rw, Populate: pick("populate", 8) == 0}); err == 0 {
				maps = append(maps, walked{a, n})
			}
		case op < 6:
			_, a, n := some()
			order := []TouchOrder{TouchSeq, TouchReverse, TouchRandom, TouchZipf}[pick("order", 4)]
			p.Touch(TouchArgs{Addr: a, Len: n * 4096, Write: pick("write", 3) > 0, Order: order, N: int64(n)})
		case op < 8:
			i := pick("mapping", len(maps))
			m := maps[i]
			maps = append(maps[:i], maps[i+1:]...)
			from := uint64(pick("from", int(m.pages)))
			n := 1 + uint64(pick("pages", int(m.pages-from)))
			if err := p.Munmap(m.addr+from*4096, n*4096); err != 0 {
				w.rt.Fatalf("munmap: %v", err)
			}
			if from > 0 {
				maps = append(maps, walked{m.addr, from})
			}
			if rest := m.pages - from - n; rest > 0 {
				maps = append(maps, walked{m.addr + (from+n)*4096, rest})
			}
		case op == 8 && w.depth < 3:
			child := w
			child.depth++
			inherited := maps
			if _, err := p.Fork("", func(c *Process) { child.walk(c, inherited) }); err == 0 {
				children++
			}
		case op == 9 && w.depth < 3:
			child := w
			child.depth++
			exec := pick("exec", 2) == 0
			body := func(c *Process) { // what it maps is its parent's
				n := uint64(1 + pick("size", 500))
				if a, err := c.Mmap(MmapArgs{Len: n * 4096, Prot: rw}); err == 0 {
					maps = append(maps, walked{a, n})
					c.write(a, n*4096)
				}
				c.Sleep(engine.Time(pick("us", 3000)) * engine.Microsecond)
				if exec {
					c.Exec(c.Name(), func(c *Process) { child.walk(c, nil) })
				}
			}
			if _, err := p.Vfork("", body); err == 0 {
				children++
			}
		case op == 10:
			grow := int64(pick("pages", 200)-80) * 4096
			if old, err := p.Sbrk(grow); err == 0 && grow > 0 {
				p.write(old, uint64(grow))
			}
		case op == 11:
			p.Sleep(engine.Time(pick("us", 3000)) * engine.Microsecond)
		default:
			if children > 0 && pick("wait", 2) == 0 {
				p.Wait(-1)
				children--
			} else {
				p.Yield()
			}
		}
		if err := w.k.CheckInvariants(); err != nil {
			w.rt.Fatalf("%s at %v: %v", p.Name(), w.k.Sim.Now(), err)
		}
	}
}

// TestRandomWalk lets processes make random system calls on a machine too small for them, on one and on two CPUs, with swap on any device or none,
// and computes the state of the machine again after every call. When all have ended everything is free again.
func TestRandomWalk(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := testMachine{ram: 96 << 20, cpus: rapid.IntRange(1, 2).Draw(rt, "cpus")}
		m.lru = rapid.SampledFrom([]string{"classic", "mglru"}).Draw(rt, "lru")
		if dev := rapid.SampledFrom([]string{"", "ssd", "zram", "disk"}).Draw(rt, "swap"); dev != "" {
			m.swap = []SwapConfig{{Size: 32 << 20, Device: dev, Priority: -1}}
		}
		k := m.boot(t)
		anon, tables, committed := k.vm(t, "nr_anon_pages"), k.vm(t, "nr_page_table_pages"), k.committed
		left := 60
		for _, name := range []string{"a", "b"} {
			k.spawn(t, name, func(p *Process) { walker{k: k, rt: rt, left: &left}.walk(p, nil) })
		}
		k.runRapid(rt)
		if v := k.vm(t, "nr_anon_pages"); v != anon {
			rt.Fatalf("%d anonymous pages are left, at boot there were %d", v, anon)
		}
		if v := k.vm(t, "nr_page_table_pages"); v != tables {
			rt.Fatalf("%d page-table pages are left, at boot there were %d", v, tables)
		}
		if k.committed != committed {
			rt.Fatalf("%d pages are still committed, at boot there were %d", k.committed, committed)
		}
	})
}

// TestSameSeedSameRun runs a machine under pressure twice and compares everything that it shows.
func TestSameSeedSameRun(t *testing.T) {
	run := func() string {
		k := testMachine{cpus: 2, swap: []SwapConfig{{Size: 64 << 20, Device: "ssd", Priority: -1}}}.boot(t)
		out := ""
		k.OnTrace = func(e TraceEvent) { out += e.Time.String() + e.Name + e.Process + e.Detail + "\n" }
		k.OnExit = func(e ExitEvent) { out += e.Time.String() + e.Process + "\n" }
		for _, name := range []string{"a", "b", "c"} {
			k.spawn(t, name, func(p *Process) {
				a := p.mustMmap(t, 24*mib)
				p.write(a, 24*mib)
				p.Touch(TouchArgs{Addr: a, Len: 24 * mib, Write: true, Order: TouchZipf, N: 2000})
			})
		}
		k.run(t)
		for _, f := range k.SnapshotFiles(false) {
			out += f.Text
		}
		return out
	}
	if a, b := run(), run(); a != b {
		t.Error("two runs of the same machine differ")
	}
}
