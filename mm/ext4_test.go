package mm

import "testing"

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
