package scripting

import (
	"strings"

	"mmsim/mm"
)

// openFlags reads a mode such as "rw+creat".
func (c *call) openFlags(mode string) mm.OpenFlags {
	if mode == "" {
		mode = "r"
	}
	parts := strings.Split(mode, "+")
	var f mm.OpenFlags
	switch parts[0] {
	case "r":
		f.Read = true
	case "w":
		f.Write = true
	case "rw":
		f.Read, f.Write = true, true
	default:
		c.fail("mode: %s", unknown("access", parts[0], []string{"r", "w", "rw"}))
	}
	for _, part := range parts[1:] {
		switch part {
		case "creat":
			f.Create = true
		case "trunc":
			f.Trunc = true
		case "direct":
			f.Direct = true
		default:
			c.fail("mode: %s", unknown("flag", part, []string{"creat", "trunc", "direct"}))
		}
	}
	return f
}

func (c *call) count(n uint64, errno mm.Errno) int {
	if errno != 0 {
		return c.errno(errno)
	}
	return c.number(float64(n))
}

func processOpen(c *call) int {
	fd, errno := c.t.proc.Open(c.v[0].s, c.openFlags(c.v[1].s))
	return c.count(uint64(fd), errno)
}

// offset is the file offset of a read or write, -1 for the file's position.
func (c *call) offset() int64 {
	if c.v[2].set {
		return c.v[2].n
	}
	return -1
}

func processRead(c *call) int {
	return c.count(c.t.proc.Read(int(c.v[0].n), uint64(c.v[1].n), c.offset()))
}

func processWrite(c *call) int {
	return c.count(c.t.proc.Write(int(c.v[0].n), uint64(c.v[1].n), c.offset()))
}

func processFsync(c *call) int { return c.done(c.t.proc.Fsync(int(c.v[0].n), false)) }

func processFdatasync(c *call) int { return c.done(c.t.proc.Fsync(int(c.v[0].n), true)) }

func processSync(c *call) int {
	c.kernel().k.Sync(c.t.proc)
	return c.done(0)
}

func processClose(c *call) int { return c.done(c.t.proc.Close(int(c.v[0].n))) }

func processFtruncate(c *call) int {
	return c.done(c.t.proc.Ftruncate(int(c.v[0].n), uint64(c.v[1].n)))
}

func processFallocate(c *call) int {
	return c.done(c.t.proc.Fallocate(int(c.v[0].n), uint64(c.v[1].n), uint64(c.v[2].n)))
}

func processUnlink(c *call) int { return c.done(c.t.proc.Unlink(c.v[0].s)) }

func processFadvise(c *call) int {
	advice, err := mm.FadviceByName(c.v[3].s)
	if err != nil {
		c.fail("%v", err)
	}
	return c.done(c.t.proc.Fadvise(int(c.v[0].n), uint64(c.v[1].n), uint64(c.v[2].n), advice))
}
