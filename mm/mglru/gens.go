package mglru

import (
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// MaxGens and MinGens bound the number of generations of a kind (MAX_NR_GENS, MIN_NR_GENS).
const (
	MaxGens = 4
	MinGens = 2
)

// A Kind is what a page holds: anonymous and shared memory, or page cache (LRU_GEN_ANON, LRU_GEN_FILE).
type Kind uint8

// The kinds, in the order of the event families pgscan_anon and workingset_refault_anon.
const (
	Anon Kind = iota
	File
	NrKinds
)

// Other is the kind that k is not.
func (k Kind) Other() Kind { return k ^ 1 }

// KindOf tells on which kind's lists a page belongs (folio_is_file_lru).
func KindOf(p *phys.Page) Kind {
	if p.Test(phys.FlagSwapbacked) {
		return Anon
	}
	return File
}

// Sizes are the lengths of the four lists that /proc shows, in the order of nr_inactive_anon, and of the unevictable one. Their owner shares them.
type Sizes [5]int64

// Gens is the generations of one lruvec (struct lru_gen_folio). Pages enter a list at its head; eviction takes them from the tail.
type Gens struct {
	MaxSeq uint64          // the youngest generation
	MinSeq [NrKinds]uint64 // the oldest of each kind
	Birth  [MaxGens]int64  // when the generation in a slot began, in nanoseconds
	Tiers  [NrKinds]Tiers  // refaults of each kind
	Filter [2]Filter       // dense page tables that aging will look at: of generation seq in Filter[seq % 2]
	Walked uint64          // the generation whose page tables were walked last (mm_state.seq)
	lists  [MaxGens]kindLists
	nr     [MaxGens]kindCounts
	mem    *phys.Memory
	node   *phys.Node
	sizes  *Sizes
	col    *Column
}

type (
	kindLists  [NrKinds][phys.NrZoneTypes]phys.List
	kindCounts [NrKinds][phys.NrZoneTypes]int64
)

// New makes the generations of a lruvec of a node as the kernel boots them: four, all empty and born at the time now (lru_gen_init_lruvec).
func New(mem *phys.Memory, node *phys.Node, sizes *Sizes, col *Column, now int64) *Gens {
	g := &Gens{MaxSeq: MinGens + 1, Walked: MinGens, mem: mem, node: node, sizes: sizes, col: col}
	for i := range g.Birth {
		g.Birth[i] = now
	}
	return g
}

// Slot is where the generation seq lives.
func Slot(seq uint64) int { return int(seq % MaxGens) }

// NrGens is the number of generations of a kind.
func (g *Gens) NrGens(k Kind) int { return int(g.MaxSeq-g.MinSeq[k]) + 1 }

// Active tells whether the generation in a slot is one of the two youngest, whose pages count as active (lru_gen_is_active).
func (g *Gens) Active(slot int) bool { return slot == Slot(g.MaxSeq) || slot == Slot(g.MaxSeq-1) }

// Column is where the pages' generations are kept.
func (g *Gens) Column() *Column { return g.col }

// List is the list of a slot, kind and type of zone. Its tail is the oldest page.
func (g *Gens) List(slot int, k Kind, z phys.ZoneType) *phys.List { return &g.lists[slot][k][z] }

// Pages is the number of pages of a generation and kind in zones of a type.
func (g *Gens) Pages(slot int, k Kind, z phys.ZoneType) int64 { return g.nr[slot][k][z] }

// Sum is the number of pages of a generation and kind.
func (g *Gens) Sum(slot int, k Kind) (n int64) {
	for _, c := range g.nr[slot][k] {
		n += c
	}
	return n
}

// Holds tells whether a page is on one of the lists.
func Holds(p *phys.Page) bool { return p.Flags()&(phys.FlagLRU|phys.FlagUnevictable) == phys.FlagLRU }

// account counts pages that entered or left the active or the inactive list that /proc shows (__update_lru_size).
func (g *Gens) account(k Kind, active bool, z *phys.Zone, n int64) {
	l := int(k) * 2
	if active {
		l++
	}
	g.sizes[l] += n
	g.node.Stat[vmstat.NRInactiveAnon+vmstat.NodeItem(l)] += n
	z.Stat[vmstat.NRZoneInactiveAnon+vmstat.ZoneItem(l)] += n
}

// birthplace is the generation that a page enters: the youngest if it is active, which a page that was just faulted in is; the one before if it
// cannot be evicted soon, being anonymous without a slot or under writeback; the oldest if it should be evicted next or there is no choice;
// else the one behind the oldest (lru_gen_add_folio).
func (g *Gens) birthplace(p *phys.Page, k Kind, reclaiming bool) int {
	const writing = phys.FlagDirty | phys.FlagWriteback
	switch {
	case p.Test(phys.FlagActive):
		return Slot(g.MaxSeq)
	case k == Anon && !p.Test(phys.FlagSwapCache), p.Test(phys.FlagReclaim) && p.Test(writing):
		return Slot(g.MaxSeq - 1)
	case reclaiming || g.MinSeq[k]+MinGens >= g.MaxSeq:
		return Slot(g.MinSeq[k])
	}
	return Slot(g.MinSeq[k] + 1)
}

// Add puts a page on the list that its flags say, at the tail if it should be evicted next, and sets its LRU flag (lru_gen_add_folio).
func (g *Gens) Add(pfn phys.PFN, p *phys.Page, reclaiming bool) {
	k, zone := KindOf(p), g.mem.ZoneByID(p.ZoneID())
	slot := g.birthplace(p, k, reclaiming)
	g.setGen(pfn, slot)
	p.Clear(phys.FlagActive)
	p.Set(phys.FlagLRU)
	g.nr[slot][k][zone.Type]++
	g.account(k, g.Active(slot), zone, 1)
	if l := &g.lists[slot][k][zone.Type]; reclaiming {
		g.mem.PushTail(l, pfn)
	} else {
		g.mem.Push(l, pfn)
	}
}

// AddAll puts evictable pages on their lists, in order, as Add does for each. Runs of pages of one zone that belong on one list, which is what faults
// make, are counted together.
func (g *Gens) AddAll(pages []phys.PFN) {
	for i := 0; i < len(pages); {
		p := g.mem.Page(pages[i])
		k, id := KindOf(p), p.ZoneID()
		zone, slot := g.mem.ZoneByID(id), g.birthplace(p, k, false)
		l := &g.lists[slot][k][zone.Type]
		first := i
		for {
			g.setGen(pages[i], slot)
			p.Clear(phys.FlagActive)
			p.Set(phys.FlagLRU)
			g.mem.Push(l, pages[i])
			if i++; i == len(pages) {
				break
			}
			if p = g.mem.Page(pages[i]); KindOf(p) != k || p.ZoneID() != id || g.birthplace(p, k, false) != slot {
				break
			}
		}
		g.nr[slot][k][zone.Type] += int64(i - first)
		g.account(k, g.Active(slot), zone, int64(i-first))
	}
}

// Del takes a page off its list and clears its LRU flag. Unless it is taken to be evicted, a page of the two youngest generations is active then
// (lru_gen_del_folio).
func (g *Gens) Del(pfn phys.PFN, p *phys.Page, reclaiming bool) {
	k, zone := KindOf(p), g.mem.ZoneByID(p.ZoneID())
	slot := g.col.Gen(pfn)
	active := g.Active(slot)
	g.nr[slot][k][zone.Type]--
	g.account(k, active, zone, -1)
	g.unlink(pfn, p, k, zone.Type)
	p.Clear(phys.FlagLRU)
	if active && !reclaiming {
		p.Set(phys.FlagActive)
	}
}

// unlink takes a page off the list that it is on, which need not be that of its slot: only one that begins or ends with it can be.
func (g *Gens) unlink(pfn phys.PFN, p *phys.Page, k Kind, z phys.ZoneType) {
	next, prev := p.Next, p.Prev
	if next != 0 && prev != 0 {
		g.mem.Page(prev).Next, g.mem.Page(next).Prev = next, prev
	} else {
		for slot := range g.lists {
			if l := &g.lists[slot][k][z]; l.Head == pfn || l.Tail == pfn {
				g.mem.Remove(l, pfn)
				break
			}
		}
	}
	p.Next, p.Prev = 0, 0
}

func (g *Gens) setGen(pfn phys.PFN, slot int) {
	b := g.col.at(pfn)
	*b = *b&^genMask | uint8(slot)
}
