package mm

import (
	"fmt"
	"strings"
	"testing"

	"mmsim/engine"
	"mmsim/mm/addrspace"
	"mmsim/mm/procfs"
	"mmsim/mm/vmstat"
)

// recorderMaps is /proc/self/maps of a declared process on a real machine, and the part of each mapping that was anonymous, resident, in kB, without the
// kernel's pages.
const recorderMaps = `00400000-00401000 r--p 00000000 00:02 /init 0
00401000-004d7000 r-xp 00001000 00:02 /init 0
004d7000-00546000 r--p 000d7000 00:02 /init 0
00546000-0054b000 r--p 00146000 00:02 /init 8
0054b000-0054e000 rw-p 0014b000 00:02 /init 12
0054e000-0059d000 rw-p 00000000 00:00 [heap] 316
0059d000-0059e000 rw-p 00000000 00:00 [heap] 4
100000000000-100000001000 rw-p 00000000 00:00  0
100000001000-100000101000 rw-p 00000000 00:00  1024
110000000000-11000000e000 rw-s 00000000 00:01 /memfd:control (deleted) 0
7ffffffde000-7ffffffff000 rw-p 00000000 00:00 [stack] 100
`

// recordedBaseline is what that machine's record says of such a process.
var recordedBaseline = procfs.Baseline{VmSize: 2896, VmData: 1360, VmStk: 132, VmExe: 856, RssAnon: 1464, RssFile: 1320, RssShmem: 56, VmLck: 2676}

// TestRecorder: a declared process, and what it forks, look as they did on the real machine; what a fork charges is exact.
func TestRecorder(t *testing.T) {
	cfg := declared(512, 1)
	cfg.Boot = record(t, "boot-ram-512m-before")
	cfg.Boot.Baseline = recordedBaseline
	k, err := New(engine.New(engine.Options{CPUs: 1}), cfg)
	if err != nil {
		t.Fatal(err)
	}
	looks := func(p *Process) string {
		var b strings.Builder
		for _, v := range p.mm.List() {
			if v.Flags&addrspace.VMSpecial != 0 {
				continue
			}
			m := p.mapping(v)
			letters := []byte("---p")
			for i, on := range []bool{m.Read, m.Write, m.Exec, m.Shared} {
				if on {
					letters[i] = "rwxs"[i]
				}
			}
			var size memSize
			size.add(k, v)
			fmt.Fprintf(&b, "%08x-%08x %s %08x %02x:%02x %s %d\n", m.Start, m.End, letters, m.Offset, m.Major, m.Minor, m.Name, size.anonymous>>10)
		}
		return b.String()
	}
	check := func(p *Process) {
		if got := looks(p); got != recorderMaps {
			t.Errorf("%s has\n%swant\n%s", p.name, got, recorderMaps)
		}
		s := p.mm
		got := [...]uint64{s.TotalVM, s.DataVM, s.LockedVM, uint64(s.TablePages), s.TextPages()}
		if want := [...]uint64{2896 / 4, 1360 / 4, 2676 / 4, 52 / 4, 856 / 4}; got != want {
			t.Errorf("%s: VmSize, VmData, VmLck, VmPTE, VmExe are %d pages, want %d", p.name, got, want)
		}
	}
	if _, err := k.Spawn("p", ProcessOptions{CPU: -1, Node: -1}, func(p *Process) {
		mlocked := func() (n int64) {
			for _, z := range k.Mem.Zones() {
				n += z.Stat[vmstat.NRMlock]
			}
			return n
		}
		files := p.mm.RSS[addrspace.RSSFile]
		if files != 1320/4 {
			t.Errorf("RssFile is %d pages, on the real machine %d", files, 1320/4)
		}
		before := k.committed // the machine was recorded without declared processes: what the recorder writes to at a fork makes it complete
		pid, _ := p.Fork("", func(c *Process) {
			check(c)
			if n := k.committed - before; n != 378 {
				t.Errorf("a fork charges %d pages, on the real machine 378", n)
			}
			for range 2 {
				c.ReadClock()
				if n := c.mm.RSS[addrspace.RSSFile]; n != files {
					t.Errorf("a child that has read the clock has %d pages of files, on the real machine %d", n, files)
				}
			}
			c.Munlockall()
			check(c)
			c.Exec("other", check)
		})
		p.Wait(pid)
		check(p)
		if _, e := p.Mmap(MmapArgs{Addr: 4096, Len: 4096, Fixed: true}); e != 0 {
			t.Errorf("mapping below vm.mmap_min_addr: %v", e)
		}
		p.Munmap(4096, 4096)
		locked := mlocked()
		pid, _ = p.Fork("", func(c *Process) {
			check(c)
			if n := mlocked() - locked; n != 79+3+256 { // of all others either has no copy of its own
				t.Errorf("a child has locked %d pages more", n)
			}
		})
		p.Wait(pid)
		if n := mlocked(); n != locked {
			t.Errorf("after a child's end %d pages are locked, before %d", n, locked)
		}
		if k.committed != before {
			t.Errorf("%d pages stay charged", k.committed-before)
		}
		if err := k.CheckInvariants(); err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if r := k.Sim.Run(t.Context()); r.Err != nil {
		t.Fatal(r.Err)
	}
	if err := k.CheckInvariants(); err != nil {
		t.Error(err)
	}
}

// TestRecorderRefuses: what does not add up is no recorder's.
func TestRecorderRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*procfs.Baseline)
	}{
		{"no text", func(b *procfs.Baseline) { b.VmExe = 0 }},
		{"little data", func(b *procfs.Baseline) { b.VmData = 1000 }},
		{"text larger than all", func(b *procfs.Baseline) { b.VmExe = 2896 }},
		{"more resident than there is", func(b *procfs.Baseline) { b.RssAnon = 2000 }},
	} {
		b := recordedBaseline
		c.change(&b)
		k := &Kernel{cfg: Config{Boot: &procfs.Snapshot{Baseline: b}}, layout: addrspace.X86_64, Mem: testMachine{}.boot(t).Mem}
		if k.recorder() != nil {
			t.Errorf("%s: there is a recorder", c.name)
		}
	}
}
