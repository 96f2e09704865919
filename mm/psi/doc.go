// Package psi keeps pressure stall information: for what share of time some task, or all that could run, wait for memory, for I/O or for a CPU
// (kernel/sched/psi.c of Linux 6.1, include/linux/psi_types.h). Times are nanoseconds of any clock that does not go back. It knows neither what a task
// is nor why it stalls: the scheduler reports enqueueing, switching and migration, memory management reports where stalls begin and end, and whoever
// owns the clock calls Work when Arm asked for it.
//
// Invariants:
//   - a CPU's counts are the numbers of tasks whose flags say so and whose CPU it is;
//   - a CPU's state since its last change follows from these counts and from the task that runs there alone;
//   - a full state implies the some state of the same resource;
//   - a state's total never falls, and the averages change only in steps of a period.
package psi
