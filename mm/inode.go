package mm

import (
	"mmsim/mm/addrspace"
	"mmsim/mm/extents"
	"mmsim/mm/slab"
	"mmsim/mm/writeback"
)

// An inode is a file, a folder or a piece of shared memory (struct inode).
type inode struct {
	mapping
	ino     uint64
	size    uint64 // i_size, in bytes
	fs      fileSystem
	nlink   int32 // names
	opens   int32 // struct files that refer to it
	shm     *shmem
	blocks  extents.Map // where its pages are on the device, of a file system that has one
	delayed extents.Map // pages whose blocks are promised and not chosen yet (delayed allocation)

	status extents.Status // what is known in memory of both, and of its holes

	io      writeback.Inode // what of it is dirty, and on which of its flusher's lists it is
	flusher *flusher        // of the device that it is on; nil: it is not written back

	disk         uint64   // its number on the disk
	metaBlock    uint64   // where a folder's names are
	extentBlocks []uint64 // where its extents are, of those that were ever read
	mtime        uint64   // when it was changed last, in jiffies: time goes on at ticks only for files
	// The last transactions that changed it, and that changed what reading its data needs.
	syncTID, datasyncTID uint64

	object   slab.ID         // its memory; 0: it has none, or had it before the machine was started
	pseudo   slab.ID         // the dentry of one that has no name in any folder
	dentry   *dentry         // its name, if that is in memory: it holds the inode then
	links    lruLinks[inode] // on its file system's list of those nobody uses (s_inode_lru)
	lruState inodeLRU

	folder       bool
	inCore       bool // it has been read from the disk
	freed        bool // its number has been given back
	flushOnClose bool // it was cut to nothing: what is written then is sent when it is closed (EXT4_STATE_DA_ALLOC_CLOSE)
	statusListed bool // reclaim can find it by its status
	evicting     bool // it goes when the last of its pages has come back from the device
}

func (i *inode) lru() *lruLinks[inode] { return &i.links }

// filePages is the number of pages that a file's bytes span.
func (i *inode) filePages() uint64 { return addrspace.PageAlign(i.size) >> addrspace.PageShift }

// A fileSystem does what each kind of file system does its own way (super, inode, file and address space operations). Which one a path is on,
// the mount table says.
type fileSystem interface {
	// kernel is the machine that it is mounted on.
	kernel() *Kernel
	// create makes an empty regular file without a name.
	create(p *Process) (*inode, Errno)
	// direct tells whether files can be opened with O_DIRECT.
	direct() bool
	// maxBytes is the largest size of a file (s_maxbytes).
	maxBytes() uint64
	// read and write move up to n bytes at a position, which lies in the file for a read; they return how many were moved.
	read(p *Process, f *file, pos, n uint64) (uint64, Errno)
	write(p *Process, f *file, pos, n uint64) (uint64, Errno)
	// truncate sets the size.
	truncate(p *Process, i *inode, size uint64) Errno
	fallocate(p *Process, i *inode, off, n uint64) Errno
	fsync(p *Process, i *inode, data bool) Errno
	fadvise(p *Process, f *file, off, n uint64, advice Fadvice) Errno
	// evict frees an inode that has no name and that nobody has open or maps.
	evict(cpu int, i *inode)
}
