package mm

import "mmsim/internal/suggest"

// ioChunk is the most bytes that one read(2) or write(2) of Process.Read and Process.Write moves: the C programs that they stand for have a buffer of
// 128 KiB.
const ioChunk = 128 << 10

// Read reads n bytes by system calls of 128 KiB, at an offset or, with offset -1, at the file's position, which moves (read(2), pread(2)). It returns
// the bytes moved: fewer at the end of the file. EBADF: no such descriptor, or not open for reading; EISDIR: a folder; EINVAL: with O_DIRECT, what
// is not aligned to 512 bytes.
func (p *Process) Read(fd int, n uint64, offset int64) (uint64, Errno) {
	return p.transfer(fd, n, offset, false)
}

// Write writes n bytes as Read reads them (write(2), pwrite(2)). EBADF; EFBIG: beyond what a file can be; ENOSPC: the device is full; EINVAL as Read.
func (p *Process) Write(fd int, n uint64, offset int64) (uint64, Errno) {
	return p.transfer(fd, n, offset, true)
}

func (p *Process) transfer(fd int, n uint64, offset int64, write bool) (uint64, Errno) {
	done := uint64(0)
	for {
		p.syscall(0)
		f := p.fd(fd)
		if f == nil || write && !f.write || !write && !f.read {
			return 0, EBADF
		}
		if f.inode.folder {
			return 0, EISDIR
		}
		pos := f.pos
		if offset >= 0 {
			pos = uint64(offset) + done
		}
		chunk := min(n-done, ioChunk)
		move := p.readFile
		if write {
			move = p.writeFile
		}
		m, err := move(f, pos, chunk)
		p.checkSignals()
		if offset < 0 {
			f.pos += m
		}
		done += m
		switch {
		case err != 0 && done == 0:
			return 0, err
		case m == 0 || err != 0 || done == n:
			return done, 0
		}
	}
}

func (p *Process) readFile(f *file, pos, n uint64) (uint64, Errno) {
	if !f.direct && pos >= f.inode.size || n == 0 {
		return 0, 0
	}
	return f.inode.fs.read(p, f, pos, n)
}

func (p *Process) writeFile(f *file, pos, n uint64) (uint64, Errno) {
	if n == 0 {
		return 0, 0
	}
	limit := f.inode.fs.maxBytes()
	if pos >= limit {
		return 0, EFBIG
	}
	return f.inode.fs.write(p, f, pos, min(n, limit-pos))
}

// Ftruncate sets a file's length (ftruncate(2)). EBADF; EINVAL: not open for writing; EFBIG.
func (p *Process) Ftruncate(fd int, size uint64) Errno {
	p.syscall(p.k.cost.File.Open)
	f := p.fd(fd)
	switch {
	case f == nil:
		return EBADF
	case f.inode.folder || !f.write:
		return EINVAL
	case size > f.inode.fs.maxBytes():
		return EFBIG
	}
	return f.inode.fs.truncate(p, f.inode, size)
}

// Fallocate allocates the blocks of a range, and makes the file longer if it ends beyond it (fallocate(2)). EBADF: no such descriptor, or not open for
// writing; EINVAL: no length; EFBIG; ENOSPC.
func (p *Process) Fallocate(fd int, off, n uint64) Errno {
	p.syscall(p.k.cost.File.Open)
	f := p.fd(fd)
	switch {
	case f == nil:
		return EBADF
	case n == 0:
		return EINVAL
	case !f.write:
		return EBADF
	case off+n > f.inode.fs.maxBytes() || off+n < off:
		return EFBIG
	}
	return f.inode.fs.fallocate(p, f.inode, off, n)
}

// Fsync writes what is dirty of a file and waits for it (fsync(2)); with data only what is needed to read the data again (fdatasync(2)). EBADF.
func (p *Process) Fsync(fd int, data bool) Errno {
	p.syscall(0)
	f := p.fd(fd)
	switch {
	case f == nil:
		return EBADF
	case f.inode.folder:
		return 0
	}
	return f.inode.fs.fsync(p, f.inode, data)
}

// Fadvice says how a file will be used (posix_fadvise(2)).
type Fadvice uint8

// The advices.
const (
	FadvNormal Fadvice = iota
	FadvRandom
	FadvSequential
	FadvWillneed
	FadvDontneed
	FadvNoreuse
)

var fadviceNames = []string{"NORMAL", "RANDOM", "SEQUENTIAL", "WILLNEED", "DONTNEED", "NOREUSE"}

// FadviceByName is the advice with a name such as "DONTNEED"; the error names the nearest one.
func FadviceByName(name string) (Fadvice, error) {
	for i, n := range fadviceNames {
		if n == name {
			return Fadvice(i), nil
		}
	}
	return 0, suggest.Unknown("advice", name, fadviceNames)
}

// Fadvise tells how a range of a file will be used; a length of 0 is to its end (posix_fadvise(2)). EBADF.
func (p *Process) Fadvise(fd int, off, n uint64, advice Fadvice) Errno {
	p.syscall(0)
	f := p.fd(fd)
	switch {
	case f == nil:
		return EBADF
	case f.inode.folder:
		return 0
	}
	return f.inode.fs.fadvise(p, f, off, n, advice)
}
