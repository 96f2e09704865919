package mm

import (
	"path"
	"strconv"
	"strings"

	"mmsim/mm/slab"
)

// A mount is a folder below which another file system is in charge (struct mount).
type mount struct {
	prefix string // with a slash at its end
	fs     fileSystem
}

// vfs is the machine's files: one tree of names, parts of which are on other file systems than the data disk.
type vfs struct {
	root   *dentry
	mounts []mount
	disk   *ext4
}

// Limits of names (include/uapi/linux/limits.h).
const (
	nameMax = 255
	pathMax = 4096
)

// fsOf is the file system that a path, cleaned, is on.
func (v *vfs) fsOf(name string) fileSystem {
	for _, m := range v.mounts {
		if strings.HasPrefix(name, m.prefix) {
			return m.fs
		}
	}
	return v.disk
}

// cleanPath makes a path absolute and plain. ENOENT: it is empty; ENAMETOOLONG: it or a part of it is too long.
func cleanPath(name string) (string, Errno) {
	if name == "" {
		return "", ENOENT
	}
	if len(name) >= pathMax {
		return "", ENAMETOOLONG
	}
	name = path.Clean("/" + name)
	for _, part := range strings.Split(name, "/") {
		if len(part) > nameMax {
			return "", ENAMETOOLONG
		}
	}
	return name, 0
}

// walk finds the folder that a path is in and the path's last part, making folders on the way if asked to (path_openat, link_path_walk). What is not known
// yet is read from the disk, on behalf of a process; with nil nothing is read. ENOTDIR: a part on the way is no folder.
func (v *vfs) walk(p *Process, name string, make bool) (folder *dentry, last string, err Errno) {
	d := v.root
	for at := 1; ; {
		if !d.inode.folder {
			return nil, "", ENOTDIR
		}
		n := strings.IndexByte(name[at:], '/')
		if n < 0 {
			return d, name[at:], 0
		}
		part := name[at : at+n]
		at += n + 1
		c, fresh, err := v.lookup(p, d, part)
		if err != 0 {
			return nil, "", err
		}
		if c == nil || c.inode == nil {
			if make {
				c, err = v.makeFolder(p, d, c, part, v.fsOf(name[:at]))
			} else {
				err = ENOENT
			}
			if err != 0 {
				if c != nil {
					v.disk.k.putLookup(p.cpu(), c, fresh)
				}
				return nil, "", err
			}
		}
		if p != nil {
			if !c.inode.folder {
				v.disk.k.putLookup(p.cpu(), c, fresh)
				return nil, "", ENOTDIR
			}
			c.count-- // nothing of it can go until it is held again
		}
		d = c
	}
}

// makeFolder makes a folder for a name that a process has looked up, or, with no process, one that was there before the machine was started (mkdir).
// ENOMEM.
func (v *vfs) makeFolder(p *Process, d, c *dentry, name string, fs fileSystem) (*dentry, Errno) {
	var object slab.ID
	if p != nil {
		if object = p.allocInode(fs); object == 0 {
			return c, ENOMEM
		}
		if c.inode != nil { // somebody else has made it
			fs.kernel().callRCU(fs.kernel().inodeCache(fs), object)
			return c, 0
		}
	}
	f := newFolder(d, name)
	f.inode.fs, f.inode.object = fs, object
	if fs == fileSystem(v.disk) {
		v.disk.numberInode(f.inode, d.inode)
		f.inode.inCore = true
	}
	if p == nil {
		d.put(f)
		return f, 0
	}
	c.inode, c.children = f.inode, f.children
	v.born(c)
	if fs == fileSystem(v.disk) {
		v.disk.logMkdir(p, d.inode, c.inode)
	}
	return c, 0
}

// born joins a name in memory with the inode that was made for it. In memory, files are held by their names (shmem_mknod).
func (v *vfs) born(c *dentry) {
	c.inode.dentry = c
	if c.inode.fs != fileSystem(v.disk) {
		c.count++
	}
}

// put gives a folder a name that was on the disk before the machine was started.
func (d *dentry) put(c *dentry) {
	if old := d.children[c.name]; old != nil { // somebody has looked for it in vain
		old.flags |= dentryUnhashed
	}
	d.children[c.name] = c
}

// initVFS makes the root, the folders that a booted system has, and the data disk with its declared files.
func (k *Kernel) initVFS() error {
	k.vfs.root = pinnedFolder(nil, "")
	k.vfs.disk = newExt4(k)
	k.initTmpfs()
	k.vfs.root.inode.disk, k.vfs.root.inode.fs = rootInode, k.vfs.disk
	dev, tmp := pinnedFolder(k.vfs.root, "dev"), pinnedFolder(k.vfs.root, "tmp")
	shm := pinnedFolder(dev, "shm")
	dev.children["shm"] = shm
	k.vfs.root.children["dev"], k.vfs.root.children["tmp"] = dev, tmp
	for _, d := range []*dentry{dev, tmp, shm} {
		d.inode.fs = k.shmMount
	}
	for i, f := range k.cfg.Files {
		if reason := k.declareFile(f); reason != "" {
			return &FileError{Index: i, Path: f.Path, Reason: reason}
		}
	}
	k.vfs.disk.mounted()
	return nil
}

// A FileError says what is wrong with one of Config.Files.
type FileError struct {
	Index        int
	Path, Reason string
}

// Error names the file and what is wrong with it.
func (e *FileError) Error() string { return "file " + strconv.Quote(e.Path) + ": " + e.Reason }

// declareFile puts a file on the data disk that was there before the machine started: it has its blocks and nothing of it is cached. It returns what is
// wrong with it, if anything.
func (k *Kernel) declareFile(f FileConfig) string {
	name, err := cleanPath(f.Path)
	if err != 0 || !strings.HasPrefix(f.Path, "/") {
		return "expected an absolute path of at most 4095 bytes, 255 a part"
	}
	for _, memory := range []string{"/tmp/", "/dev/shm/"} {
		if strings.HasPrefix(name, memory) {
			return memory + " is in memory; a declared file is on the disk"
		}
	}
	fs := k.vfs.disk
	if f.Size > fs.maxBytes() {
		return itoa(int(f.Size>>30)) + " GiB are more than a file can have: one page less than 16 TiB"
	}
	d, last, err := k.vfs.walk(nil, name, true)
	switch {
	case err != 0:
		return "a part of the path is a file"
	case last == "":
		return "that is a folder"
	case d.children[last] != nil && d.children[last].inode != nil:
		return "it is declared twice, or a folder of that name is needed"
	}
	i := fs.newInode()
	fs.numberInode(i, d.inode)
	i.size, i.nlink, i.Name = f.Size, 1, name
	fs.grow += f.Size + f.Size/100
	fs.allocate(i, 0, i.filePages(), false)
	d.put(&dentry{name: last, parent: d, inode: i})
	return ""
}
