package mm

import (
	"fmt"
	"strings"

	"mmsim/engine"
	"mmsim/mm/mglru"
)

// lruGenDir is where the settings of the multi-generational LRU are.
const lruGenDir = "/sys/kernel/mm/lru_gen/"

// lruGenPaths are the files that lruGenFile knows.
var lruGenPaths = []string{lruGenDir + "enabled", lruGenDir + "min_ttl_ms", "/sys/kernel/debug/lru_gen"}

// lruGenFile is the text of one of the files of the multi-generational LRU. False: it is none of them.
func (k *Kernel) lruGenFile(path string) (string, bool) {
	switch path {
	case lruGenPaths[0]:
		if k.lruGen == nil {
			return "0x0000\n", true
		}
		return "0x0007\n", true // generations, walks of page tables, accessed bits of the tables above
	case lruGenPaths[1]:
		ttl := engine.Time(0)
		if k.lruGen != nil {
			ttl = k.lruGen.minTTL
		}
		return fmt.Sprintf("%d\n", ttl/engine.Millisecond), true
	case lruGenPaths[2]:
		return k.lruGenSeq(), true
	}
	return "", false
}

// lruGenSeq shows the generations of each node, the oldest first: number, age in milliseconds, anonymous and file pages (lru_gen_seq_show).
func (k *Kernel) lruGenSeq() string {
	var b strings.Builder
	b.WriteString("memcg     1 /\n")
	now := int64(k.Sim.Now() / jiffy)
	for _, v := range k.lruvecs {
		fmt.Fprintf(&b, " node %5d\n", v.Node().ID)
		g := v.Gens
		if g == nil { // four generations from the boot on, and nothing in them
			g = mglru.New(k.Mem, v.Node(), nil, nil, 0)
		}
		for seq := g.MinSeq[mglru.Anon]; seq <= g.MaxSeq; seq++ {
			slot := mglru.Slot(seq)
			age := (now - g.Birth[slot]/int64(jiffy)) * int64(jiffy/engine.Millisecond)
			fmt.Fprintf(&b, " %10d %10d %10d  %10d \n", seq, age, g.Sum(slot, mglru.Anon), g.Sum(slot, mglru.File))
		}
	}
	return b.String()
}
