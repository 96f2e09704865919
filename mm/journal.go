package mm

import (
	"mmsim/engine"
	"mmsim/mm/jbd2"
	"mmsim/mm/pagecache"
	"mmsim/mm/phys"
	"mmsim/mm/slab"
	"mmsim/mm/vmstat"
	"mmsim/mm/writeback"
)

// A journal is the log of a file system and the kernel thread that writes transactions to it: five seconds after they began, or when somebody asks for one
// (journal_t, kjournald2).
type journal struct {
	task
	fs   *ext4
	log  *jbd2.Journal
	wake *engine.Cond
	done *engine.Cond // a transaction is in the log

	requested uint64 // the number of the last transaction that is to be in the log (j_commit_request)
	timer     engine.Timer
	timed     bool
	heads     []slab.ID // the memory of what is known of each block that the journal holds; which is whose is not kept

	io     *engine.Cond
	flying int // requests of the journal's that are at the device
	landed func()
}

// Shape of a journal: mke2fs gives a file system of 4 to 16 GiB one of 64 MiB; a block of descriptors names that many blocks (checksums of version 3);
// transactions are committed so many jiffies after they began (JBD2_DEFAULT_MAX_COMMIT_AGE).
const (
	journalBlocks  = 64 << 20 >> 12
	tagsPerBlock   = 254
	commitInterval = 5 * writeback.HZ
)

func (fs *ext4) startJournal() {
	k := fs.k
	j := &journal{task: task{k: k}, fs: fs, log: jbd2.New(journalBlocks), wake: engine.NewCond(k.Sim), done: engine.NewCond(k.Sim), io: engine.NewCond(k.Sim)}
	j.landed = func() {
		if j.flying--; j.flying == 0 {
			j.io.Broadcast()
		}
	}
	fs.journal = j
	k.addShrinker(&shrinker{
		name: "jbd2-journal", seeks: defaultSeeks, batch: journalBlocks / 4,
		count: func(*Kernel, *phys.Node) uint64 { return uint64(j.log.Waiting()) },
		scan:  func(*task, *phys.Node, uint64) uint64 { return uint64(j.cleanCheckpoints()) },
	})
	j.proc = k.Sim.Go("jbd2/vda-8", engine.ProcOptions{CPU: -1, Kernel: true, Daemon: true}, func(*engine.Proc) {
		for {
			for j.requested <= j.log.Committed() || j.log.Running() == 0 {
				j.proc.Wait(j.wake)
			}
			j.commit()
		}
	})
}

// startTimer sees to it that the transaction that has just begun is committed in time, at a whole second (jbd2_get_transaction).
func (j *journal) startTimer() {
	k, id := j.k, j.log.Running()
	now := k.jiffies()
	at := (now + commitInterval + writeback.HZ - 1) / writeback.HZ * writeback.HZ
	j.timed = true
	j.timer = k.Sim.At(k.timerAfter(at-now), func() {
		j.timed = false
		j.request(id)
	})
}

// request asks for a transaction to be committed (__jbd2_log_start_commit).
func (j *journal) request(id uint64) {
	if id > j.requested {
		j.requested = id
		j.wake.Signal()
	}
}

// complete waits until a transaction is in the log, which it asks for if need be, and tells whether it had to (jbd2_complete_transaction).
func (j *journal) complete(t *task, id uint64) bool {
	if id <= j.log.Committed() {
		return false
	}
	j.request(id)
	for j.log.Committed() < id {
		t.proc.Wait(j.done)
	}
	return true
}

// syncJournal has the running transaction committed and waits for it and for one that is being committed (ext4_sync_fs).
func (fs *ext4) syncJournal(t *task) {
	id := fs.journal.log.Last()
	if !fs.journal.complete(t, id) {
		fs.flushDevice(t)
	}
}

// flushDevice waits until the device has written its own cache out (blkdev_issue_flush).
func (fs *ext4) flushDevice(t *task) {
	if d := fs.k.cost.File.FlushCache; d > 0 {
		t.proc.Sleep(d)
	}
}

// write sends blocks of the log, a row, and waits for them.
func (j *journal) write(blocks uint64) {
	j.send(blocks)
	j.settle()
}

// settle waits for what was sent.
func (j *journal) settle() {
	for j.flying > 0 {
		j.ioWait(j.io)
	}
}

func (j *journal) send(blocks uint64) {
	j.k.count(vmstat.PgPgout, 4*blocks)
	for blocks > 0 {
		n := min(blocks, maxIOPages)
		j.flying++
		j.fs.dev.Submit(int64(n)*4096, true, j.landed)
		blocks -= n
	}
}

// commit writes the running transaction to the log: descriptors and copies of its blocks, then, when these are on the device for sure, the block that says so.
// From then on its blocks are dirty pages of the device (jbd2_journal_commit_transaction).
func (j *journal) commit() {
	k, fs := j.k, j.fs
	bdev := fs.meta.bdev
	if j.timed {
		k.Sim.Cancel(j.timer)
		j.timed = false
	}
	j.cleanCheckpoints()
	t, newTail := j.log.Begin()
	j.spend(k.cost.File.JournalCommit)
	for _, b := range t.Blocks { // of those that an inode's end touched, some may not be cached
		fs.getMeta(&j.task, b)
	}
	if newTail {
		j.write(1)
		fs.flushDevice(&j.task)
	}
	for left := uint64(len(t.Blocks)); left > 0; {
		n := min(left, tagsPerBlock)
		fs.getMeta(&j.task, journalBlock+j.log.Place(1+n))
		j.send(1 + n)
		left -= n
	}
	j.settle()
	fs.getMeta(&j.task, journalBlock+j.log.Place(1))
	fs.flushDevice(&j.task)
	j.write(1)
	fs.flushDevice(&j.task)
	j.log.End(func(block uint64) {
		if pfn := phys.PFN(bdev.tree.Page(block)); pfn != 0 {
			k.setFileDirty(bdev, pfn)
		}
	})
	j.done.Broadcast()
}

// cleanCheckpoints lets go of blocks that have been written to their place, and returns their number (jbd2_journal_shrink_checkpoint_list).
func (j *journal) cleanCheckpoints() int {
	tree := &j.fs.meta.bdev.tree
	n := j.log.Clean(func(block uint64) bool {
		return !tree.HasTag(block, pagecache.Dirty) && !tree.HasTag(block, pagecache.Writeback)
	})
	j.syncHeads()
	return n
}

// syncHeads gives the journal the memory for what it knows of blocks, or takes back what it does not need any more (jbd2_journal_add_journal_head,
// jbd2_journal_put_journal_head).
func (j *journal) syncHeads() {
	k, c := j.k, j.k.slabs.journalHeads
	for want := j.log.Heads(); len(j.heads) < want; {
		id := c.Alloc(&k.atomic[k.thisCPU()], gfpJournalHead)
		if id == 0 {
			return
		}
		j.heads = append(j.heads, id)
	}
	for n := len(j.heads) - 1; n >= j.log.Heads(); n-- {
		c.Free(k.thisCPU(), j.heads[n])
		j.heads = j.heads[:n]
	}
}

// gfpJournalHead is what a journal_head is allocated with.
const gfpJournalHead = phys.GFPKernel &^ phys.GFPFS
