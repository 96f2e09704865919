package procfs

import (
	"bytes"

	"mmsim/mm/vmstat"
)

// zoneinfoParser reads the blocks of all zones, which have to agree.
type zoneinfoParser struct {
	*scanner
	pages, node, zone, pageset, tail blocks
	threshold                        int // 1: there are threshold lines, -1: there are none, 0: not known yet
}

// ParseZoneinfo reads /proc/zoneinfo. Kernels differ in the counters and lines that each block has: unknown ones are kept, but
// every zone has to have the same in the same order, as a kernel prints them. The file has at least one zone.
func ParseZoneinfo(data []byte) (*Zoneinfo, error) {
	return parseZoneinfo(newScanner("zoneinfo", data))
}

func parseZoneinfo(s *scanner) (*Zoneinfo, error) {
	p := zoneinfoParser{
		scanner: s,
		pages:   blocks{what: "line", index: zonePageIndex, known: []*Layout{zonePageLayout}},
		node:    blocks{what: "node counter", index: zoneNodeIndex, known: zoneNodeLayouts[:]},
		zone:    blocks{what: "zone counter", index: zoneStatIndex, known: zoneStatLayouts[:]},
		pageset: blocks{what: "line", index: zonePagesetIndex, known: []*Layout{zonePagesetLayout}},
		tail:    blocks{what: "line", index: zoneTailIndex, known: []*Layout{zoneTailLayout}},
	}
	z := &Zoneinfo{}
	for p.next() {
		z.Zones = append(z.Zones, ZoneinfoZone{})
		p.parseZone(&z.Zones[len(z.Zones)-1])
	}
	if s.err == nil && len(z.Zones) == 0 {
		s.err = &ParseError{File: s.file, Want: "at least one zone"}
	}
	z.PageLines, z.NodeItems, z.ZoneItems = p.pages.layout, p.node.layout, p.zone.layout
	z.PagesetLines, z.TailLines = p.pageset.layout, p.tail.layout
	z.NoThreshold = p.threshold < 0
	return orNil(z, s.err)
}

// nodeZone reads "Node N, zone NAME", as several files begin their lines, and returns what follows the name.
func (s *scanner) nodeZone(line []byte) (node int, zone string, after []byte) {
	const want = `"Node N, zone NAME"`
	text, ok := bytes.CutPrefix(line, []byte("Node "))
	number, text, ok2 := bytes.Cut(text, []byte(", zone "))
	if !ok || !ok2 {
		s.fail(line, want)
		return 0, "", nil
	}
	node = s.number(bytes.TrimLeft(number, " "))
	text = bytes.TrimLeft(text, " ")
	n := bytes.IndexAny(text, " ,")
	if n < 0 {
		n = len(text)
	}
	if n == 0 {
		s.fail(line, want)
	}
	return node, string(text[:n]), text[n:]
}

// pair splits a line into a name and its value, two words.
func (p *zoneinfoParser) pair(line []byte, want string) (name, value []byte) {
	f := words(line)
	if len(f) != 2 {
		p.fail(line, "%s", want)
		return nil, nil
	}
	return f[0], f[1]
}

func (p *zoneinfoParser) parseZone(zone *ZoneinfoZone) {
	var after []byte
	if zone.Node, zone.Zone, after = p.nodeZone(p.line); len(after) > 0 {
		p.fail(after, "the end of the line")
	}
	const pages = "  pages "
	if !p.want(`"  pages"`) {
		return
	}
	if string(p.line) == "  per-node stats" {
		zone.NodeStats = p.parseNode(pages)
	}
	p.parsePages(zone, pages)
	if p.err != nil || !zone.Populated() {
		return
	}
	p.zone.begin()
	for p.want(`"  pagesets"`) && string(p.line) != "  pagesets" {
		name, value := p.pair(p.line, `a counter and its value, or "  pagesets"`)
		switch id := p.zone.name(p.scanner, name); {
		case p.err != nil:
			return
		case id < 0:
			zone.StatRest = append(zone.StatRest, p.uint(value))
		case id < int(vmstat.NrZoneItems):
			zone.Stat[id] = p.count(value)
		default:
			zone.Numa[id-int(vmstat.NrZoneItems)] = p.uint(value)
		}
	}
	p.zone.finish(p.scanner)
	for p.next() {
		if !bytes.HasPrefix(p.line, []byte("    cpu: ")) {
			p.unread()
			break
		}
		zone.Pagesets = append(zone.Pagesets, ZoneinfoPageset{CPU: p.number(p.line[len("    cpu: "):])})
		p.parsePageset(&zone.Pagesets[len(zone.Pagesets)-1])
	}
	p.parseTail(zone)
}

// parseNode reads the per-node stats up to the first of the page lines, which stays the current line.
func (p *zoneinfoParser) parseNode(end string) *ZoneinfoNode {
	n := &ZoneinfoNode{}
	p.node.begin()
	for p.want(`"  pages"`) && !bytes.HasPrefix(p.line, []byte(end)) {
		name, value := p.pair(p.line, `a counter and its value, or "  pages"`)
		switch id := p.node.name(p.scanner, name); {
		case p.err != nil:
			return nil
		case id < 0:
			n.Rest = append(n.Rest, p.uint(value))
		default:
			n.Stat[id] = p.count(value)
		}
	}
	p.node.finish(p.scanner)
	return n
}

// parsePages reads the lines from "pages" to "protection".
func (p *zoneinfoParser) parsePages(zone *ZoneinfoZone, start string) {
	line, ok := bytes.CutPrefix(p.line, []byte(start))
	if !ok {
		p.fail(p.line, `"  pages free N" or "  per-node stats"`)
		return
	}
	p.pages.begin()
	for {
		name, value := p.pair(line, "a name and a number of pages, or protection")
		if p.err != nil {
			return
		}
		if id := p.pages.name(p.scanner, name); id < 0 {
			zone.PageRest = append(zone.PageRest, p.uint(value))
		} else {
			*zone.page(id) = p.uint(value)
		}
		if !p.want("protection") {
			return
		}
		line = p.line
		if list, ok := bytes.CutPrefix(line, []byte("        protection: (")); ok {
			p.pages.finish(p.scanner)
			for _, name := range zonePageNames {
				if name != "boost" && name != "cma" && p.err == nil && !p.pages.layout.Has(name) {
					p.fail(p.line, "a line %q before it", name)
				}
			}
			zone.Protection = p.protection(list)
			return
		}
	}
}

func (p *zoneinfoParser) protection(text []byte) []uint64 {
	list, ok := bytes.CutSuffix(text, []byte{')'})
	if !ok {
		p.fail(p.line, "a parenthesis at the end")
		return nil
	}
	var values []uint64
	for v := range bytes.SplitSeq(list, []byte(", ")) {
		values = append(values, p.uint(v))
	}
	return values
}

func (p *zoneinfoParser) parsePageset(set *ZoneinfoPageset) {
	const threshold, indent = "  vm stats threshold: ", "              "
	p.pageset.begin()
	for p.next() {
		if text, ok := bytes.CutPrefix(p.line, []byte(threshold)); ok {
			p.pageset.finish(p.scanner)
			set.Threshold = p.uint(text)
			p.smp(1)
			return
		}
		if !bytes.HasPrefix(p.line, []byte(indent)) {
			p.pageset.finish(p.scanner)
			p.smp(-1)
			p.unread()
			return
		}
		name, value := p.pair(p.line, "a name and a value")
		if name, ok := bytes.CutSuffix(name, []byte{':'}); !ok {
			p.fail(p.line, "a name, a colon and a value")
		} else if id := p.pageset.name(p.scanner, name); id < 0 {
			set.Rest = append(set.Rest, p.uint(value))
		} else {
			*set.field(id) = p.uint(value)
		}
	}
	p.want(`"  vm stats threshold:"`)
}

// smp notes that a CPU's block has a threshold line (1) or has none (-1).
func (p *zoneinfoParser) smp(sign int) {
	if p.threshold == -sign && p.err == nil {
		p.fail(p.line, "a vm stats threshold for every CPU or for none")
	}
	p.threshold = sign
}

// parseTail reads the lines after the per-CPU lists.
func (p *zoneinfoParser) parseTail(zone *ZoneinfoZone) {
	p.tail.begin()
	for p.next() {
		if bytes.HasPrefix(p.line, []byte("Node ")) {
			p.unread()
			break
		}
		name, value := p.pair(p.line, "a name and a value, or the next zone")
		if name, ok := bytes.CutSuffix(name, []byte{':'}); !ok || !bytes.HasPrefix(p.line, []byte("  ")) {
			p.fail(p.line, "a name, a colon and a value, or the next zone")
		} else if id := p.tail.name(p.scanner, name); id < 0 {
			zone.TailRest = append(zone.TailRest, p.uint(value))
		} else {
			*zone.tail(id) = p.uint(value)
		}
	}
	if p.err == nil {
		p.tail.finish(p.scanner)
		for _, name := range zoneTailNames {
			if p.err == nil && !p.tail.layout.Has(name) {
				p.fail(p.line, "a line %q in zone %s of node %d", name, zone.Zone, zone.Node)
			}
		}
	}
}
