package engine

// This file is the run queue of a CPU: a heap by (vruntime, order of arrival).

// enqueue puts p, whose weight is in the load already, into the run queue.
func (c *cpu) enqueue(p *Proc) {
	p.c, p.lastCPU = c, c.index
	p.state = StateRunnable
	c.seq++
	p.rqSeq = c.seq
	c.rq = append(c.rq, p)
	c.up(len(c.rq) - 1)
	c.sim.queued++
	c.sim.armTicks(c)
}

// dequeue takes p out of the run queue and leaves its weight in the load.
func (c *cpu) dequeue(p *Proc) {
	i, n := p.rqIndex, len(c.rq)-1
	moved := c.rq[n]
	c.rq[n] = nil
	c.rq = c.rq[:n]
	c.sim.queued--
	if i == n {
		return
	}
	c.put(i, moved)
	c.down(i)
	c.up(i)
}

func (p *Proc) before(o *Proc) bool {
	return p.vruntime < o.vruntime || p.vruntime == o.vruntime && p.rqSeq < o.rqSeq
}

// put makes p element i of the heap.
func (c *cpu) put(i int, p *Proc) {
	c.rq[i] = p
	p.rqIndex = i
}

func (c *cpu) up(i int) {
	p := c.rq[i]
	for i > 0 {
		parent := (i - 1) / 2
		if !p.before(c.rq[parent]) {
			break
		}
		c.put(i, c.rq[parent])
		i = parent
	}
	c.put(i, p)
}

func (c *cpu) down(i int) {
	p := c.rq[i]
	for {
		k := 2*i + 1
		if k >= len(c.rq) {
			break
		}
		if k+1 < len(c.rq) && c.rq[k+1].before(c.rq[k]) {
			k++
		}
		if !c.rq[k].before(p) {
			break
		}
		c.put(i, c.rq[k])
		i = k
	}
	c.put(i, p)
}
