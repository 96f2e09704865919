package engine

// Trace holds functions that are called when something happens; nil ones cost a comparison. They run in the middle of the engine's
// work: they may look and record, and must not block, wake or kill. Wakeup may schedule a callback; the others must not, since a process that goes to
// sleep has looked already at what is next.
type Trace struct {
	// Start is called when a process first runs, Exit when it has ended (killed: it was killed, or panicked).
	Start func(t Time, p *Proc)
	Exit  func(t Time, p *Proc, killed bool)

	// Switch is called when a CPU goes from prev to next, nil meaning idle (sched_switch).
	Switch func(t Time, cpu int, prev, next *Proc)

	// Wakeup is called when p becomes runnable on cpu (sched_wakeup, sched_wakeup_new).
	Wakeup func(t Time, p *Proc, cpu int)

	// Migrate is called when p moves between the run queues of two CPUs (sched_migrate_task).
	Migrate func(t Time, p *Proc, from, to int)

	// IOStart is called when a device takes a request up (block_rq_issue), IODone when it is complete (block_rq_complete).
	IOStart func(t Time, d *Device, bytes int64, write bool)
	IODone  func(t Time, d *Device, bytes int64, write bool)
}
