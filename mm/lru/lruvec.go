package lru

import (
	"mmsim/mm/mglru"
	"mmsim/mm/phys"
	"mmsim/mm/vmstat"
)

// A List names one of a Lruvec's lists (enum lru_list).
type List uint8

// The lists, in the order of the counters nr_inactive_anon to nr_unevictable.
const (
	InactiveAnon List = iota
	ActiveAnon
	InactiveFile
	ActiveFile
	Unevictable
	NrLists
)

// Active is added to an inactive list to name its active one, File to an anonymous list to name the file one.
const (
	Active List = 1
	File   List = 2
)

// IsActive tells whether the list is one of the two active ones, IsFile whether it is one of the two of file pages.
func (l List) IsActive() bool { return l == ActiveAnon || l == ActiveFile }

// IsFile tells whether the list holds pages that are not swap-backed.
func (l List) IsFile() bool { return l == InactiveFile || l == ActiveFile }

// listFlags are the flags that tell on which list a page belongs.
const listFlags = phys.FlagUnevictable | phys.FlagSwapbacked | phys.FlagActive

// Of is the list on which a page belongs by its flags (folio_lru_list).
func Of(p *phys.Page) List {
	if p.Test(phys.FlagUnevictable) {
		return Unevictable
	}
	l := InactiveAnon
	if !p.Test(phys.FlagSwapbacked) {
		l += File
	}
	if p.Test(phys.FlagActive) {
		l += Active
	}
	return l
}

// A Lruvec is one set of lists (struct lruvec). New pages enter at the head; reclaim takes from the tail.
type Lruvec struct {
	mem   *phys.Memory
	node  *phys.Node
	lists [NrLists]phys.List
	len   mglru.Sizes

	Gens *mglru.Gens // the multi-generational lists, which hold the evictable pages instead; nil: classic

	AnonCost, FileCost uint64    // pages of I/O that reclaiming each kind has cost lately (lru_note_cost)
	NonresidentAge     uint64    // the clock of the workingset code: evictions and activations
	Refaults           [2]uint64 // workingset_activate counters of anon and file when reclaim ended last
}

// New makes the lists of a node.
func New(mem *phys.Memory, node *phys.Node) *Lruvec { return &Lruvec{mem: mem, node: node} }

// Node is the node whose pages are on the lists.
func (v *Lruvec) Node() *phys.Node { return v.node }

// Len is the length of a list in pages; with generations, the number of pages that count as on it.
func (v *Lruvec) Len(l List) int64 { return v.len[l] }

// Tail is the page that reclaim looks at next, 0 if the list is empty, as it is with generations. Its Prev is the one after that.
func (v *Lruvec) Tail(l List) phys.PFN { return v.lists[l].Tail }

// Head is the page that was added last, 0 if the list is empty.
func (v *Lruvec) Head(l List) phys.PFN { return v.lists[l].Head }

func (v *Lruvec) count(p *phys.Page, l List, n int64) {
	v.len[l] += n
	v.node.Stat[vmstat.NRInactiveAnon+vmstat.NodeItem(l)] += n
	v.mem.ZoneByID(p.ZoneID()).Stat[vmstat.NRZoneInactiveAnon+vmstat.ZoneItem(l)] += n
}

// Add puts a page at the head of the list that its flags say and sets its LRU flag (lruvec_add_folio). Unevictable pages are only counted:
// their links are free for other use until Del.
func (v *Lruvec) Add(pfn phys.PFN) {
	p := v.mem.Page(pfn)
	l := Of(p)
	if v.Gens != nil && l != Unevictable {
		v.Gens.Add(pfn, p, false)
		return
	}
	p.Set(phys.FlagLRU)
	v.count(p, l, 1)
	if l == Unevictable {
		p.Next, p.Prev = 0, 0
		return
	}
	v.mem.Push(&v.lists[l], pfn)
}

// AddAll puts pages of this node at the heads of their lists, in order, as Add does for each. Runs of pages of one zone that belong on
// one list, which is what faults make, are counted together.
func (v *Lruvec) AddAll(pages []phys.PFN) {
	if v.Gens != nil {
		v.addAllGens(pages)
		return
	}
	rows := v.mem.Rows()
	for i := 0; i < len(pages); {
		p := rows.Page(pages[i])
		l, zone, state := Of(p), p.ZoneID(), p.State(listFlags)
		if l == Unevictable {
			v.Add(pages[i])
			i++
			continue
		}
		q := &v.lists[l]
		head, first := q.Head, i
		if head != 0 {
			v.mem.Page(head).Prev = pages[i]
		} else {
			q.Tail = pages[i]
		}
		for {
			p.Set(phys.FlagLRU)
			p.Next = head
			head = pages[i]
			if i++; i == len(pages) {
				break
			}
			p.Prev = pages[i]
			next := rows.Page(pages[i])
			if next.State(listFlags) != state {
				break
			}
			p = next
		}
		p.Prev = 0
		q.Head = head
		n := int64(i - first)
		v.len[l] += n
		v.node.Stat[vmstat.NRInactiveAnon+vmstat.NodeItem(l)] += n
		v.mem.ZoneByID(zone).Stat[vmstat.NRZoneInactiveAnon+vmstat.ZoneItem(l)] += n
	}
}

// AddTail puts a page at the tail, where reclaim takes it next (lruvec_add_folio_tail).
func (v *Lruvec) AddTail(pfn phys.PFN) {
	p := v.mem.Page(pfn)
	l := Of(p)
	if l == Unevictable {
		v.Add(pfn)
		return
	}
	if v.Gens != nil {
		v.Gens.Add(pfn, p, true)
		return
	}
	p.Set(phys.FlagLRU)
	v.count(p, l, 1)
	v.mem.PushTail(&v.lists[l], pfn)
}

// Del takes a page off the list that its flags say and clears its LRU flag (lruvec_del_folio). Flags that choose the list must be
// changed after this, not before.
func (v *Lruvec) Del(pfn phys.PFN) {
	p := v.mem.Page(pfn)
	if v.Gens != nil && !p.Test(phys.FlagUnevictable) {
		v.Gens.Del(pfn, p, false)
		return
	}
	l := Of(p)
	p.Clear(phys.FlagLRU)
	v.count(p, l, -1)
	if l == Unevictable {
		p.Prev = 0
		return
	}
	v.mem.Remove(&v.lists[l], pfn)
	p.Next, p.Prev = 0, 0
}
