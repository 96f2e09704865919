package writeback

// State is what of an inode is dirty, and what is being done about it (inode.i_state).
type State uint8

// The bits of State.
const (
	DirtySync     State = 1 << iota // attributes that fdatasync need not write (I_DIRTY_SYNC)
	DirtyDatasync                   // attributes that it must (I_DIRTY_DATASYNC)
	DirtyPages                      // pages (I_DIRTY_PAGES)
	DirtyTime                       // times only, which may wait long (I_DIRTY_TIME)
	Sync                            // its pages are being written (I_SYNC)
	SyncQueued                      // it is on IO or MoreIO (I_SYNC_QUEUED)
	Freeing                         // it is about to go (I_FREEING)

	DirtyInode = DirtySync | DirtyDatasync // I_DIRTY_INODE
	Dirty      = DirtyInode | DirtyPages   // I_DIRTY
	DirtyAll   = Dirty | DirtyTime         // I_DIRTY_ALL
)

// ListID names a flusher's list.
type ListID uint8

// The lists that an inode may be on.
const (
	OnNone      ListID = iota // clean
	OnDirty                   // b_dirty: newest at the head
	OnIO                      // b_io: to be written now, the next at the tail
	OnMoreIO                  // b_more_io: to be written in the next round
	OnDirtyTime               // b_dirty_time
	nrLists
)

// An Inode is what the flusher keeps of a file. It is embedded in the owner's inode.
type Inode struct {
	State           State
	List            ListID
	DirtiedWhen     uint64 // the jiffy since when it is dirty
	DirtiedTimeWhen uint64 // the jiffy since when its times are
	prev, next      *Inode
	// Owner is whose inode this is; the package does not look at it.
	Owner any
}

type ioList struct {
	head, tail *Inode
	n          int
}

// Lists are the inodes of a flusher (b_dirty, b_io, b_more_io, b_dirty_time). An inode is on at most one.
type Lists struct {
	wb    *WB
	lists [nrLists]ioList
}

// NewLists are the empty lists of a flusher.
func NewLists(wb *WB) *Lists { return &Lists{wb: wb} }

// Len is the number of inodes on a list.
func (l *Lists) Len(id ListID) int { return l.lists[id].n }

// Each calls f for the inodes of a list from the head to the tail.
func (l *Lists) Each(id ListID, f func(*Inode)) {
	for i := l.lists[id].head; i != nil; i = i.next {
		f(i)
	}
}

// Next is the inode to be written next, at the tail of IO; nil: there is none.
func (l *Lists) Next() *Inode { return l.lists[OnIO].tail }

// LastMore is the inode that has waited longest for the next round, nil for none.
func (l *Lists) LastMore() *Inode { return l.lists[OnMoreIO].tail }

func (l *Lists) unlink(i *Inode) {
	if i.List == OnNone {
		return
	}
	q := &l.lists[i.List]
	if i.prev == nil {
		q.head = i.next
	} else {
		i.prev.next = i.next
	}
	if i.next == nil {
		q.tail = i.prev
	} else {
		i.next.prev = i.prev
	}
	i.prev, i.next, i.List = nil, nil, OnNone
	q.n--
}

func (l *Lists) pushHead(id ListID, i *Inode) {
	q := &l.lists[id]
	i.List, i.prev, i.next = id, nil, q.head
	if q.head == nil {
		q.tail = i
	} else {
		q.head.prev = i
	}
	q.head = i
	q.n++
}

// populated tells the throttling whether there are inodes to be written, and reports whether there are now and were not before.
func (l *Lists) populated() (first bool) {
	has := l.lists[OnDirty].n+l.lists[OnIO].n+l.lists[OnMoreIO].n > 0
	first = has && !l.wb.hasDirtyIO
	l.wb.SetDirtyIO(has)
	return first
}

func (l *Lists) move(i *Inode, to ListID) (first bool) {
	l.unlink(i)
	l.pushHead(to, i)
	return l.populated()
}

// Remove takes an inode that is clean or goes off its list.
func (l *Lists) Remove(i *Inode) {
	l.unlink(i)
	i.State &^= SyncQueued
	l.populated()
}

// MarkDirty notes that something of an inode is dirty and puts it on the list where it belongs; one that is being written already stays where it is
// (__mark_inode_dirty). first reports that the flusher had nothing to write before: then it must be woken some time.
func (l *Lists) MarkDirty(i *Inode, flags State, now uint64) (first bool) {
	if flags&DirtyInode != 0 {
		i.State &^= DirtyTime
		flags &^= DirtyTime
	} else if flags&DirtyTime != 0 && i.State&DirtyInode != 0 {
		return false // the times go with the other attributes
	}
	if i.State&flags == flags {
		return false
	}
	was := i.State&Dirty != 0
	i.State |= flags
	if i.State&(SyncQueued|Freeing) != 0 || was {
		return false
	}
	i.DirtiedWhen = now
	to := OnDirty
	if i.State&Dirty == 0 {
		to = OnDirtyTime
		i.DirtiedTimeWhen = now
	}
	return l.move(i, to)
}

// QueueIO fills IO for a round: inodes of the round before that were not finished first, then those that became dirty at or before a jiffy, oldest
// first (queue_io). Inodes of which only the times are dirty come when those are older than timeBefore.
func (l *Lists) QueueIO(before, timeBefore uint64) {
	for i := l.LastMore(); i != nil; i = l.LastMore() {
		l.unlink(i)
		l.pushHead(OnIO, i)
	}
	l.moveExpired(OnDirty, before)
	l.moveExpired(OnDirtyTime, timeBefore)
	l.populated()
}

// moveExpired moves the inodes at the tail of a list that are old enough to IO (move_expired_inodes).
func (l *Lists) moveExpired(from ListID, before uint64) {
	for {
		i := l.lists[from].tail
		if i == nil || from == OnDirty && i.DirtiedWhen > before || from == OnDirtyTime && i.DirtiedTimeWhen > before {
			return
		}
		l.unlink(i)
		l.pushHead(OnIO, i)
		i.State |= SyncQueued
	}
}

// RequeueIO puts an inode off to the next round (requeue_io).
func (l *Lists) RequeueIO(i *Inode) { l.move(i, OnMoreIO) }

// RedirtyTail puts an inode back among the dirty ones, as if it had become dirty just now if others are younger (redirty_tail).
func (l *Lists) RedirtyTail(i *Inode, now uint64) {
	i.State &^= SyncQueued
	if i.State&Freeing != 0 {
		l.Remove(i)
		return
	}
	if newest := l.lists[OnDirty].head; newest != nil && i.DirtiedWhen < newest.DirtiedWhen {
		i.DirtiedWhen = now
	}
	l.move(i, OnDirty)
}

// Requeue puts an inode where it belongs after a turn of writing (requeue_inode). pages tells whether pages of it are still dirty, sliceUsed that all
// pages of the turn were written, integrity that the turn was to write everything that was dirty when it began.
func (l *Lists) Requeue(i *Inode, pages, sliceUsed, integrity bool, now uint64) {
	if i.State&Freeing != 0 {
		return
	}
	if i.State&Dirty != 0 && integrity {
		i.DirtiedWhen = now
	}
	switch {
	case pages && sliceUsed:
		l.RequeueIO(i)
	case pages, i.State&Dirty != 0:
		l.RedirtyTail(i, now)
	case i.State&DirtyTime != 0:
		i.DirtiedWhen = now
		i.State &^= SyncQueued
		l.move(i, OnDirtyTime)
	default:
		l.Remove(i)
	}
}
