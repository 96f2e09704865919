package mm

import (
	"math"

	"mmsim/engine"
	"mmsim/mm/pagecache"
	"mmsim/mm/vmstat"
	"mmsim/mm/writeback"
)

// A flusher writes the dirty inodes of one device, as a kernel thread (struct bdi_writeback and the worker that runs it).
type flusher struct {
	task
	dev     *engine.Device
	wb      *writeback.WB
	lists   *writeback.Lists
	works   []*flushWork
	wake    *engine.Cond
	pending bool         // it is to run, now or as soon as it is done (WORK_STRUCT_PENDING)
	timer   engine.Timer // of a run in some time
	timed   bool

	startAll     bool // everything is to be written (WB_start_all)
	running      bool // WB_writeback_running
	lastOldFlush uint64
	estimate     bool // an estimate of the bandwidth is due in some time (bw_dwork)
	syncDone     *engine.Cond
}

// flushWork is something for a flusher to do (struct wb_writeback_work).
type flushWork struct {
	pages      int64      // how many to write at most
	fs         fileSystem // the only one to look at; nil: all
	integrity  bool       // WB_SYNC_ALL
	kupdate    bool       // only what is old
	background bool       // only until the machine is below its background threshold
	forSync    bool       // somebody else waits for the data and writes the attributes
	cyclic     bool       // go on where the last turn ended
	done       *engine.Cond
	finished   bool
}

// writebackControl is one turn of writing an inode (struct writeback_control).
type writebackControl struct {
	nrToWrite  int64
	start, end uint64 // pages [start, end), unless cyclic
	cyclic     bool
	integrity  bool
	forSync    bool
}

// A writebackFS is a file system on a device, whose files have a flusher.
type writebackFS interface {
	fileSystem
	// writepages writes dirty pages of a file to its device (address_space_operations.writepages).
	writepages(t *task, i *inode, c *writebackControl)
	// disk is the file system whose device it is on.
	disk() *ext4
}

// disk is the file system on whose device the pages of a mapping are.
func (m *mapping) disk() *ext4 {
	if fs, ok := m.host.fs.(*ext4); ok { // as most are, and told faster
		return fs
	}
	return m.host.fs.(writebackFS).disk()
}

// newFlusher makes the thread of a device. name is the device's number, as in flush-254:0.
func (k *Kernel) newFlusher(name string, dev *engine.Device) *flusher {
	f := &flusher{task: task{k: k}, dev: dev, wb: k.dirty.bdis.NewBDI().NewWB(k.jiffies(), len(k.nodeOfCPU)), wake: engine.NewCond(k.Sim), syncDone: engine.NewCond(k.Sim)}
	f.lists = writeback.NewLists(f.wb)
	f.lastOldFlush = k.jiffies()
	f.proc = k.Sim.Go("flush-"+name, engine.ProcOptions{CPU: -1, Kernel: true, Daemon: true}, func(*engine.Proc) {
		for {
			for !f.pending {
				f.proc.Wait(f.wake)
			}
			f.pending = false
			f.work()
		}
	})
	k.dirty.flushers = append(k.dirty.flushers, f)
	return f
}

// wakeUp lets the flusher run at once (wb_wakeup).
func (f *flusher) wakeUp() {
	if f.timed {
		f.k.Sim.Cancel(f.timer)
		f.timed = false
	}
	f.pending = true
	f.wake.Signal()
}

// wakeUpDelayed lets the flusher run after the interval of periodic writeback, unless it is to run anyway (wb_wakeup_delayed).
func (f *flusher) wakeUpDelayed() {
	if f.timed || f.pending {
		return
	}
	f.timed = true
	f.timer = f.k.Sim.At(f.k.timerAfter(jiffiesOf(f.k.dirty.sysctl.WritebackCentisecs)), func() {
		f.timed = false
		f.pending = true
		f.wake.Signal()
	})
}

// wakeupFlusherThreads has everything written that is dirty (wakeup_flusher_threads).
func (k *Kernel) wakeupFlusherThreads() {
	for _, f := range k.dirty.flushers {
		if f.wb.HasDirtyIO() && !f.startAll {
			f.startAll = true
			f.wakeUp()
		}
	}
}

// queue gives the flusher something to do (wb_queue_work).
func (f *flusher) queue(w *flushWork) {
	f.works = append(f.works, w)
	f.wakeUp()
}

// work is one run of the worker (wb_workfn).
func (f *flusher) work() {
	for {
		f.doWriteback()
		if len(f.works) == 0 {
			break
		}
	}
	if f.wb.HasDirtyIO() && f.k.dirty.sysctl.WritebackCentisecs != 0 {
		f.wakeUpDelayed()
	}
}

// doWriteback does what there is to do: what was asked for, everything if that was asked for, what is old, and what is too much (wb_do_writeback).
func (f *flusher) doWriteback() {
	k := f.k
	f.running = true
	for len(f.works) > 0 {
		w := f.works[0]
		f.works = f.works[1:]
		f.writeback(w)
		w.finished = true
		if w.done != nil {
			w.done.Broadcast()
		}
	}
	if f.startAll {
		if n := k.nrDirtyPages(); n > 0 {
			f.writeback(&flushWork{pages: f.wb.SplitPages(n), cyclic: true})
		}
		f.startAll = false
	}
	if every := jiffiesOf(k.dirty.sysctl.WritebackCentisecs); every > 0 && k.jiffies() >= f.lastOldFlush+every { // wb_check_old_data_flush
		f.lastOldFlush = k.jiffies()
		if n := k.nrDirtyPages(); n > 0 {
			f.writeback(&flushWork{pages: n, kupdate: true, cyclic: true})
		}
	}
	if f.overBgThresh() { // wb_check_background_flush
		f.writeback(&flushWork{pages: math.MaxInt64, background: true, cyclic: true})
	}
	f.running = false
}

// nrDirtyPages is how much there is to write, each dirty inode counting as a page (get_nr_dirty_pages).
func (k *Kernel) nrDirtyPages() int64 {
	n := k.nodeSums()[vmstat.NRDirty]
	for _, f := range k.dirty.flushers {
		n += int64(f.lists.Len(writeback.OnDirty) + f.lists.Len(writeback.OnIO) + f.lists.Len(writeback.OnMoreIO))
	}
	return n
}

// overBgThresh tells whether there is more dirty than may lie about (wb_over_bg_thresh).
func (f *flusher) overBgThresh() bool {
	c := f.k.dirtyControl()
	c.Dirty = uint64(f.k.nodeSums()[vmstat.NRDirty])
	return f.wb.OverBgThresh(f.k.dirty.domain, &c)
}

// writeback does one piece of work: rounds over the inodes that are due, until nothing comes of it any more (wb_writeback).
func (f *flusher) writeback(w *flushWork) {
	k, s := f.k, &f.k.dirty.sysctl
	before := k.jiffies()
	for w.pages > 0 {
		if (w.background || w.kupdate) && len(f.works) > 0 || w.background && !f.overBgThresh() {
			return
		}
		if f.lists.Next() == nil {
			switch {
			case w.kupdate:
				before = k.jiffies() - jiffiesOf(s.DirtyExpireCentisecs)
			case w.background:
				before = k.jiffies()
			}
			times := before
			if !w.forSync {
				times = k.jiffies() - min(s.DirtytimeExpireSecs*writeback.HZ, k.jiffies())
			}
			f.lists.QueueIO(before, times)
		}
		if f.writebackInodes(w) > 0 {
			continue
		}
		if f.lists.LastMore() == nil {
			return
		}
	}
}

// turnTime is how long a round goes on before the flusher looks whether it is to go on: 100 ms (writeback_sb_inodes).
const turnTime = writeback.HZ / 10

// writebackInodes gives each inode that is due a turn, and returns how many pages and inodes became clean (writeback_sb_inodes).
func (f *flusher) writebackInodes(w *flushWork) (wrote int64) {
	k := f.k
	start := k.jiffies()
	for wi := f.lists.Next(); wi != nil; wi = f.lists.Next() {
		i := wi.Owner.(*inode)
		if w.fs != nil && i.fs != w.fs {
			f.lists.RedirtyTail(wi, k.jiffies())
			continue
		}
		if wi.State&writeback.Freeing != 0 {
			f.lists.RedirtyTail(wi, k.jiffies())
			continue
		}
		wi.State |= writeback.Sync
		c := writebackControl{nrToWrite: writeback.WholeFile, end: maxIndex + 1, cyclic: w.cyclic, integrity: w.integrity, forSync: w.forSync}
		if !w.integrity {
			c.nrToWrite = f.wb.ChunkSize(k.dirty.domain, w.pages)
		}
		chunk := c.nrToWrite
		f.spend(k.cost.File.WritebackPage)
		f.writebackSingleInode(i, &c)
		w.pages -= chunk - c.nrToWrite
		wrote += chunk - c.nrToWrite
		if wi.State&writeback.DirtyAll == 0 {
			wrote++
		}
		f.lists.Requeue(wi, i.tree.Tagged(pagecache.Dirty) > 0, c.nrToWrite <= 0, w.integrity, k.jiffies())
		wi.State &^= writeback.Sync
		k.inodeAddLRU(i, false)
		f.syncDone.Broadcast()
		if wrote > 0 && (k.jiffies() > start+turnTime || w.pages <= 0) {
			break
		}
	}
	return wrote
}

// writebackSingleInode writes pages of an inode and notes what is dirty of it then (__writeback_single_inode).
func (f *flusher) writebackSingleInode(i *inode, c *writebackControl) {
	f.doWritepages(f, i, c)
	if c.integrity && !c.forSync {
		f.waitWriteback(i, 0, maxIndex+1)
	}
	i.io.State &^= writeback.Dirty
	if i.tree.Tagged(pagecache.Dirty) > 0 {
		i.io.State |= writeback.DirtyPages
	}
}

// doWritepages writes pages of an inode of a flusher, on behalf of a task, and looks how fast that goes (do_writepages).
func (t *task) doWritepages(f *flusher, i *inode, c *writebackControl) {
	if c.nrToWrite <= 0 {
		return
	}
	f.wb.EstimateStart(t.k.jiffies())
	i.fs.(writebackFS).writepages(t, i, c)
	if now := t.k.jiffies(); f.wb.BandwidthDue(now) {
		f.wb.UpdateBandwidth(now)
	}
}

// wrote counts pages that the device has written; none says that no page of their inode is on its way any more (__wb_writeout_add,
// wb_inode_writeback_end).
func (f *flusher) wrote(n uint64, none bool) {
	k := f.k
	f.wb.Writeback -= n
	f.wb.Written += n
	if arm := k.dirty.domain.Completed(f.wb, n, k.jiffies()); arm != 0 {
		k.completionsPeriod(arm)
	}
	if !none {
		return
	}
	f.wb.WritebackInodes--
	if f.estimate {
		return
	}
	f.estimate = true
	k.Sim.At(k.timerAfter(writeback.BandwidthInterval), func() {
		f.estimate = false
		f.wb.UpdateBandwidth(k.jiffies())
	})
}

// completionsPeriod ends a period of completions at a jiffy, and those after it as long as there is something to age (writeout_period).
func (k *Kernel) completionsPeriod(at uint64) {
	now := k.jiffies()
	k.Sim.At(k.timerAfter(max(at, now)-now), func() {
		if next := k.dirty.domain.Period(k.jiffies()); next != 0 {
			k.completionsPeriod(next)
		}
	})
}

// markInodeDirty notes that something of an inode is dirty (__mark_inode_dirty).
func (k *Kernel) markInodeDirty(i *inode, what writeback.State) {
	f := i.flusher
	if f == nil {
		return
	}
	if f.lists.MarkDirty(&i.io, what, k.jiffies()) && k.dirty.sysctl.WritebackCentisecs != 0 {
		f.wakeUpDelayed()
	}
}
