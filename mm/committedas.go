package mm

// A commitBehind is what of the charged pages the CPUs keep to themselves: every CPU counts apart and adds its part to the common count when that is large
// (percpu_counter). Committed_AS shows the sum of all; the commit limit is compared with the common count alone, so under vm.overcommit_memory = 2 a little
// more than the limit can be had. In the other modes nobody compares, and to change to that one empties the parts of all CPUs.
type commitBehind struct {
	parts []int64 // by CPU; nil in the other modes
	sum   int64   // of them
	batch int64   // as many go to the common count (vm_committed_as_batch)
}

// add notes that a CPU has charged pages (percpu_counter_add_batch).
func (c *commitBehind) add(cpu int, pages int64) {
	if c.parts == nil {
		return
	}
	part := c.parts[cpu] + pages
	if part >= c.batch || part <= -c.batch {
		part = 0
	}
	c.sum += part - c.parts[cpu]
	c.parts[cpu] = part
}

// setOvercommitMemory notes a change of vm.overcommit_memory, which decides how much a CPU may keep (overcommit_policy_handler, mm_compute_batch).
func (k *Kernel) setOvercommitMemory(mode uint64) {
	k.commitBehind = commitBehind{}
	if mode == overcommitNever {
		cpus := int64(len(k.nodeOfCPU))
		k.commitBehind.parts = make([]int64, cpus)
		k.commitBehind.batch = max(k.totalRAM()/cpus/256, 2*cpus, 32)
	}
}

// acct charges pages, or with a negative number gives them back (vm_acct_memory, vm_unacct_memory).
func (k *Kernel) acct(cpu int, pages int64) {
	k.committed += pages
	k.commitBehind.add(cpu, pages)
}
