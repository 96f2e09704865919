package mm

import (
	"mmsim/engine"
	"mmsim/mm/addrspace"
)

// touchDrawn makes up to m accesses to units that are drawn, and returns how many: all of them, but where the access that ends a run of mapped
// pages needs the kernel. Accesses to mapped pages up to the moment at which anything else may happen are paid for together: until then nobody
// can look.
func (p *Process) touchDrawn(a TouchArgs, m int64, next func() uint64) int64 {
	each := p.k.cost.TouchMapped
	if each <= 0 {
		p.touchOne(a.Addr+next()*a.Stride, a.Write)
		return 1
	}
	room := int64(p.until(uint64(m), each))
	done := int64(0)
	buffered, saved := p.k.tlb != nil, engine.Time(0)
	for done < room {
		addr := a.Addr + next()*a.Stride
		if l := p.mm.LeafAnywhere(addr); l != nil && l.Touch(addrspace.Slot(addr), a.Write) {
			done++
			if buffered {
				saved += p.translate(addr, 1)
			}
			continue
		}
		if done > 0 {
			p.spend(engine.Time(done)*each - saved)
			if p.pending != "" {
				p.checkSignals()
			}
		}
		p.touchOne(addr, a.Write)
		return done + 1
	}
	p.spend(engine.Time(done)*each - saved)
	if p.pending != "" {
		p.checkSignals()
	}
	return done
}
