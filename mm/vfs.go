package mm

import (
	"path"
	"strconv"
	"strings"
)

// A dentry is a name in a folder (struct dentry).
type dentry struct {
	inode    *inode
	children map[string]*dentry // of a folder
	known    bool               // it has been looked up on the disk
}

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
		c := v.lookup(p, d, part)
		if c == nil {
			if !make {
				return nil, "", ENOENT
			}
			c = newFolder()
			if v.fsOf(name[:at]) == fileSystem(v.disk) {
				v.disk.numberInode(c.inode)
				c.inode.inCore = true
			}
			c.known = p != nil
			d.children[part] = c
		}
		d = c
	}
}

// lookup is a name of a folder, nil if there is none. What was not looked up before is read from the disk (lookup_slow, ext4_lookup).
func (v *vfs) lookup(p *Process, d *dentry, name string) *dentry {
	c := d.children[name]
	if p == nil || d.inode.disk == 0 || c != nil && c.known {
		return c
	}
	v.disk.readFolder(p, d)
	if c = d.children[name]; c != nil {
		c.known = true
		if c.inode.disk != 0 {
			v.disk.readInode(p, c.inode)
		}
	}
	return c
}

func newFolder() *dentry {
	return &dentry{inode: &inode{folder: true, nlink: 2}, children: map[string]*dentry{}}
}

// initVFS makes the root, the folders that a booted system has, and the data disk with its declared files.
func (k *Kernel) initVFS() error {
	k.vfs.root = newFolder()
	k.vfs.disk = newExt4(k)
	k.initTmpfs()
	k.vfs.root.inode.disk = rootInode
	dev, tmp := newFolder(), newFolder()
	dev.children["shm"] = newFolder()
	dev.known, tmp.known = true, true // they are on no disk
	k.vfs.root.children["dev"], k.vfs.root.children["tmp"] = dev, tmp
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
	case d.children[last] != nil:
		return "it is declared twice, or a folder of that name is needed"
	}
	i := fs.newInode()
	fs.numberInode(i)
	i.size, i.nlink, i.Name = f.Size, 1, name
	fs.grow += f.Size + f.Size/100
	fs.allocate(i, 0, i.filePages(), false)
	d.children[last] = &dentry{inode: i}
	return ""
}
