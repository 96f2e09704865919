// Package engine is time: a virtual clock, one queue of events, processes that are coroutines, CPUs that they compete for, devices
// that they wait for, and the random streams that they draw from. It knows nothing of memory.
//
// Invariants:
//   - The clock is an integer number of nanoseconds and never goes back. Events run in the order of (time, sequence number), and the
//     sequence number is that of scheduling, so two runs of the same program with the same seed do everything in the same order.
//   - At most one process runs at any moment (Sim.Current), and while it runs no time passes except by its own Spend and Sleep.
//     A callback runs with no process current and may not block.
//   - The queue is a heap, and a front of a few entries that come before all in the heap. Its top is always live: a cancelled event may stay
//     inside the heap, never at the heap's top or in the front. The end of the run is itself an entry that sorts after everything else at its
//     time, so the heap is never empty and the top of the queue is the horizon.
//   - Run-ahead: when nothing at all is due at or before now+d, Spend and Sleep move the clock and return. It changes no order, since
//     there is nothing to be ordered with.
//   - With CPUs, a process runs only while it is the current entity of one. It is in exactly one of the states of type State; a
//     runnable one is in exactly one run queue, a waiting one on exactly one Cond or Device, and a CPU is idle only while its run
//     queue is empty. A switch to another process takes time of the CPU (Options.SwitchCost), to wake an idle CPU from another takes time
//     that is nobody's (Options.WakeLatency).
//   - The coroutines form a chain: Run resumes a process, and a process that blocks runs the event loop on its own stack and resumes
//     the next one itself. A process lower in the chain is resumed by yielding down to it. So a switch between two processes costs one
//     coroutine switch and no central loop, and a process whose own wake-up is next costs none.
//   - A process ends by returning, by a panic (which fails the run, with the process's name) or by being killed: then a private value
//     is thrown from the blocking call, deferred functions run, and the value is caught where the process began. After Run returns
//     every process has ended and no goroutine is left.
package engine
