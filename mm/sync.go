package mm

import (
	"math"

	"mmsim/engine"
	"mmsim/mm/pagecache"
	"mmsim/mm/writeback"
)

// Sync writes everything that is dirty on all devices and waits until it is there (sync(2)), on behalf of a process, or of the administrator for nil.
func (k *Kernel) Sync(p *Process) {
	k.privileged(p, "sync", func(t *task) {
		t.spend(k.cost.Syscall)
		t.sync()
	})
}

// sync lets all flushers begin, then goes through the file systems: the data first, then what they have in their journals, then what lies on the devices
// beside files (ksys_sync).
func (t *task) sync() {
	t.k.wakeupFlusherThreads()
	fs := t.k.vfs.disk
	t.syncInodes(fs)
	fs.syncJournal(t)
	t.writeAndWait(fs.meta.bdev, 0, maxIndex+1)
}

// syncInodes has a file system's dirty inodes written by the flusher, and waits for every page of them that is on its way (sync_inodes_sb).
func (t *task) syncInodes(fs *ext4) {
	f := fs.bdi
	if f.wb.HasDirtyIO() || f.lists.Len(writeback.OnDirtyTime) > 0 {
		w := &flushWork{pages: math.MaxInt64, fs: fs, integrity: true, forSync: true, done: engine.NewCond(t.k.Sim)}
		f.queue(w)
		for !w.finished {
			t.proc.Wait(w.done)
		}
	}
	for id := 1; id < len(t.k.objects.byID); id++ { // wait_sb_inodes
		if m := t.k.objects.byID[id]; m != nil && m.host.fs == fs && m.tree.Tagged(pagecache.Writeback) > 0 {
			t.waitWriteback(m.host, 0, maxIndex+1)
		}
	}
}
