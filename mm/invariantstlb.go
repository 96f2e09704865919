package mm

import (
	"fmt"

	"mmsim/mm/addrspace"
	"mmsim/mm/tlb"
)

// tlbs checks what the buffers hold against the page tables: whatever a CPU may use without looking is still mapped and may be accessed, but for
// what is about to be flushed.
func (c *checker) tlbs() error {
	t := c.k.tlb
	if t == nil {
		return nil
	}
	spaces := map[uint64]*addrspace.Space{}
	for _, p := range c.k.processes {
		if p.mm != nil && p.mm.Context.ID != 0 {
			spaces[p.mm.Context.ID] = p.mm
		}
	}
	for i := range t.cpus {
		if err := c.tlbOf(&t.cpus[i], spaces); err != nil {
			return fmt.Errorf("TLB of CPU %d: %w", i, err)
		}
	}
	if b := c.k.unmapped; b != nil && b.required {
		return fmt.Errorf("pages that reclaim has unmapped are not flushed")
	}
	return nil
}

func (c *checker) tlbOf(cpu *tlb.CPU, spaces map[uint64]*addrspace.Space) (err error) {
	if id, _ := cpu.Current(cpu.ASID); cpu.Loaded != &c.k.tlb.kernel && id != cpu.Loaded.ID {
		return fmt.Errorf("its identifier %d is that of address space %d, and %d is loaded", cpu.ASID, id, cpu.Loaded.ID)
	}
	cpu.Each(func(asid int, page uint64) bool {
		id, gen := cpu.Current(asid)
		s := spaces[id]
		if s == nil || gen != s.Context.Gen || page >= s.Context.Start && page < s.Context.End {
			return true
		}
		addr := page << addrspace.PageShift
		l, slot := s.Leaf(addr), addrspace.Slot(addr)
		if l == nil || !addrspace.Test(&l.Present, slot) || addrspace.Test(&l.ProtNone, slot) {
			err = fmt.Errorf("it has page %#x of address space %d, which is not mapped", addr, id)
		}
		return err == nil
	})
	return err
}
