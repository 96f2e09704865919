package mm

import (
	"context"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// modelFile is what the test knows of a file.
type modelFile struct {
	size uint64
}

// fileModel makes random calls on files and says what each must return.
type fileModel struct {
	draws []uint64 // random numbers, used from the front
	wrong string   // what went wrong
	k     *Kernel
	p     *Process
	files map[string]*modelFile
	fds   map[int]*modelFD
}

type modelFD struct {
	f     *modelFile
	flags OpenFlags
	pos   uint64
}

// pick is a random number below n.
func (m *fileModel) pick(n uint64) uint64 {
	if len(m.draws) == 0 {
		return 0
	}
	d := m.draws[0]
	m.draws = m.draws[1:]
	return d % n
}

func (m *fileModel) oneOf(s ...string) string { return s[m.pick(uint64(len(s)))] }

func (m *fileModel) want(what string, got, want any) {
	if fmt.Sprint(got) != fmt.Sprint(want) && m.wrong == "" {
		m.wrong = fmt.Sprintf("%s returned %v, not %v", what, got, want)
	}
}

// some is one of the open descriptors, or now and then one that is not.
func (m *fileModel) some() (int, *modelFD) {
	fd := 3 + int(m.pick(uint64(len(m.fds)+1)))
	return fd, m.fds[fd]
}

func (m *fileModel) open() {
	path := m.oneOf("/a", "/b", "/data/c", "/data/d/e", "/declared")
	flags := []OpenFlags{{Read: true}, {Read: true, Write: true}, {Write: true, Create: true}, {Read: true, Write: true, Create: true, Trunc: true}, {Read: true, Write: true, Direct: true}}[m.pick(5)]
	f := m.files[path]
	fd, err := m.p.Open(path, flags)
	if f == nil && !flags.Create {
		m.want("open "+path, err, ENOENT)
		return
	}
	if f == nil {
		f = &modelFile{}
		m.files[path] = f
	}
	if flags.Trunc {
		f.size = 0
	}
	lowest := 3
	for m.fds[lowest] != nil {
		lowest++
	}
	m.want("open "+path, fmt.Sprint(fd, err), fmt.Sprint(lowest, Errno(0)))
	m.fds[fd] = &modelFD{f: f, flags: flags}
}

func (m *fileModel) move(write bool) {
	fd, d := m.some()
	n := m.pick(600 << 10)
	off := int64(-1)
	if m.pick(2) == 0 {
		off = int64(m.pick(32 << 20))
	}
	if d != nil && d.flags.Direct {
		n &^= 4095
		off = max(off, 0) &^ 4095
	}
	call := m.p.Read
	if write {
		call = m.p.Write
	}
	got, err := call(fd, n, off)
	if d == nil || write && !d.flags.Write || !write && !d.flags.Read {
		m.want("read or write", err, EBADF)
		return
	}
	pos := uint64(off)
	if off < 0 {
		pos = d.pos
	}
	want := n
	if !write {
		want = min(n, d.f.size-min(d.f.size, pos))
	}
	m.want("read or write", fmt.Sprint(got, err), fmt.Sprint(want, Errno(0)))
	if off < 0 {
		d.pos += want
	}
	if write && n > 0 {
		d.f.size = max(d.f.size, pos+want)
	}
}

func (m *fileModel) step() {
	switch m.pick(12) {
	case 0, 1:
		m.open()
	case 2, 3:
		m.move(false)
	case 4, 5:
		m.move(true)
	case 6:
		fd, d := m.some()
		err := m.p.Close(fd)
		if d == nil {
			m.want("close", err, EBADF)
			return
		}
		m.want("close", err, Errno(0))
		delete(m.fds, fd)
	case 7:
		fd, d := m.some()
		size := m.pick(12 << 20)
		err := m.p.Ftruncate(fd, size)
		switch {
		case d == nil:
			m.want("ftruncate", err, EBADF)
		case !d.flags.Write:
			m.want("ftruncate", err, EINVAL)
		default:
			m.want("ftruncate", err, Errno(0))
			d.f.size = size
		}
	case 8:
		path := m.oneOf("/a", "/b", "/data/c", "/declared")
		err := m.p.Unlink(path)
		if m.files[path] == nil {
			m.want("unlink", err, ENOENT)
			return
		}
		m.want("unlink", err, Errno(0))
		delete(m.files, path)
	case 9:
		fd, d := m.some()
		off, n := m.pick(8<<20), m.pick(8<<20)
		err := m.p.Fadvise(fd, off, n, Fadvice(m.pick(6)))
		if d == nil {
			m.want("fadvise", err, EBADF)
			return
		}
		m.want("fadvise", err, Errno(0))
	case 10:
		fd, d := m.some()
		if m.pick(2) == 0 {
			err := m.p.Fsync(fd, false)
			if d == nil {
				m.want("fsync", err, EBADF)
				return
			}
			m.want("fsync", err, Errno(0))
			return
		}
		off, n := m.pick(8<<20), 1+m.pick(1<<20)
		err := m.p.Fallocate(fd, off, n)
		if d == nil || !d.flags.Write {
			m.want("fallocate", err, EBADF)
			return
		}
		m.want("fallocate", err, Errno(0))
		d.f.size = max(d.f.size, off+n)
	case 11:
		m.k.DropCaches(m.p, DropPagecache)
	}
	for path, f := range m.files {
		d, last, err := m.k.vfs.walk(nil, path, false)
		if err != 0 || d.children[last] == nil || d.children[last].inode.size != f.size {
			m.want("size of "+path, "another", f.size)
		}
	}
}

// TestRandomFileCalls makes random calls on a few files, on a machine whose cache they do not fit in, compares what they return with a model, and
// computes the state of the machine again after each.
func TestRandomFileCalls(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		draws := rapid.SliceOfN(rapid.Uint64(), 1, 250).Draw(rt, "draws")
		k := testMachine{ram: 80 << 20, cpus: 1, files: []FileConfig{{"/declared", declaredSize}}}.boot(t)
		m := &fileModel{draws: draws, k: k, files: map[string]*modelFile{"/declared": {size: declaredSize}}, fds: map[int]*modelFD{}}
		k.spawn(t, "p", func(p *Process) {
			m.p = p
			for len(m.draws) > 0 && m.wrong == "" {
				m.step()
				if err := k.CheckInvariants(); err != nil && m.wrong == "" {
					m.wrong = err.Error()
				}
			}
		})
		res := k.Sim.Run(context.Background())
		if m.wrong != "" || res.Err != nil {
			rt.Fatal(m.wrong, res.Err)
		}
		if err := k.CheckInvariants(); err != nil {
			rt.Fatal("at the end: ", err)
		}
	})
}

const declaredSize = 30<<20 + 100
