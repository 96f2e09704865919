package mm

import (
	"testing"

	"mmsim/engine"
	"mmsim/mm/lru"
	"mmsim/mm/phys"
)

// TestFlushOnClose: what was written to a file that had been cut to nothing is sent when it is closed, and only then; a file that was never cut waits for the
// flusher.
func TestFlushOnClose(t *testing.T) {
	for _, c := range []struct {
		name  string
		cut   func(p *Process) int // gives a descriptor
		flush bool
	}{
		{"new", func(p *Process) int { return p.create(t, "/new") }, false},
		{"new, with O_TRUNC", func(p *Process) int {
			fd, _ := p.Open("/new2", OpenFlags{Write: true, Create: true, Trunc: true})
			return fd
		}, false},
		{"old, with O_TRUNC", func(p *Process) int {
			p.Close(p.create(t, "/old"))
			fd, _ := p.Open("/old", OpenFlags{Write: true, Trunc: true})
			return fd
		}, true},
		{"cut by ftruncate", func(p *Process) int {
			fd := p.create(t, "/cut")
			p.mustWrite(t, fd, mib, 0)
			p.Ftruncate(fd, 0)
			return fd
		}, true},
		{"cut to a page", func(p *Process) int {
			fd := p.create(t, "/page")
			p.mustWrite(t, fd, mib, 0)
			p.Ftruncate(fd, 4096)
			return fd
		}, false},
	} {
		k := testMachine{}.boot(t)
		k.spawn(t, "w", func(p *Process) {
			fd := c.cut(p)
			p.mustWrite(t, fd, mib, mib)
			out := k.vm(t, "pgpgout")
			p.Close(fd)
			if got := k.vm(t, "pgpgout") - out; got != map[bool]int64{true: 1024}[c.flush] {
				t.Errorf("%s: closing sent %d kB", c.name, got)
			}
			k.check(t)
		})
		k.run(t)
	}
}

// TestBufferHeads: pages that are written have a buffer head, those that are read none; it goes with the page.
func TestBufferHeads(t *testing.T) {
	k := testMachine{files: []FileConfig{{Path: "/data", Size: mib}}}.boot(t)
	heads := k.slabs.bufferHeads
	k.spawn(t, "w", func(p *Process) {
		fd := p.create(t, "/a")
		start := heads.Used()
		want := func(when string, n int) {
			t.Helper()
			if got := heads.Used() - start; got != n {
				t.Errorf("%s: %d buffer heads, want %d", when, got, n)
			}
			k.check(t)
		}
		p.mustWrite(t, fd, mib, 0)
		want("written", 256)
		p.mustWrite(t, fd, mib, 0)
		want("written again", 256)
		p.Ftruncate(fd, mib/2)
		want("cut", 128)
		data, _ := p.Open("/data", OpenFlags{Read: true})
		name := heads.Used() - start
		p.Read(data, mib, 0)
		want("another read", name)
		p.Unlink("/a")
		p.Close(fd)
		want("unlinked", name-128)
	})
	k.run(t)
}

// TestExtentStatus: what is known in memory of a file's blocks, as it is written, forgotten by reclaim and read again.
func TestExtentStatus(t *testing.T) {
	k := testMachine{files: []FileConfig{{Path: "/data", Size: mib}}}.boot(t)
	fs := k.vfs.disk
	k.spawn(t, "w", func(p *Process) {
		fd := p.create(t, "/a")
		i := p.fd(fd).inode
		want := func(when string, runs, reclaimable int) {
			t.Helper()
			if i.status.Len() != runs || i.status.Reclaimable() != reclaimable {
				t.Errorf("%s: %d runs are known, %d of them may be forgotten; want %d and %d: %v", when, i.status.Len(), i.status.Reclaimable(), runs, reclaimable, i.status.Runs())
			}
			k.check(t)
		}
		p.mustWrite(t, fd, mib, 0)
		want("written, without blocks", 2, 1) // and the hole behind
		p.Fsync(fd, false)
		want("with blocks", 2, 2)
		for n := range uint64(10) {
			p.mustWrite(t, fd, 4096, 2*mib+n*8192)
		}
		want("ten pages apart", 22, 12)
		p.Fsync(fd, false)
		want("with blocks, all", 22, 22)
		for range 2 { // what was looked up is kept once
			k.DropCaches(p, DropSlab)
		}
		want("forgotten", 0, 0)
		k.DropCaches(p, DropPagecache)
		p.Read(fd, mib, 0)
		want("read again: what the leaf has, and the holes between", 21, 21)
		p.Ftruncate(fd, 0)
		want("cut", 0, 0)
		data, _ := p.Open("/data", OpenFlags{Read: true})
		before := fs.status.count
		p.Read(data, mib, 0)
		if got := fs.status.count - before; got != 1 {
			t.Errorf("a file in one piece has %d runs", got)
		}
		p.Unlink("/a")
		p.Close(fd)
		k.check(t)
	})
	k.run(t)
}

// TestJournalShrinker: what the journal knows of blocks that are in their place goes when memory is short.
func TestJournalShrinker(t *testing.T) {
	k := testMachine{}.boot(t)
	j := k.vfs.disk.journal
	k.spawn(t, "w", func(p *Process) {
		fd := p.create(t, "/a")
		p.mustWrite(t, fd, mib, 0)
		p.Fsync(fd, false)
		waiting := j.log.Waiting()
		k.DropCaches(p, DropSlab)
		if waiting == 0 || j.log.Waiting() != waiting {
			t.Errorf("%d blocks wait to be written, %d after slabs were dropped", waiting, j.log.Waiting())
		}
		k.Sync(p)
		k.DropCaches(p, DropSlab)
		if j.log.Heads() != 0 || len(j.heads) != 0 {
			t.Errorf("%d blocks that were written are held, with %d objects", j.log.Heads(), len(j.heads))
		}
		k.check(t)
	})
	k.run(t)
}

// TestSkippedPagesCount: pages of zones that nobody asked for count as scanned, and are put where the next look does not meet them.
func TestSkippedPagesCount(t *testing.T) {
	k := testMachine{ram: 64 * mib, files: []FileConfig{{Path: "/data", Size: 16 * mib}}}.boot(t)
	k.spawn(t, "r", func(p *Process) {
		fd, _ := p.Open("/data", OpenFlags{Read: true})
		p.Read(fd, 16*mib, 0)
		k.lruAddDrain(p.cpu())
		n := k.Mem.Nodes[0]
		v := k.lruvecs[0]
		total := v.Len(lru.InactiveFile)
		sc := scanControl{t: &p.task, reclaimIdx: phys.ZoneDMA}
		before := k.vm(t, "pgskip_dma32")
		pages, _, scanned := sc.isolate(n, lru.InactiveFile, 32)
		skipped := uint64(k.vm(t, "pgskip_dma32") - before)
		if skipped == 0 || scanned != skipped+uint64(len(pages)) {
			t.Errorf("%d pages of %d scanned, %d taken and %d skipped", scanned, total, len(pages), skipped)
		}
		for _, pfn := range pages {
			v.Add(pfn)
		}
	})
	k.run(t)
}

// TestScatteredWritesCost: a page that is written alone costs a request of its own.
func TestScatteredWritesCost(t *testing.T) {
	k := testMachine{cost: "oracle", files: []FileConfig{{Path: "/data", Size: 16 * mib}}}.boot(t)
	k.spawn(t, "w", func(p *Process) {
		fd, _ := p.Open("/data", OpenFlags{Read: true, Write: true})
		fsync := func(stride uint64) engine.Time {
			for n := range uint64(1000) {
				p.mustWrite(t, fd, 4096, n*stride)
			}
			start := k.Sim.Now()
			p.Fsync(fd, false)
			return k.Sim.Now() - start
		}
		fsync(4096) // the first logs that the file was opened
		row, apart := fsync(4096), fsync(16384)
		if least := 900 * oracleFileCosts.WriteRequest; apart < least || row > least/2 {
			t.Errorf("1000 pages in a row are written in %v, apart in %v; want at most %v, at least %v", row, apart, least/2, least)
		}
	})
	k.run(t)
}
