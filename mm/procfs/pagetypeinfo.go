package procfs

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// PagetypeinfoLimit is the largest number of free blocks that /proc/pagetypeinfo tells: the kernel stops counting there, so as
// not to hold the zone's lock for long, and prints ">100000".
const PagetypeinfoLimit = 100000

// Pagetypeinfo is /proc/pagetypeinfo (mm/vmstat.c, pagetypeinfo_show()): for every node with memory the free blocks by order and
// migratetype, and the pageblocks by migratetype.
type Pagetypeinfo struct {
	Nodes []PagetypeinfoNode
}

// PagetypeinfoNode is what the file says of one node.
type PagetypeinfoNode struct {
	PageBlockOrder uint64 // pageblock_order
	PagesPerBlock  uint64 // pages in a pageblock
	Orders         int    // number of orders: MAX_ORDER, 11
	Free           []PagetypeinfoFree
	Types          []string // the migratetypes, in order: Unmovable Movable Reclaimable HighAtomic [CMA] Isolate
	Blocks         []PagetypeinfoBlocks
	Mixed          []PagetypeinfoBlocks // pageblocks with pages of several types; only with page_owner=on
}

// PagetypeinfoFree is the free blocks of one migratetype in one zone.
type PagetypeinfoFree struct {
	Node int
	Zone string
	Type string
	// Count is the number of free blocks of each order. A read PagetypeinfoLimit means at least that many; any count from there on
	// is written as ">100000".
	Count []uint64
}

// PagetypeinfoBlocks is the number of a zone's pageblocks of each migratetype.
type PagetypeinfoBlocks struct {
	Node  int
	Zone  string
	Count []uint64 // in the order of the node's Types
}

const (
	pagetypeFreeTitle   = "Free pages count per migrate type at order"
	pagetypeBlocksTitle = "Number of blocks type"
	pagetypeMixedTitle  = "Number of mixed blocks"
)

// Append appends the file's text to b.
func (f *Pagetypeinfo) Append(b []byte) []byte {
	for i := range f.Nodes {
		b = f.Nodes[i].append(b)
	}
	return b
}

func (n *PagetypeinfoNode) append(b []byte) []byte {
	b = append(b, "Page block order: "...)
	b = strconv.AppendUint(b, n.PageBlockOrder, 10)
	b = append(b, "\nPages per block:  "...)
	b = strconv.AppendUint(b, n.PagesPerBlock, 10)
	b = append(b, "\n\n"...)
	b = append(appendLeft(b, 43, pagetypeFreeTitle), ' ')
	for order := range n.Orders {
		b = append(appendRight(b, 6, uint64(order)), ' ')
	}
	b = append(b, '\n')
	for i := range n.Free {
		f := &n.Free[i]
		b = append(b, "Node "...)
		b = append(appendRight(b, 4, uint64(f.Node)), ", zone "...)
		b = append(appendRightString(b, 8, f.Zone), ", type "...)
		b = append(appendRightString(b, 12, f.Type), ' ')
		for _, c := range f.Count {
			if c >= PagetypeinfoLimit {
				b, c = append(b, '>'), PagetypeinfoLimit
			}
			b = append(appendRight(b, 6, c), ' ')
		}
		b = append(b, '\n')
	}
	b = n.appendBlocks(b, pagetypeBlocksTitle, n.Blocks)
	if n.Mixed != nil {
		b = n.appendBlocks(b, pagetypeMixedTitle, n.Mixed)
	}
	return b
}

// appendBlocks appends a table of pageblocks, with the blank line before it.
func (n *PagetypeinfoNode) appendBlocks(b []byte, title string, rows []PagetypeinfoBlocks) []byte {
	b = append(b, '\n')
	b = appendLeft(b, 23, title)
	for _, t := range n.Types {
		b = append(appendRightString(b, 12, t), ' ')
	}
	b = append(b, '\n')
	for i := range rows {
		r := &rows[i]
		b = append(b, "Node "...)
		b = strconv.AppendInt(b, int64(r.Node), 10)
		b = append(b, ", zone "...)
		b = append(appendRightString(b, 8, r.Zone), ' ')
		for _, c := range r.Count {
			b = append(appendRight(b, 12, c), ' ')
		}
		b = append(b, '\n')
	}
	return b
}

// ParsePagetypeinfo reads /proc/pagetypeinfo. Each node's free blocks are listed zone by zone, with the types of the node's table
// of pageblocks in its order.
func ParsePagetypeinfo(data []byte) (*Pagetypeinfo, error) {
	return parsePagetypeinfo(newScanner("pagetypeinfo", data))
}

func parsePagetypeinfo(s *scanner) (*Pagetypeinfo, error) {
	f := &Pagetypeinfo{}
	for s.next() {
		f.Nodes = append(f.Nodes, PagetypeinfoNode{})
		s.pagetypeNode(&f.Nodes[len(f.Nodes)-1])
	}
	if s.err == nil && len(f.Nodes) == 0 {
		s.err = &ParseError{File: s.file, Want: "at least one node"}
	}
	return orNil(f, s.err)
}

// value reads a line "LABEL: N".
func (s *scanner) value(label string) uint64 {
	text, ok := bytes.CutPrefix(s.line, []byte(label))
	if !ok {
		s.fail(s.line, "%q and a number", label)
		return 0
	}
	return s.uint(bytes.TrimLeft(text, " "))
}

func (s *scanner) pagetypeNode(n *PagetypeinfoNode) {
	n.PageBlockOrder = s.value("Page block order: ")
	if n.PageBlockOrder >= maxOrders {
		s.fail(s.line, "an order below %d", maxOrders)
	}
	if s.want("Pages per block") {
		n.PagesPerBlock = s.value("Pages per block: ")
		if s.err == nil && n.PagesPerBlock != 1<<n.PageBlockOrder {
			s.fail(s.line, "%d, the pages of a block of order %d", 1<<n.PageBlockOrder, n.PageBlockOrder)
		}
	}
	if !s.literal("") || !s.want(pagetypeFreeTitle) {
		return
	}
	title, ok := bytes.CutPrefix(s.line, []byte(pagetypeFreeTitle))
	if !ok {
		s.fail(s.line, "%q", pagetypeFreeTitle)
		return
	}
	for i, order := range s.orders(title) {
		if order != uint64(i) {
			s.fail(s.line, "the orders from 0 on")
		}
		n.Orders++
	}
	for s.want("a blank line") && len(s.line) > 0 {
		n.Free = append(n.Free, s.pagetypeFree(n.Orders))
	}
	if !s.want(pagetypeBlocksTitle) {
		return
	}
	n.Types = s.pagetypeTypes(pagetypeBlocksTitle)
	s.checkTypes(n)
	n.Blocks = s.pagetypeBlocks(len(n.Types))
	if !s.next() {
		return
	}
	if len(s.line) > 0 {
		s.unread()
		return
	}
	if !s.want(pagetypeMixedTitle) {
		return
	}
	if types := s.pagetypeTypes(pagetypeMixedTitle); !slices.Equal(types, n.Types) {
		s.fail(s.line, "the types %s", strings.Join(n.Types, ", "))
	}
	if n.Mixed = s.pagetypeBlocks(len(n.Types)); n.Mixed == nil {
		n.Mixed = []PagetypeinfoBlocks{}
	}
}

// pagetypeFree reads a row of free blocks.
func (s *scanner) pagetypeFree(orders int) PagetypeinfoFree {
	var f PagetypeinfoFree
	var after []byte
	f.Node, f.Zone, after = s.nodeZone(s.line)
	typ, ok := bytes.CutPrefix(after, []byte(", type "))
	counts := words(typ)
	if !ok || len(counts) != orders+1 {
		s.fail(s.line, "a type and %d numbers of free blocks", orders)
		return f
	}
	f.Type = string(counts[0])
	for _, c := range counts[1:] {
		if text, ok := bytes.CutPrefix(c, []byte{'>'}); ok {
			if v := s.uint(text); v != PagetypeinfoLimit {
				s.fail(c, ">%d", PagetypeinfoLimit)
			}
			f.Count = append(f.Count, PagetypeinfoLimit)
			continue
		}
		f.Count = append(f.Count, s.uintMax(c, PagetypeinfoLimit-1))
	}
	return f
}

// pagetypeTypes reads the title of a table of pageblocks.
func (s *scanner) pagetypeTypes(title string) []string {
	text, ok := bytes.CutPrefix(s.line, []byte(title))
	var types []string
	for _, t := range words(text) {
		types = append(types, string(t))
	}
	if !ok || len(types) == 0 {
		s.fail(s.line, "%q and the types", title)
	}
	return types
}

// checkTypes checks that the rows of free blocks name the types in order.
func (s *scanner) checkTypes(n *PagetypeinfoNode) {
	if s.err == nil && len(n.Free)%len(n.Types) != 0 {
		s.fail(s.line, "free blocks of %d types in every zone, not %d rows of them", len(n.Types), len(n.Free))
	}
	for i := range n.Free {
		if s.err != nil {
			return
		}
		if want := n.Types[i%len(n.Types)]; n.Free[i].Type != want {
			s.fail(s.line, "the types in the order of the free blocks, whose row %d is %s", i+1, n.Free[i].Type)
		}
		if first := &n.Free[i-i%len(n.Types)]; n.Free[i].Zone != first.Zone || n.Free[i].Node != first.Node {
			s.fail(s.line, "free blocks of %d types in every zone, but zone %s has other rows", len(n.Types), first.Zone)
		}
	}
}

// pagetypeBlocks reads the rows of a table of pageblocks.
func (s *scanner) pagetypeBlocks(types int) []PagetypeinfoBlocks {
	var rows []PagetypeinfoBlocks
	for s.next() {
		if !bytes.HasPrefix(s.line, []byte("Node ")) {
			s.unread()
			break
		}
		var r PagetypeinfoBlocks
		var after []byte
		r.Node, r.Zone, after = s.nodeZone(s.line)
		counts := words(after)
		if len(counts) != types {
			s.fail(s.line, "a number of pageblocks for each of %d types", types)
		}
		for _, c := range counts {
			r.Count = append(r.Count, s.uint(c))
		}
		rows = append(rows, r)
	}
	return rows
}
