package mm

import (
	"mmsim/mm/pagecache"
	"mmsim/mm/phys"
)

// A file is an open file (struct file). Processes share it through fork, and so its position.
type file struct {
	inode       *inode
	dentry      *dentry // its name; nil: it has none
	pos         uint64
	read, write bool
	direct      bool // O_DIRECT
	random      bool // FMODE_RANDOM
	ra          fileRA
	refs        int // file descriptors
}

// OpenFlags say how a file is opened (open(2)).
type OpenFlags struct {
	Read, Write   bool
	Create, Trunc bool // O_CREAT, with the folders of the path; O_TRUNC
	Direct        bool // O_DIRECT
}

// Descriptors: the first free one of a process, whose standard streams are open, and RLIMIT_NOFILE.
const (
	firstFD = 3
	maxFD   = 1024
)

// fd is the open file with a number, nil if there is none.
func (p *Process) fd(n int) *file {
	if n < firstFD || n-firstFD >= len(p.files) {
		return nil
	}
	return p.files[n-firstFD]
}

// freeFD is the lowest free number (get_unused_fd_flags). EMFILE: all are taken.
func (p *Process) freeFD() (int, Errno) {
	for i, f := range p.files {
		if f == nil {
			return i + firstFD, 0
		}
	}
	if len(p.files) >= maxFD-firstFD {
		return 0, EMFILE
	}
	return len(p.files) + firstFD, 0
}

// installFD gives an open file a number (fd_install).
func (p *Process) installFD(n int, f *file) {
	for len(p.files) <= n-firstFD {
		p.files = append(p.files, nil)
	}
	p.files[n-firstFD] = f
}

// newFile opens an inode (alloc_file).
func (k *Kernel) newFile(i *inode, flags OpenFlags) *file {
	i.opens++
	f := &file{inode: i, read: flags.Read, write: flags.Write, direct: flags.Direct, refs: 1}
	f.ra.init()
	return f
}

// Open opens a file and returns its descriptor (open(2)). EMFILE: no descriptor is free; ENOENT: there is no such file, or no folder to make it in;
// ENOTDIR: a part of the path is no folder; EISDIR: it is a folder and is to be written; ENAMETOOLONG; EINVAL: O_DIRECT where there is no device;
// ENOSPC: no inode or block is left.
func (p *Process) Open(name string, flags OpenFlags) (int, Errno) {
	p.syscall(p.k.cost.File.Open)
	n, err := p.freeFD()
	if err != 0 {
		return 0, err
	}
	d, created, err := p.lookupOpen(name, flags)
	if err != 0 {
		return 0, err
	}
	i := d.inode
	if flags.Direct && !i.folder && !i.fs.direct() {
		p.k.dput(p.cpu(), d)
		return 0, EINVAL
	}
	f := p.k.newFile(i, flags)
	f.dentry = d
	p.installFD(n, f)
	if fs, ok := i.fs.(*ext4); ok {
		fs.sampleMount()
	}
	if flags.Trunc && flags.Write && !created {
		if err := i.fs.truncate(p, i, 0); err != 0 {
			return 0, err
		}
	}
	p.checkSignals()
	return n, 0
}

// lookupOpen finds or makes the file of a path, and holds its name for the caller (path_openat, lookup_open).
func (p *Process) lookupOpen(name string, flags OpenFlags) (c *dentry, created bool, err Errno) {
	k := p.k
	folder := len(name) > 1 && name[len(name)-1] == '/'
	clean, err := cleanPath(name)
	if err != 0 {
		return nil, false, err
	}
	d, last, err := k.vfs.walk(p, clean, flags.Create)
	if err != 0 {
		return nil, false, err
	}
	if last == "" {
		d.count++
		return d, false, d.mayOpen(folder, flags)
	}
	c, fresh, err := k.vfs.lookup(p, d, last)
	if err != 0 {
		return nil, false, err
	}
	switch {
	case c.inode != nil:
		err = c.mayOpen(folder, flags)
	case !flags.Create:
		err = ENOENT
	case folder:
		err = EISDIR
	default:
		fresh, created = true, true
		err = p.createFile(c, clean)
	}
	if err != 0 {
		k.putLookup(p.cpu(), c, fresh)
		return nil, false, err
	}
	return c, created, 0
}

// mayOpen tells whether what a name stands for can be opened in a way, as a folder if it must be one (may_open).
func (d *dentry) mayOpen(folder bool, flags OpenFlags) Errno {
	switch {
	case d.inode.folder && (flags.Write || flags.Create):
		return EISDIR
	case folder && !d.inode.folder:
		return ENOTDIR
	}
	return 0
}

// createFile makes an empty file for a name that the process has looked up, unless somebody else has done so meanwhile (ext4_create, shmem_create).
// ENOMEM, ENOSPC.
func (p *Process) createFile(c *dentry, path string) Errno {
	v := &p.k.vfs
	fs := v.fsOf(path)
	object := p.allocInode(fs)
	if object == 0 {
		return ENOMEM
	}
	if c.inode != nil {
		p.k.callRCU(p.k.inodeCache(fs), object)
		return 0
	}
	i, err := fs.create(p)
	if err != 0 {
		p.k.callRCU(p.k.inodeCache(fs), object)
		return err
	}
	i.nlink, i.Name, i.object = 1, path, object
	if fs == fileSystem(v.disk) {
		v.disk.numberInode(i, c.parent.inode)
	}
	c.inode = i
	v.born(c)
	if fs == fileSystem(v.disk) {
		v.disk.logCreate(p, c.parent.inode, i)
	}
	return 0
}

// Close gives a descriptor back, and with the last one of an open file that (close(2)). EBADF: it is not open.
func (p *Process) Close(fd int) Errno {
	p.syscall(0)
	f := p.fd(fd)
	if f == nil {
		return EBADF
	}
	p.files[fd-firstFD] = nil
	p.putFile(f)
	return 0
}

// putFile drops a reference to an open file (fput).
func (p *Process) putFile(f *file) {
	if f.refs--; f.refs > 0 {
		return
	}
	i := f.inode
	if fs, ok := i.fs.(*ext4); ok && !p.proc.Killed() {
		fs.released(p, i)
	}
	i.opens--
	if f.dentry != nil {
		p.k.dput(p.cpu(), f.dentry)
	} else {
		p.k.putInode(p.cpu(), i)
	}
	p.waitEvicted(i)
}

// waitEvicted waits, if a file is about to go, until none of its pages is on its way to or from the device (truncate_inode_pages_final).
func (p *Process) waitEvicted(i *inode) {
	for i.evicting && !p.proc.Killed() {
		index, ok := i.tree.Next(0, maxIndex+1)
		if !ok {
			return
		}
		p.waitFlags(phys.PFN(i.tree.Page(index)), phys.FlagLocked|phys.FlagWriteback)
	}
}

// putInode lets go of a file that somebody has closed or unmapped: its name in memory, or, if it has none and nobody uses it, the file (iput_final).
func (k *Kernel) putInode(cpu int, i *inode) {
	if i.dentry != nil {
		k.dentryIdle(cpu, i.dentry)
		return
	}
	if i.folder || i.nlink > 0 || i.opens > 0 || len(i.VMAs()) > 0 {
		return
	}
	i.fs.evict(cpu, i)
}

// dupFiles gives a child its parent's open files (dup_fd).
func (p *Process) dupFiles(c *Process) {
	c.files = append([]*file(nil), p.files...)
	for _, f := range c.files {
		if f != nil {
			f.refs++
		}
	}
}

// exitFiles closes everything (exit_files).
func (p *Process) exitFiles() {
	files := p.files
	p.files = nil
	for _, f := range files {
		if f != nil {
			p.putFile(f)
		}
	}
}

// Unlink takes a name away; the file goes when nobody has it open or maps it any more (unlink(2)). ENOENT: there is no such file; EISDIR: it is a
// folder; ENOTDIR: a part of the path is no folder.
func (p *Process) Unlink(name string) Errno {
	p.syscall(p.k.cost.File.Open)
	clean, err := cleanPath(name)
	if err != 0 {
		return err
	}
	d, last, err := p.k.vfs.walk(p, clean, false)
	if err != 0 {
		return err
	}
	if last == "" {
		return EISDIR
	}
	k := p.k
	c, _, err := k.vfs.lookup(p, d, last)
	for err == 0 && c.is(dentryUnhashed) { // somebody else has unlinked it while it was read; the kernel has the folder locked
		k.dput(p.cpu(), c)
		c, _, err = k.vfs.lookup(p, d, last)
	}
	if err != 0 {
		return err
	}
	switch {
	case c.inode == nil:
		err = ENOENT
	case c.inode.folder:
		err = EISDIR
	}
	if err != 0 {
		k.dput(p.cpu(), c)
		return err
	}
	i := c.inode
	i.nlink--
	i.Name += " (deleted)"
	if i.fs != fileSystem(k.vfs.disk) {
		c.count-- // what its file was held by
	}
	gone := c.deleteDentry()
	if fs, ok := i.fs.(*ext4); ok {
		fs.logUnlink(p, c.parent.inode, i)
	}
	k.dput(p.cpu(), c)
	if gone != nil {
		k.iput(p.cpu(), gone)
		p.waitEvicted(gone)
	}
	return 0
}

// maxIndex is the largest page offset that a file can have.
const maxIndex = pagecache.MaxIndex
